"""Which photograph a record speaks of."""

import unicodedata

import pytest

from mmpose_ctd.datasets.preparation.image_index import (
    ImageIndex,
    ImageNames,
    NotFound,
)


def index_of(folder, *files) -> ImageIndex:
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'')
    return ImageIndex(str(folder))


def found(index, names, roots=()) -> list[str | None]:
    """The photograph of each name; None if it is missing or ambiguous."""
    known = ImageNames(index, names, roots)

    def one(name):
        try:
            return known.find(name)
        except NotFound:
            return None

    return [one(name) for name in names]


@pytest.fixture
def index(tmp_path):
    return index_of(
        tmp_path,
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
        'f.jfif',
        '._a.jpg',
        '.hidden/h.jpg',
        'notes.txt',
    )


@pytest.mark.parametrize(
    'name, path',
    [
        ('a.jpg', 'a.jpg'),
        ('a', 'a.jpg'),
        ('a.tif', 'a.jpg'),
        (' a.jpg ', 'a.jpg'),
        ('siteA/001', 'siteA/001.jpg'),
        ('siteb\\001.jpg', 'siteB/001.jpg'),
        ('D:/study/siteB/001.png', 'siteB/001.jpg'),
        ('siteA/../siteB/001.jpg', 'siteB/001.jpg'),
        ('d.left', 'd.left.tif'),
        ('er/x.jpg', 'deep/er/x.jpeg'),
        (unicodedata.normalize('NFD', 'żółć 1.jpg'), 'Żółć 1.jpg'),
    ],
)
def test_a_name_is_found(index, name, path):
    assert ImageNames(index, [name]).find(name) == path


@pytest.mark.parametrize(
    'name, candidates',
    [
        ('', 0),
        ('h', 0),
        ('1.jpg', 0),
        ('c', 2),
        ('001', 2),
        # Site A's 002 is missing; site B's is another child.
        ('siteA/002.jpg', 0),
        ('C:\\Users\\me\\Pictures\\a.jpg', 0),
        ('deep/x.jpg', 0),
    ],
)
def test_what_is_missing_or_ambiguous_is_refused(index, name, candidates):
    with pytest.raises(NotFound) as info:
        ImageNames(index, [name]).find(name)
    assert len(info.value.candidates) == candidates


def test_a_name_is_of_no_subfolder_if_others_name_those(tmp_path):
    files = ['a.jpg', 'v2/a.jpg', 'v3/x/a.jpg', 'v2/b.jpg', 'v3/b.jpg']
    index = index_of(tmp_path, *files)
    assert found(index, files) == files
    assert found(index, ['a', 'v2/a', 'x/a']) == files[:3]
    # No other record names one of the visits; or no photograph is outside of
    # folders.
    assert found(index, files[:2]) == [None, 'v2/a.jpg']
    assert found(index, ['b.jpg', 'v2/b.jpg']) == [None, 'v2/b.jpg']
    # Files of points in the folders name them, too.
    bare = ImageNames(index, ['a', 'a', 'a'], folders=['', 'v2', 'v3/x'])
    assert [bare.find('a', f) for f in ('', 'v2', 'v3/x')] == files[:3]


