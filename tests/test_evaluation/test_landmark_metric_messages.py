"""What LandmarkErrorMetric leaves out, warns about and refuses."""

import logging

import numpy as np
import pytest
from landmark_samples import TRUTH, evaluate, make_sample, many_samples
from mmengine.evaluator import Evaluator

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation import LandmarkErrorMetric
from mmpose_ctd.evaluation.metrics import landmark_metric


@pytest.fixture
def said(monkeypatch):
    messages = []

    def record(message, logger=None, level=logging.INFO):
        messages.append(message)

    monkeypatch.setattr(landmark_metric, 'print_log', record)
    return messages


def test_unmeasurable_records_are_left_out_and_counted(said):
    samples = many_samples()
    samples += [make_sample(visible=(0, 0, 0), offset=(900, 900), img_id=50)]
    scalars, metric = evaluate(samples)
    expected, _ = evaluate(many_samples())
    assert scalars == expected
    assert metric.report['num_ignored'] == 1
    assert metric.report['num_images'] == 12
    assert any('1 of 13 records were left out' in m for m in said)


@pytest.mark.parametrize(
    'spoilt',
    [
        dict(visible=(1, 0, 1)),
        dict(truth=[[[20.0, 10.0], [20.0, 10.0], [40.0, 70.0]]]),
        dict(truth=[[[20.0, 10.0], [np.nan] * 2, [1, 1]]], visible=(1, 0, 1)),
    ],
)
def test_a_pair_without_distance_leaves_its_record_out(spoilt, said):
    sample = make_sample(img_id=50, **spoilt)
    sample.pred_instances.keypoints = TRUTH + 9
    scalars, metric = evaluate(
        [make_sample(), sample], unit=['eye_R', 'eye_L'], threshold=0.2
    )
    assert scalars['landmark/ME'] == pytest.approx(5 / 40)
    assert metric.report['num_ignored'] == 1
    assert any('no distance eye_R-eye_L' in m for m in said)


def test_missing_subjects_are_said_once_and_images_resampled(said):
    samples = [
        make_sample(offset=(i, 0), subject=None, img_id=i) for i in range(9)
    ]
    metric = LandmarkErrorMetric(num_bootstrap=50)
    for _ in range(2):
        Evaluator(metric).process(samples)
        scalars = metric.evaluate(9)
    assert sum('name no subject' in m for m in said) == 1
    assert metric.report['num_subjects'] is None
    assert scalars['landmark/ME_low'] < scalars['landmark/ME_high']


def test_one_subject_gives_nan_bounds_and_says_so(said):
    scalars, metric = evaluate([make_sample(), make_sample(img_id=4)])
    assert np.isnan(scalars['landmark/ME_low'])
    assert metric.report['metrics']['ME']['low'] is None
    assert any('a single subject has no interval' in m for m in said)


def test_a_threshold_of_pixels_with_a_pair_is_pointed_out(said):
    evaluate([make_sample()], unit=['eye_R', 'eye_L'])
    assert any('0.1 is a common choice' in m for m in said)


@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_a_non_finite_prediction_names_its_record(bad):
    sample = make_sample()
    sample.pred_instances.keypoints[0, 1, 0] = bad
    with pytest.raises(ValueError, match=r'record id 7 .*not finite'):
        evaluate([sample])


@pytest.mark.parametrize(
    'unit, field', [('mm', 'mm_per_px'), ('input', 'input_scale')]
)
def test_a_missing_field_names_record_field_and_cure(unit, field):
    with pytest.raises(InputError, match=rf'record id 7 .*{field}.*meta_keys'):
        evaluate([make_sample(input_scale=None)], unit=unit)


@pytest.mark.parametrize('bad', [0.0, -1.0, np.nan, np.inf])
def test_an_absurd_scale_is_an_error(bad):
    with pytest.raises(ValueError, match='record id 7.*must be positive'):
        evaluate([make_sample(mm_per_px=bad)], unit='mm')


def test_unknown_landmark_of_a_pair_lists_the_known_ones():
    with pytest.raises(ValueError, match="no landmark 'nose'.*'chin'"):
        evaluate([make_sample()], unit=['nose', 'chin'])


def test_a_pair_needs_a_dataset_with_names():
    metric = LandmarkErrorMetric(unit=['eye_R', 'eye_L'])
    with pytest.raises(ValueError, match='keypoint_name2id'):
        metric.process(None, [make_sample().to_dict()])


def test_predictions_of_another_head_are_refused():
    sample = make_sample()
    sample.pred_instances.keypoints = np.zeros((1, 3, 2))[:, :2]
    with pytest.raises(ValueError, match=r'\(1, 2, 2\).*\(1, 3, 2\)'):
        evaluate([sample])


def test_samples_without_truth_or_prediction_are_refused():
    sample = make_sample().to_dict()
    del sample['pred_instances']
    with pytest.raises(InputError, match='pred_instances'):
        evaluate([sample])


def test_datasets_of_two_kinds_are_refused():
    fewer = make_sample(truth=TRUTH[:, :2], visible=(1, 1))
    with pytest.raises(ValueError, match=r'landmarks: \[2, 3\]'):
        evaluate([make_sample(), fewer])


def test_names_must_fit_the_landmarks():
    fewer = make_sample(truth=TRUTH[:, :2], visible=(1, 1))
    with pytest.raises(ValueError, match='names 3 landmarks'):
        evaluate([fewer])


def test_nothing_to_evaluate_is_an_error():
    with pytest.raises(ValueError, match='no predictions'):
        LandmarkErrorMetric().evaluate(0)
    with pytest.raises(ValueError, match='none of the 1 records'):
        evaluate([make_sample(visible=(0, 0, 0))])


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (dict(threshold=0), 'threshold must be a positive'),
        (dict(failure_thresholds=[2, -1]), 'failure_thresholds must be'),
        (dict(unit='inch'), "found 'inch'"),
        (dict(unit=['a', 'b', 'c']), 'two different landmark names'),
        (dict(unit=['a', 'a']), 'two different landmark names'),
        (dict(per='face'), "found 'face'"),
        (dict(num_bootstrap=-1), 'found -1'),
    ],
)
def test_wrong_arguments_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        LandmarkErrorMetric(**kwargs)
