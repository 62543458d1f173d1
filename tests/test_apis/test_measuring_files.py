"""Files of any kind in a folder that is measured."""

import os

import cv2
import numpy as np
import pytest
from measuring_toys import (
    NAMES,
    POINTS,
    SpotModel,
    boxes,
    measured,
    photograph,
    spot_calibration,
)

from mmpose_ctd.apis.measuring.columns import Columns
from mmpose_ctd.apis.measuring.face_rows import FaceRows
from mmpose_ctd.apis.measuring.measuring_run import FolderMeasurer
from mmpose_ctd.apis.measuring.photograph_folder import list_photographs
from mmpose_ctd.apis.measuring.row_file import RowFile
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.evaluation.functional.measurement_catalogue import (
    standard_measurements,
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    return folder


def test_broken_files_have_a_row_with_the_reason(folder, tmp_path):
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    whole = (folder / 'a.png').read_bytes()
    (folder / 'cut.png').write_bytes(whole[: len(whole) // 2])
    (folder / 'empty.jpg').touch()
    (folder / 'text.jpg').write_text('no image')
    (folder / 'tiny.png').write_bytes(
        cv2.imencode('.png', np.zeros((1, 1, 3), np.uint8))[1].tobytes()
    )
    (folder / 'phone.heic').write_bytes(b'\0\0\0\x18ftypheic' + b'\0' * 40)
    os.symlink(folder / 'gone.png', folder / 'link.png')
    rows = measured(folder, tmp_path / 'm.csv', start='image')
    status = {name: row['status'] for name, row in rows.items()}
    assert status == {
        'a.png': 'measured',
        'cut.png': 'unreadable',
        'empty.jpg': 'unreadable',
        'text.jpg': 'unreadable',
        'phone.heic': 'unreadable',
        'link.png': 'unreadable',
        'tiny.png': 'check',
    }
    assert 'HEIC' in rows['phone.heic']['remarks']
    assert 'empty' in rows['empty.jpg']['remarks']
    for row in rows.values():
        assert str(tmp_path) not in ''.join(row.values())


def test_names_of_any_kind(folder, tmp_path):
    names = ['ü b.png', '=1+1.png', 'a,b;"c".png', 'sub dir/x.PNG']
    data = cv2.imencode('.png', photograph(POINTS))[1].tobytes()
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    strange = os.path.join(os.fsencode(folder), b'caf\xe9.png')
    with open(strange, 'wb') as file:
        file.write(data)
    pictures = tmp_path / 'pictures'
    rows = measured(
        folder, tmp_path / 'm.csv', start='image', overlays=str(pictures)
    )
    # A spreadsheet would run what begins with '='.
    written = [f"'{n}" if n[0] == '=' else n for n in names]
    assert {*written, 'caf\\udce9.png'} == set(rows)
    assert {row['status'] for row in rows.values()} == {'measured'}
    drawn = list(pictures.rglob('*.png'))
    assert len(drawn) == 5
    assert (pictures / 'sub dir' / 'x.PNG.png').is_file()


def test_folders_without_photographs(folder, tmp_path):
    with pytest.raises(MissingFileError, match='is no folder'):
        list_photographs(str(tmp_path / 'none'))
    (folder / 'notes.txt').touch()
    (folder / '._a.jpg').touch()
    (folder / 'sub').mkdir()
    with pytest.raises(InputError, match='1 subfolders: --recursive'):
        list_photographs(str(folder))
    (folder / 'sub' / 'a.JPG').touch()
    assert list_photographs(str(folder), True) == (['sub/a.JPG'], 1)


def _resident() -> int:
    """Memory of this process, in bytes."""
    with open('/proc/self/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


@pytest.mark.slow
def test_a_thousand_photographs_take_the_memory_of_a_hundred(
    folder, tmp_path, monkeypatch
):
    """Of 0.3 MB each when decoded: kept, they would be 280 MB."""
    if not os.path.exists('/proc/self/statm'):
        pytest.skip('the memory of a process is told by Linux alone')
    boxes(monkeypatch, (150, 75, 120, 120))
    image = photograph(POINTS * 2, (400, 260))
    data = cv2.imencode('.png', image)[1].tobytes()
    for i in range(1000):
        (folder / f'{i:04d}.png').write_bytes(data)
    resident = []
    calibration = spot_calibration()
    columns = Columns(NAMES, standard_measurements(NAMES), True, False)
    table = RowFile(str(tmp_path / 'm.csv'), list(columns.meanings()))
    measurer = FolderMeasurer(
        SpotModel(), FaceRows(columns, calibration), str(folder), calibration
    )
    done = 0

    def advance(count):
        nonlocal done
        done += count
        resident.append((done, _resident()))

    files, _ = list_photographs(str(folder))
    counts = measurer.run(files, table, advance)
    assert counts == {'measured': 1000}
    first = max(memory for number, memory in resident if number <= 104)
    last = resident[-1][1]
    assert last - first < 30 * 2**20