class TestFoldersAboveImages:
    def test_are_dropped_where_the_others_are_below_it(self, tmp_path):
        index = index_of(tmp_path / 'photos', 'clip1/1.png', 'clip1/2.png')
        names = [
            f'labeled-data\\{n}'
            for n in ('clip2\\1.png', 'clip1\\1.png', '2.png')
        ]
        # The last name does not go deeper than it says.
        assert found(index, names) == [None, 'clip1/1.png', None]
        assert ImageNames(index, names).dropped == 'labeled-data'

    def test_of_another_computer_are_dropped(self, tmp_path):
        index = index_of(tmp_path / 'photos', 'c1/1.png', 'c2/1.png', '1.png')
        names = [rf'C:\data\study\{n}' for n in (r'c1\1.png', r'c2\1.png')]
        assert found(index, names) == ['c1/1.png', 'c2/1.png']
        # Its folder is IMAGES itself then.
        names.append(r'C:\data\study\1.png')
        assert found(index, names)[2] == '1.png'

    def test_are_not_dropped_where_they_differ(self, tmp_path):
        """Two sites have a clip1; IMAGES is one of them, who knows which."""
        index = index_of(tmp_path / 'photos', 'clip1/1.png')
        names = ['siteA/clip1/1.png', 'siteB/clip1/1.png']
        assert found(index, names) == [None, None]
        assert found(index, names, ['siteB']) == [None, 'clip1/1.png']

    @pytest.mark.parametrize(
        'name, is_found',
        [
            ('clip1/1.png', True),
            ('clip2/1.png', False),
            ('other/clip1/1.png', False),
            (r'C:\anywhere\clip1\1.png', True),
        ],
    )
    def test_are_the_path_of_images_itself(self, tmp_path, name, is_found):
        index = index_of(tmp_path / 'study/clip1', '1.png')
        assert found(index, [name]) == ['1.png' if is_found else None]

    @pytest.mark.parametrize('root', ['X:\\old', 'x:/OLD/', 'X:/old/.'])
    def test_may_be_stated(self, tmp_path, root):
        index = index_of(tmp_path, '1.png', 'clip1/1.png', 'clip1/2.png')
        names = [
            'X:\\old\\1.png',
            'X:\\old\\clip1\\1.png',
            'X:\\old\\2.png',
            'Y:\\old\\1.png',
            'clip1\\2.png',
        ]
        expected = ['1.png', 'clip1/1.png', None, None, 'clip1/2.png']
        assert found(index, names, [root]) == expected


@pytest.mark.parametrize(
    ('names', 'expected'),
    [
        # The exact name comes first, in any order.
        (['a.tif', 'a.jpg'], [None, 'a.jpg']),
        (['a.jpg', 'A.jpg'], ['a.jpg', None]),
        # None is exact.
        (['a.tif', 'a.gif'], [None, None]),
        (['A.jpg', 'A.JPG'], [None, None]),
        (['a.png', 'a.jpg', 'a.tif'], ['a.png', 'a.jpg', None]),
        (['Masse.jpg'], [None]),
    ],
)
def test_of_similar_names_the_photographs_own_has_it(
    tmp_path, names, expected
):
    files = ['a.jpg', 'Maße.jpg', *(['a.png'] if 'a.png' in names else [])]
    assert found(index_of(tmp_path, *files), names) == expected


class TestFilesInSubfolders:
    """``v2/points.tps`` names photographs of ``v2``."""

    @pytest.fixture
    def visits(self, tmp_path):
        return index_of(
            tmp_path / 'study',
            *('v1/1.jpg', 'v1/2.jpg', 'v2/1.jpg', 'v2/deep/3.jpg', '4.jpg'),
        )

    @pytest.mark.parametrize(
        'name, folder, expected',
        [
            ('1.jpg', 'v1', 'v1/1.jpg'),
            ('1.jpg', 'v2', 'v2/1.jpg'),
            ('1', 'V2', 'v2/1.jpg'),
            # Another visit's photograph, or that of no visit.
            ('2.jpg', 'v2', None),
            ('4.jpg', 'v2', None),
            ('3.jpg', 'v2', 'v2/deep/3.jpg'),
            ('deep/3.jpg', 'v2', 'v2/deep/3.jpg'),
            # Of a folder that has no photographs, IMAGES itself.
            ('4.jpg', 'points', '4.jpg'),
            # What names its folder says it all.
            ('v1/2.jpg', 'v2', 'v1/2.jpg'),
            ('../v1/2.jpg', 'v2', 'v1/2.jpg'),
            ('..\\4.jpg', 'v2', '4.jpg'),
            ('2.jpg', '', 'v1/2.jpg'),
        ],
    )
    def test_names_are_of_the_folder(self, visits, name, folder, expected):
        known = ImageNames(visits, [name], folders=[folder])
        if expected is None:
            with pytest.raises(NotFound):
                known.find(name, folder)
        else:
            assert known.find(name, folder) == expected

    def test_what_is_stated_goes_first(self, visits):
        known = ImageNames(visits, ['old/v1/1.jpg'], ['old'], ['v2'])
        assert known.find('old/v1/1.jpg', 'v2') == 'v1/1.jpg'

    def test_a_file_among_the_photographs_is_of_their_folder(self, visits):
        folder = visits.folder
        assert visits.folder_of(f'{folder}/v2/points.tps', 'a.tps') == 'v2'
        assert visits.folder_of(f'{folder}/points/a.tps', 'x/a.tps') == 'x'
        assert visits.folder_of(f'{folder}/../v2/a.tps', 'v2/a.tps') == 'v2'
