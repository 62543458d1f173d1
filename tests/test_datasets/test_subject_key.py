"""Keyed hashes of subjects: made once, and of no use without the key."""

import hashlib
import hmac
import multiprocessing
import os

import pytest
from refusals import refused

from mmpose_ctd.datasets import subject_key
from mmpose_ctd.datasets.subject_key import (
    KEY_FILE,
    fingerprint,
    hash_subjects,
    key_file,
    make_key,
    read_key,
)


@pytest.mark.parametrize(
    ('ann_file', 'folder'),
    [
        ('set/annotations/landmarks.json', 'set'),
        ('set/landmarks.json', 'set'),
        ('set/./annotations/../annotations/a.json', 'set'),
        ('landmarks.json', '.'),
    ],
)
def test_the_key_lies_in_the_folder_of_the_set(
    ann_file, folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    expected = os.path.normpath(tmp_path / folder / KEY_FILE)
    assert key_file(ann_file) == expected
    assert key_file(str(tmp_path / ann_file)) == expected


def test_a_key_is_made_once_and_kept(tmp_path):
    path = str(tmp_path / KEY_FILE)
    assert read_key(path) is None
    key = make_key(path)
    assert len(key) == 32
    assert make_key(path) == key == read_key(path)
    assert os.listdir(tmp_path) == [KEY_FILE]
    other = make_key(str(tmp_path / 'other.txt'))
    assert other != key and fingerprint(other) != fingerprint(key)
    # What reads the annotations may read it.
    mode = os.umask(0)
    os.umask(mode)
    assert os.stat(path).st_mode & 0o777 == 0o666 & ~mode


def test_a_key_is_not_replaced_where_there_are_no_links(tmp_path, monkeypatch):
    path = tmp_path / KEY_FILE

    def another_is_faster(*_):
        path.write_text('ab' * 32)
        raise PermissionError(1, 'no links here')

    exists = os.path.exists
    monkeypatch.setattr(subject_key.os, 'link', another_is_faster)
    # Whoever looks first has looked before it came.
    monkeypatch.setattr(
        subject_key.os.path, 'exists', lambda p: p != str(path) and exists(p)
    )
    assert make_key(str(path)) == b'\xab' * 32
    assert path.read_text() == 'ab' * 32


def _make_when_all_are_ready(path, barrier, queue):
    barrier.wait()
    queue.put(make_key(path).hex())


def test_processes_that_make_it_at_once_get_the_same(tmp_path):
    path = str(tmp_path / KEY_FILE)
    context = multiprocessing.get_context('fork')
    barrier, queue = context.Barrier(4), context.SimpleQueue()
    arguments = path, barrier, queue
    processes = [
        context.Process(target=_make_when_all_are_ready, args=arguments)
        for _ in range(4)
    ]
    for process in processes:
        process.start()
    found = {queue.get() for _ in processes}
    for process in processes:
        process.join()
    assert found == {read_key(path).hex()}


@pytest.mark.parametrize(
    'content',
    [b'# only a comment\n', b'\xff\x00', b'0' * 63, b'0' * 65],
)
def test_a_damaged_key_is_refused_and_stays(tmp_path, content):
    path = tmp_path / KEY_FILE
    path.write_bytes(content)
    for read in (read_key, make_key):
        with refused(str(path)):
            read(str(path))
    assert path.read_bytes() == content


def test_hashes_are_hmac_sha256_of_the_id(tmp_path):
    key = make_key(str(tmp_path / KEY_FILE))
    found = hash_subjects(key, ['c001', 'Zoë'])
    expected = hmac.new(key, b'subject:c001', hashlib.sha256).hexdigest()
    assert found[expected[:32]] == 'c001'
    # One name, composed or not.
    assert {*hash_subjects(key, ['Zoe\u0308'])} <= {*found}
    assert fingerprint(key) not in found
    assert key.hex()[:32] not in (*found, fingerprint(key))
