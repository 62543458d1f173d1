"""Subject ids that are alike, and those that are not."""

import json

import pytest

from mmpose_ctd.datasets.subject_names import alike_subjects


@pytest.mark.parametrize(
    'ids',
    [
        ('S-1', 's-1 '),
        ('007', '7', '7.0'),
        ('London_001', 'london 1'),
        ('S-01', 'S1', 's_1'),
        ('01_23', '1-23'),
    ],
)
def test_one_id_in_several_ways(ids):
    assert alike_subjects(['other', *ids, ids[0], '']) == [ids]


@pytest.mark.parametrize(
    'ids',
    [
        ('a1', 'a10'),
        ('london_001', 'london_010'),
        ('site1_23', 'site12_3'),
        ('0', '10', '100'),
        ('1.0.2', '1.2'),
        ('-', '_'),
        ('', ' '),
        ('same', 'same'),
    ],
)
def test_ids_of_different_people(ids):
    assert alike_subjects(ids) == []


@pytest.mark.real_data
def test_real_ids_are_not_alike(shared_root):
    folder = shared_root / 'data/frl_faces/annotations'
    images = json.loads((folder / 'landmarks19.json').read_text())['images']
    subjects = [image['subject'] for image in images]
    assert len(set(subjects)) > 50
    assert alike_subjects(subjects) == []
