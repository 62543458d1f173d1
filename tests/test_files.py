"""Files are complete or absent, with several writers too."""

import builtins
from concurrent.futures import ThreadPoolExecutor

import pytest

from mmpose_ctd import files
from mmpose_ctd.files import drafted, write_whole


def test_writers_of_one_file_do_not_share_a_draft(tmp_path):
    path = tmp_path / 'a.csv'
    contents = [bytes([n]) * 300_000 for n in range(8)]

    def write(content):
        for _ in range(5):
            write_whole(path, content)
            assert path.read_bytes() in contents

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, contents))
    assert [p.name for p in tmp_path.iterdir()] == ['a.csv']


def test_a_draft_is_known_by_its_name(tmp_path, monkeypatch):
    names = []

    def noted(path, *args):
        names.append(path.rsplit('/', 1)[-1])
        return builtins.open(path, *args)

    monkeypatch.setattr(files, 'open', noted, raising=False)
    write_whole(tmp_path / 'iter_4.pth', b'')
    assert [drafted(name) for name in names] == ['iter_4.pth']
    # Of earlier versions.
    assert drafted('iter_4.pth.tmp') == 'iter_4.pth'
    assert drafted('iter_4.pth') is None


def test_what_was_there_stays_if_it_cannot_be_written(tmp_path):
    path = tmp_path / 'a'
    write_whole(path, b'old')
    with pytest.raises(TypeError):
        write_whole(path, 'not bytes')
    assert path.read_bytes() == b'old'
    assert [p.name for p in tmp_path.iterdir()] == ['a']
