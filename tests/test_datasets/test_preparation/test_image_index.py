"""Which photograph a record speaks of."""

import unicodedata

import pytest

from mmpose_ctd.datasets.preparation.image_index import ImageIndex, NotFound


@pytest.fixture
def index(tmp_path):
    for name in (
        'a.jpg',
        'b.JPG',
        'c.jpg',
        'c.png',
        'siteA/001.jpg',
        'siteB/001.jpg',
        'siteB/002.jpg',
        'd.left.tif',
        'Żółć 1.jpg',
        'deep/er/x.jpeg',
        '._a.jpg',
        '.hidden/h.jpg',
        'notes.txt',
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'')
    return ImageIndex(str(tmp_path))


@pytest.mark.parametrize(
    'name, found',
    [
        ('a.jpg', 'a.jpg'),
        ('A.JPG', 'a.jpg'),
        ('a', 'a.jpg'),
        ('a.tif', 'a.jpg'),
        (' a.jpg ', 'a.jpg'),
        ('C:\\Users\\me\\Pictures\\a.jpg', 'a.jpg'),
        ('b', 'b.JPG'),
        ('c.png', 'c.png'),
        ('siteA/001', 'siteA/001.jpg'),
        ('siteb\\001.jpg', 'siteB/001.jpg'),
        ('D:/study/siteB/001.png', 'siteB/001.jpg'),
        ('../siteB/001.jpg', 'siteB/001.jpg'),
        ('d.left', 'd.left.tif'),
        ('x', 'deep/er/x.jpeg'),
        ('elsewhere/x.jpg', 'deep/er/x.jpeg'),
        (unicodedata.normalize('NFD', 'żółć 1.jpg'), 'Żółć 1.jpg'),
    ],
)
def test_a_name_is_found(index, name, found):
    assert index.find(name) == found


@pytest.mark.parametrize(
    'name, words',
    [
        ('e.jpg', 'no photograph'),
        ('', 'no photograph'),
        ('h', 'no photograph'),
        ('notes', 'no photograph'),
        ('c', '2 photographs'),
        ('001', '2 photographs'),
        # Site A's 002 is missing; site B's is another child.
        ('siteA/002.jpg', 'elsewhere'),
    ],
)
def test_what_is_missing_or_ambiguous_is_told(index, name, words):
    with pytest.raises(NotFound, match=words) as info:
        index.find(name)
    assert bool(info.value.candidates) == (words != 'no photograph')


def test_paths_are_sorted_and_below_the_folder(index):
    assert index.paths == sorted(index.paths)
    assert 'siteA/001.jpg' in index.paths
    assert not any('hidden' in path for path in index.paths)
