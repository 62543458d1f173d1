"""The numbers of LandmarkErrorMetric, against loops by hand."""

import json

import numpy as np
import pytest
import torch
from landmark_samples import (
    TRUTH,
    by_hand,
    evaluate,
    make_sample,
    many_samples,
)
from mmengine.evaluator import Evaluator
from mmpose.registry import METRICS
from refusals import refused

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation import LandmarkErrorMetric
from mmpose_ctd.evaluation.metrics import landmark_metric


@pytest.mark.parametrize(
    'unit, meta, expected',
    [
        ('image', {}, 5.0),
        ('input', {}, 10.0),
        # x doubled, y kept: (6, 4)
        ('input', {'input_scale': np.array([128.0, 128.0])}, 52**0.5),
        ('mm', {'mm_per_px': 0.3}, 1.5),
        (['eye_R', 'eye_L'], {}, 5.0 / 40),
    ],
)
def test_units(unit, meta, expected):
    scalars, metric = evaluate([make_sample(**meta)], unit=unit)
    assert scalars['landmark/ME'] == pytest.approx(expected, rel=1e-6)
    assert metric.report['image_errors'] == pytest.approx([expected])


def test_scalars_are_those_computed_by_hand():
    samples = many_samples()
    scalars, _ = evaluate(samples, failure_thresholds=(2, 7.5))
    e = [sum(single) / len(single) for single in by_hand(samples)]
    assert scalars['landmark/ME'] == pytest.approx(sum(e) / 12)
    auc = sum(max(0, 1 - x / 5) for x in e) / 12
    assert scalars['landmark/AUC'] == pytest.approx(auc)
    for name, t in [('FR', 5), ('FR@2', 2), ('FR@7.5', 7.5)]:
        share = sum(x > t for x in e) / 12
        assert scalars[f'landmark/{name}'] == pytest.approx(share)
    assert 0 < scalars['landmark/FR'] < 1
    one, metric = evaluate(samples, per='landmark')
    single = [x for errors in by_hand(samples) for x in errors]
    assert one['landmark/ME'] == pytest.approx(np.mean(single))
    assert metric.report['landmark_errors'] == pytest.approx(single)
    assert len(metric.report['image_errors']) == 12
    for name in ('ME', 'AUC', 'FR', 'FR@2', 'FR@7.5'):
        low = scalars[f'landmark/{name}_low']
        high = scalars[f'landmark/{name}_high']
        assert low <= scalars[f'landmark/{name}'] <= high


def test_intervals_are_over_subjects():
    # Copies of a person's image carry no news, so they narrow nothing.
    rng = np.random.default_rng(0)
    thrice = [
        make_sample(offset=offset, id=copy, img_id=i, subject=f's{i:02d}')
        for i, offset in enumerate(rng.normal(0, 3, size=(20, 2)))
        for copy in range(3)
    ]
    a, _ = evaluate(thrice[::3], num_bootstrap=500)
    b, metric = evaluate(thrice, num_bootstrap=500)
    for name in ('ME', 'ME_low', 'ME_high', 'AUC_low', 'FR_high'):
        assert a[f'landmark/{name}'] == pytest.approx(b[f'landmark/{name}'])
    assert metric.report['num_subjects'] == 20
    assert metric.report['num_images'] == 60


def test_tables_per_landmark_and_site():
    samples = many_samples()
    single = by_hand(samples)
    samples.append(make_sample(visible=(1, 0, 0), site=None, img_id=99))
    report = evaluate(samples, threshold=6.0)[1].report
    seen = [s.gt_instances.keypoints_visible[0, 2] for s in samples]
    chins = np.array([e[-1] for e, chin in zip(single, seen) if chin])
    entry = report['per_landmark']['chin']
    assert entry['n'] == len(chins) < 13
    assert entry['ME'] == pytest.approx(chins.mean())
    assert entry['FR'] == pytest.approx((chins > 6).mean())
    sites = report['per_site']
    assert list(sites) == ['north', 'south', 'unknown']
    assert sites['north']['num_images'] == 6
    assert sites['north']['num_subjects'] == 3
    north = [np.mean(e) for i, e in enumerate(single) if i % 4 < 2]
    found = sites['north']['metrics']['ME']['value']
    assert found == pytest.approx(np.mean(north))
    assert sites['unknown']['metrics']['ME']['low'] is None


def test_report_is_json_and_names_no_subject():
    samples = many_samples()
    samples += [make_sample(subject='patient_x', site='west', id=1)]
    _, metric = evaluate(samples, unit=['eye_R', 'eye_L'], threshold=0.1)
    text = json.dumps(metric.report, allow_nan=False)
    assert 'patient_x' not in text
    assert json.loads(text) == metric.report
    _, metric = evaluate(many_samples(), include_ids=True)
    first = metric.report['image_errors'][0]
    assert (first['subject'], first['img_id']) == ('s0', 0)
    assert first['error'] == pytest.approx(np.mean(by_hand(samples)[0]))


def test_every_instance_is_a_record_and_a_sample_one_result():
    # mmengine cuts the joined results to the number of samples; a result an
    # instance would lose the last ones.
    both = make_sample(
        truth=np.concatenate([TRUTH, TRUTH + 50]),
        offset=np.array([[[0.0, 5.0]], [[0.0, 1.0]]]),
    )
    scalars, metric = evaluate([both, make_sample()], unit='image')
    assert sorted(metric.report['image_errors']) == pytest.approx([1, 5, 5])
    assert scalars['landmark/ME'] == pytest.approx(11 / 3)


