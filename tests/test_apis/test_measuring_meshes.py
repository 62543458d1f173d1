"""Folders of textured meshes: rows in mm, compared with photographs."""

import cv2
import numpy as np
import pytest
from measuring_toys import POINTS, measured, photograph
from textured_heads import Sheet, cylinder, write_obj

from mmpose_ctd.errors import InputError

SIZE = (200, 160)
FISSURE = 'palpebral_fissure_length_R'
WHOLE = (0, 0, 1, 1)
# Of the test: places in a photograph are found to 0.1 px.
EXACT = dict(abs=0.1)


@pytest.fixture
def folder(tmp_path):
    """A flat face of 0.5 mm a pixel, and one on a cylinder."""
    surfaces = dict(
        flat=lambda s, t: (100 * s, -80 * t, 0.0),
        round=cylinder(60, 80, 0.5, -0.25),
        cut=lambda s, t: (100 * s, -80 * t, 0.0),
    )
    for name, surface in surfaces.items():
        box = (0, 0, 1, 0.5) if name == 'cut' else WHOLE
        write_obj(tmp_path, [Sheet(box, surface, (40, 8))], SIZE, name)
        cv2.imwrite(str(tmp_path / f'{name}.png'), photograph(POINTS))
    return tmp_path


def pictures(folder):
    for path in folder.iterdir():
        if path.suffix != '.png':
            path.unlink()
    return measured(folder, start='image', mm_per_px=0.5)


def test_a_flat_mesh_is_measured_as_its_texture(folder):
    row = measured(folder, start='image')['flat.obj']
    assert row['status'] == 'measured'
    assert f'{FISSURE}_px' not in row
    flat = pictures(folder)['flat.png']
    for ending in ('', '_low95', '_high95'):
        title = f'{FISSURE}_mm{ending}'
        assert row[title] == pytest.approx(flat[title], abs=1e-4)
    assert row[f'{FISSURE}_surface_mm'] == pytest.approx(row[f'{FISSURE}_mm'])
    x, y, z = (row[f'subnasale_{axis}_mm'] for axis in 'xyz')
    at = (POINTS[2] + 0.5) / 2
    assert (x, y, z) == pytest.approx((at[0], -at[1], 0), **EXACT)


def test_a_round_mesh_has_a_line_and_a_way_along_it(folder):
    row = measured(folder, start='image')['round.obj']
    turn = np.pi * (POINTS[1] - POINTS[0])[0] / SIZE[0]
    assert row[f'{FISSURE}_mm'] == pytest.approx(
        120 * np.sin(turn / 2), abs=0.2
    )
    assert row[f'{FISSURE}_surface_mm'] == pytest.approx(60 * turn, abs=0.2)


def test_a_landmark_off_the_mesh_has_no_place_and_no_measure(folder):
    row = measured(folder, start='image')['cut.obj']
    assert 'not on the mesh: subnasale' in row['remarks']
    assert row['subnasale_x_mm'] is None
    assert row['subnasale_x_px'] == pytest.approx(POINTS[2, 0], **EXACT)
    assert row[f'{FISSURE}_mm'] > 0


def test_a_mesh_without_its_texture_gets_a_row_with_the_reason(folder):
    (folder / 'flat.png').unlink()
    rows = measured(folder, start='image')
    assert rows['flat.obj']['status'] == 'unreadable'
    assert 'flat.png' in rows['flat.obj']['remarks']
    assert rows['round.obj']['status'] == 'measured'


def test_a_table_names_textures(folder):
    table = folder / 'table.csv'
    table.write_text('file,age\nflat.png,5\n')
    norms = folder / 'norms.csv'
    norms.write_text(
        f'measure,sex,age_min,age_max,unit,mean,sd\n{FISSURE},,0,9,mm,20,2\n'
    )
    rows = measured(folder, start='image', table=str(table), norms=str(norms))
    row = rows['flat.obj']
    z = (row[f'{FISSURE}_mm'] - 20) / 2
    assert row[f'{FISSURE}_z'] == pytest.approx(z)
    assert 'not in the table' in rows['round.obj']['remarks']


def test_meshes_have_their_own_scale(folder):
    with pytest.raises(InputError):
        measured(folder, start='image', mm_per_px=0.5)
    row = measured(folder, start='image', mesh_unit='cm')['flat.obj']
    assert row[f'{FISSURE}_mm'] == pytest.approx(
        5 * np.linalg.norm(POINTS[1] - POINTS[0]), rel=0.01
    )
