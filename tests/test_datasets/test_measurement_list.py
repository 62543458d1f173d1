"""The measures that an annotation file lists, on their way to a model."""

import pytest
from landmark_set import NAMES, landmark_content, write_landmark_set

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.datasets.landmark_names import landmark_metainfo
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import measurements_of_set

EYES = dict(
    name='eyes', kind='distance', landmarks=['exocanthion_R', 'exocanthion_L']
)


def read(root, measurements, **kwargs):
    content = landmark_content()
    if measurements is not None:
        content['categories'][0]['measurements'] = measurements
    write_landmark_set(root, content)
    return CIFASDDataset(
        data_root=str(root), ann_file='annotations/landmarks.json', **kwargs
    )


def test_a_list_reaches_the_metainfo_and_is_measured(tmp_path):
    meta = read(tmp_path, [EYES]).metainfo
    assert meta['measurements'] == [EYES]
    assert [one.name for one in measurements_of_set(meta)] == ['eyes']


def test_without_a_list_the_standard_measures_are_taken(tmp_path):
    meta = read(tmp_path, None).metainfo
    assert 'measurements' not in meta
    found = [one.name for one in measurements_of_set(meta)]
    assert found == ['outer_canthal_distance']


def test_a_distance_needs_not_say_so(tmp_path):
    short = {k: v for k, v in EYES.items() if k != 'kind'}
    assert read(tmp_path, [short]).metainfo['measurements'] == [EYES]


@pytest.mark.parametrize(
    ('measurements', 'told'),
    [
        ('philtrum', 'expected a list'),
        ([EYES, EYES], "'eyes' is listed twice"),
        ([EYES | dict(landmarks=['exocanthion_R', 'nose'])], "'nose'"),
        ([EYES | dict(kind='volume')], "kind='volume'"),
    ],
)
def test_a_wrong_list_is_refused_with_the_file(tmp_path, measurements, told):
    with pytest.raises(InputError, match=told) as caught:
        read(tmp_path, measurements)
    assert str(caught.value).startswith(
        str(tmp_path / 'annotations/landmarks.json')
    )


def test_a_config_s_metainfo_brings_its_own(tmp_path):
    mine = landmark_metainfo(list(NAMES), measurements=[EYES])
    assert read(tmp_path, None, metainfo=mine).metainfo['measurements'] == [
        EYES
    ]
    mine['measurements'] = [EYES | dict(name='')]
    with pytest.raises(InputError, match='dataset.metainfo.measurements'):
        read(tmp_path, None, metainfo=mine)
