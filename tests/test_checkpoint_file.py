"""A damaged or foreign checkpoint is refused; nothing else is returned."""

import io
import json
import random
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

from mmpose_ctd.checkpoint_file import check_undamaged, read_checkpoint
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.files import file_hash

MEGABYTE = 1 << 20


def content():
    drawn = np.random.default_rng(0)
    return dict(
        state_dict={
            f'layer{i}.weight': torch.from_numpy(drawn.random((3, 5)))
            for i in range(4)
        },
        meta=dict(epoch=0, seed=drawn.integers(9)),
        message_hub=dict(empty=np.zeros(0), some=np.arange(3)),
    )


def saved(**options):
    buffer = io.BytesIO()
    torch.save(content(), buffer, **options)
    return buffer.getvalue()


WHOLE = saved()


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            same(one[key], other[key]) for key in one
        )
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    return bool(np.array_equal(one, other))


def check(folder, data):
    """Either an error that names the file, or what was saved."""
    path = folder / 'a.pth'
    path.write_bytes(data)
    try:
        found = read_checkpoint(path, 'resume', 'Name another')
    except InputError as error:
        assert str(path) in error.where and error.where.startswith('resume')
        assert error.found and error.cure
        return False
    assert same(found, content())
    return True


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('checkpoints')


def test_a_whole_one_is_read_in_the_present_and_in_the_old_format(folder):
    assert check(folder, WHOLE)
    old = saved(_use_new_zipfile_serialization=False)
    assert check(folder, old)


def test_each_flipped_bit_of_the_weights_is_found(folder):
    weights = content()['state_dict']['layer2.weight'].numpy().tobytes()
    start = WHOLE.index(weights)
    for place in range(start, start + len(weights)):
        data = bytearray(WHOLE)
        data[place] ^= 1 << random.Random(place).randrange(8)
        (folder / 'a.pth').write_bytes(data)
        # torch reads it without a word.
        torch.load(folder / 'a.pth', weights_only=False)
        with pytest.raises(InputError):
            check_undamaged(folder / 'a.pth', 'checkpoint')


def test_flipped_bits_of_the_list_of_parts_change_no_value(folder):
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        start, parts = archive.start_dir, archive.infolist()
    # Every fifth: each place within a byte in turn.
    for bit in range(8 * start, 8 * len(WHOLE), 5):
        data = bytearray(WHOLE)
        data[bit // 8] ^= 1 << bit % 8
        check(folder, data)
    # The mark of a folder, of which torch reads nothing and says nothing.
    for part in parts:
        data = bytearray(WHOLE)
        name = data.index(part.filename.encode(), start)
        data[name - 8] ^= 0x10
        assert not check(folder, data)


@given(st.sets(st.integers(0, len(WHOLE) * 8 - 1), max_size=3))
@settings(deadline=None)
def test_flipped_bits_anywhere_change_no_value(folder, bits):
    data = bytearray(WHOLE)
    for bit in bits:
        data[bit // 8] ^= 1 << bit % 8
    check(folder, data)


@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=60))
@settings(deadline=None)
def test_a_cut_file_is_refused_whatever_follows(folder, length, tail):
    assert not check(folder, WHOLE[:length]) or length == len(WHOLE)
    check(folder, WHOLE[:length] + tail)


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_bytes_that_are_no_checkpoint_are_refused(folder, data):
    assert not check(folder, data)
    assert not check(folder, b'\x80\x02' + data)
    assert not check(folder, b'PK\x03\x04' + data)


def zipped(pickled, compression=zipfile.ZIP_STORED, more=b''):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w', compression) as archive:
        archive.writestr('a/data.pkl', pickled)
        archive.writestr('a/version', b'3\n')
        if more:
            archive.writestr('a/data/0', more)
    return buffer.getvalue()


MANY = b'J\x00\x00\x00\x60\x85R.'
HOSTILE = {
    'text': b'weights, but as a letter\n' * 9,
    'empty': b'',
    'a long string': b'\x80\x02X\xff\xff\xff\xff',
    'long bytes': b'\x80\x04\x8e\x00\x00\x00\x00\x01\x00\x00\x00',
    'a far memo': b'\x80\x02]r\xff\xff\xff\x7f.',
    'bytearray': zipped(b'\x80\x02c__builtin__\nbytearray\n' + MANY),
    'an old bytearray': b'\x80\x02c__builtin__\nbytearray\n' + MANY,
    'bytes': zipped(b'\x80\x02c__builtin__\nbytes\n' + MANY),
    'zip bomb': zipped(
        b'\x80\x02}.', zipfile.ZIP_DEFLATED, bytes(300 * MEGABYTE)
    ),
    'another zip': zipped(b'').replace(b'data.pkl', b'text.doc'),
    'code': zipped(b'\x80\x02cos\nsystem\nX\x05\x00\x00\x00false\x85R.'),
}


READ = """
import json, resource, sys
from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.errors import InputError

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10

start, found = peak(), {}
for path in sys.argv[1:]:
    try:
        read_checkpoint(path, 'resume', 'No')
        where = 'it was read'
    except InputError as error:
        where = error.where
    found[path] = where, peak() - start
print(json.dumps(found))
"""


def test_hostile_files_are_refused_at_bounded_memory(folder):
    paths = []
    for name, data in HOSTILE.items():
        paths.append(folder / f'{name}.pth')
        paths[-1].write_bytes(data)
    done = subprocess.run(
        [sys.executable, '-c', READ, *paths],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found) == len(HOSTILE)
    for path, (where, grown) in found.items():
        assert path in where
        assert grown < 100 * MEGABYTE


def test_a_missing_file_and_a_folder_are_named(folder):
    with refused(within='none.pth', kind=MissingFileError):
        check_undamaged(folder / 'none.pth', 'load_from')
    with pytest.raises(InputError):
        check_undamaged(folder, 'load_from')


def test_the_hash_is_that_of_sha256sum(tmp_path):
    # Of "abc", by FIPS 180-2.
    (tmp_path / 'a').write_bytes(b'abc')
    assert file_hash(tmp_path / 'a') == 'ba7816bf'
