"""A split's line names a subject, or one image."""

import pytest
from landmark_set import build_set, landmark_content, write_landmark_set

from mmpose_ctd.datasets.split_selection import (
    alike_subjects,
    people_of,
    select_images,
)
from mmpose_ctd.errors import InputError


def dataset(root, lines):
    folder = root / 'splits'
    folder.mkdir(exist_ok=True)
    (folder / 'a.txt').write_text('\n'.join(lines) + '\n', 'utf-8')
    # A split may lie elsewhere: other tests name it in the set.
    return build_set(root, split=str(folder / 'a.txt'))


def loaded(root, lines) -> list[str]:
    data = dataset(root, lines)
    return sorted(
        data.get_data_info(i)['img_path'].rpartition('/')[2]
        for i in range(len(data))
    )


@pytest.fixture
def root(tmp_path):
    return write_landmark_set(tmp_path)


def test_subjects_and_images_go_together_each_once(root):
    lines = ['subject0', 'image:002.png', 'image:005.png']
    assert loaded(root, lines) == ['001.png', '002.png', '005.png']


def test_spaces_hashes_and_other_alphabets_are_part_of_a_file_name(tmp_path):
    content = landmark_content(4)
    names = ['Zoë #1.png', 'a b.png', '图.png', 'plain.png']
    for image, name in zip(content['images'], names):
        image['file_name'] = name
        del image['subject']
    root = write_landmark_set(tmp_path, content)
    lines = [f'image:{name}' for name in names[:3]]
    assert loaded(root, lines) == sorted(names[:3])


def test_images_need_no_subjects_but_subjects_do(tmp_path):
    content = landmark_content(4)
    for image in content['images']:
        del image['subject']
    root = write_landmark_set(tmp_path, content)
    assert loaded(root, ['image:001.png']) == ['001.png']
    with pytest.raises(InputError, match="no image record has a 'subject'"):
        dataset(root, ['anna'])


def test_people_are_those_seen_and_the_nameless_stand_for_themselves():
    images = {
        1: dict(file_name='1.png', subject='anna'),
        2: dict(file_name='2.png', subject=7),
        3: dict(file_name='3.png'),
    }
    lines = ['image:1.png', 'image:3.png', '7', 'nobody']
    assert people_of(lines, images) == {'anna', '7', 'image:3.png'}
    chosen = select_images(lines, images)
    assert chosen.ids == {1, 2, 3}
    assert chosen.unknown_subjects == ['nobody']


@pytest.mark.parametrize(
    'ids',
    [
        ('007', '7', '7.0'),
        ('London_001', 'london 1'),
        ('S-01', 'S1', 's_1'),
    ],
)
def test_one_id_in_several_ways(ids):
    assert alike_subjects(['other', *ids, ids[0], '']) == [ids]


@pytest.mark.parametrize(
    'ids',
    [
        ('a1', 'a10'),
        ('site1_23', 'site12_3'),
        ('0', '10', '100'),
        ('-', '_'),
        ('', ' '),
        ('same', 'same'),
    ],
)
def test_ids_of_different_people(ids):
    assert alike_subjects(ids) == []