def test_visibility_with_weights_and_tensors_are_understood():
    sample = make_sample().to_dict()
    visible = np.zeros((1, 3, 2), dtype=np.float32)
    visible[..., 0] = (1, 0, 1)
    visible[..., 1] = (0, 1, 0)
    sample['gt_instances']['keypoints_visible'] = torch.tensor(visible)
    keypoints = torch.tensor(sample['pred_instances']['keypoints'])
    sample['pred_instances']['keypoints'] = keypoints.bfloat16()
    scalars, metric = evaluate([sample], unit='image', num_bootstrap=0)
    # Without intervals there are no bounds.
    assert set(scalars) == {'landmark/ME', 'landmark/AUC', 'landmark/FR'}
    assert metric.report['metrics']['ME']['low'] is None
    assert scalars['landmark/ME'] == pytest.approx(5, abs=0.3)
    counts = [v['n'] for v in metric.report['per_landmark'].values()]
    assert counts == [1, 0, 1]
    none = {'ME': None, 'AUC': None, 'FR': None, 'n': 0}
    assert metric.report['per_landmark']['eye_L'] == none


# ------------------------------------------------- identity of a test set

SAMPLES = [
    dict(img_id=1, subject='ann'),
    dict(img_id=2, subject='bob', truth=TRUTH + 5),
    dict(img_id=3, subject='ann', truth=TRUTH + 9),
]


def report(changes=(), order=(0, 1, 2)):
    samples = [make_sample(**SAMPLES[i] | dict(changes)) for i in order]
    return evaluate(samples)[1].report


def test_a_test_set_is_known_by_its_truth():
    base = report()
    assert base['input_sizes'] == [[256, 128]]
    assert base['groups'] == [0, 1, 0] and 'ann' not in str(base)
    for same in (
        report(dict(offset=(1.0, 1.0))),
        report(order=(2, 0, 1)),
        report(dict(input_size=(64, 64))),
    ):
        assert same['test_set'] == base['test_set']
    for other in (report(dict(truth=TRUTH + 1)), report(order=(0, 1))):
        assert other['test_set'] != base['test_set']


# --------------------------------------- what is left out, said and refused


@pytest.fixture
def said(monkeypatch):
    messages = []
    monkeypatch.setattr(
        landmark_metric,
        'print_log',
        lambda message, logger=None, level=None: messages.append(message),
    )
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
    scalars, metric = evaluate(
        [make_sample(), make_sample(img_id=4)], unit=['eye_R', 'eye_L']
    )
    assert np.isnan(scalars['landmark/ME_low'])
    assert metric.report['metrics']['ME']['low'] is None
    assert any('a single subject has no interval' in m for m in said)
    # A threshold of pixels with a pair is pointed out.
    assert any('0.1 is a common choice' in m for m in said)


@pytest.mark.parametrize(
    ('meta', 'unit', 'field'),
    [
        (dict(input_scale=None), 'mm', 'mm_per_px'),
        (dict(input_scale=None), 'input', 'input_scale'),
        (dict(mm_per_px=0.0), 'mm', 'mm_per_px'),
        (dict(offset=(np.inf, 0)), 'image', 'not finite'),
        (dict(), ['nose', 'chin'], 'nose'),
    ],
)
def test_what_cannot_be_measured_names_record_and_field(meta, unit, field):
    with refused(text=field) as error:
        evaluate([make_sample(**meta)], unit=unit)
    assert 'record id 7' in str(error.value) or field == 'nose'


def test_samples_that_do_not_fit_are_refused():
    fewer = make_sample(truth=TRUTH[:, :2], visible=(1, 1))
    other_head = make_sample()
    other_head.pred_instances.keypoints = np.zeros((1, 2, 2))
    untested = make_sample().to_dict()
    del untested['pred_instances']
    for samples in (
        [make_sample(), fewer],
        [fewer],
        [other_head],
        [untested],
        [make_sample(visible=(0, 0, 0))],
    ):
        with pytest.raises(InputError):
            evaluate(samples)
    with pytest.raises(InputError):
        LandmarkErrorMetric().evaluate(0)
    # A pair needs a dataset with names.
    metric = LandmarkErrorMetric(unit=['eye_R', 'eye_L'])
    with pytest.raises(InputError, match='keypoint_name2id'):
        metric.process(None, [make_sample().to_dict()])


@pytest.mark.parametrize(
    'kwargs',
    [
        dict(threshold=0),
        dict(failure_thresholds=[2, -1]),
        dict(unit='inch'),
        dict(unit=['a', 'a']),
        dict(per='face'),
    ],
)
def test_wrong_arguments_are_named(kwargs):
    with refused(next(iter(kwargs))):
        METRICS.get('LandmarkErrorMetric')(**kwargs)


def test_the_error_is_given_in_other_units_that_all_samples_know():
    """Every landmark is 5 image pixels off; the input has twice as many."""
    samples = [make_sample(id=i, img_id=i, mm_per_px=0.5) for i in range(2)]
    report = evaluate(samples)[1].report
    assert report['metrics']['ME']['value'] == pytest.approx(10)
    assert report['also'] == pytest.approx({'image px': 5, 'mm': 2.5})
    samples.append(make_sample(id=9, img_id=9))
    also = evaluate(samples)[1].report['also']
    assert also == pytest.approx({'image px': 5})
    assert evaluate(samples, unit='image')[1].report['also'] == {}
