"""The numbers of LandmarkErrorMetric, against loops by hand."""

import json
import pickle

import mmengine
import numpy as np
import pytest
import torch
from landmark_samples import (
    META,
    TRUTH,
    by_hand,
    evaluate,
    make_sample,
    many_samples,
)
from mmpose.registry import METRICS

from mmpose_ctd.evaluation import LandmarkErrorMetric


@pytest.mark.parametrize(
    'unit, meta, expected',
    [
        ('image', {}, 5.0),
        ('input', {}, 10.0),
        # x doubled, y kept: (6, 4)
        ('input', {'input_scale': np.array([128.0, 128.0])}, 52**0.5),
        ('mm', {'mm_per_px': 0.3}, 1.5),
        (['eye_R', 'eye_L'], {}, 5.0 / 40),
        (('eye_R', 'chin'), {}, 5.0 / (20**2 + 60**2) ** 0.5),
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
    for name in ('ME', 'AUC', 'FR', 'FR@2', 'FR@7.5'):
        low = scalars[f'landmark/{name}_low']
        high = scalars[f'landmark/{name}_high']
        assert low <= scalars[f'landmark/{name}'] <= high


def test_single_landmarks_instead_of_images():
    samples = many_samples()
    scalars, metric = evaluate(samples, per='landmark')
    e = [x for single in by_hand(samples) for x in single]
    assert scalars['landmark/ME'] == pytest.approx(np.mean(e))
    share = np.mean(np.array(e) > 5)
    assert scalars['landmark/FR'] == pytest.approx(share)
    assert sorted(metric.report['landmark_errors']) == pytest.approx(sorted(e))
    assert len(metric.report['image_errors']) == 12


def test_intervals_are_over_subjects():
    # Copies of a person's image carry no news, so they narrow nothing.
    rng = np.random.default_rng(0)
    once, thrice = [], []
    for i in range(20):
        offset = rng.normal(0, 3, size=2)
        for copy in range(3):
            sample = make_sample(
                offset=offset, id=3 * i + copy, img_id=i, subject=f's{i:02d}'
            )
            thrice.append(sample)
            if copy == 0:
                once.append(sample)
    a, _ = evaluate(once, num_bootstrap=500)
    b, metric = evaluate(thrice, num_bootstrap=500)
    for name in ('ME', 'ME_low', 'ME_high', 'AUC_low', 'FR_high'):
        assert a[f'landmark/{name}'] == pytest.approx(b[f'landmark/{name}'])
    assert metric.report['num_subjects'] == 20
    assert metric.report['num_images'] == 60


def test_without_intervals_there_are_no_bounds():
    scalars, metric = evaluate(many_samples(), num_bootstrap=0)
    assert set(scalars) == {'landmark/ME', 'landmark/AUC', 'landmark/FR'}
    assert metric.report['metrics']['ME']['low'] is None


def test_tables_per_landmark_and_site():
    samples = many_samples()
    samples.append(make_sample(visible=(1, 0, 0), site=None, img_id=99))
    _, metric = evaluate(samples, threshold=6.0)
    single = by_hand(samples)
    chins = [
        errors[-1]
        for errors, sample in zip(single, samples)
        if sample.gt_instances.keypoints_visible[0, 2]
    ]
    entry = metric.report['per_landmark']['chin']
    assert entry['n'] == len(chins) < 13
    assert entry['ME'] == pytest.approx(np.mean(chins))
    assert entry['FR'] == pytest.approx(np.mean(np.array(chins) > 6))
    north = [
        np.mean(errors)
        for errors, sample in zip(single, samples)
        if sample.get('site') == 'north'
    ]
    sites = metric.report['per_site']
    assert list(sites) == ['north', 'south', 'unknown']
    assert sites['north']['metrics']['ME']['value'] == pytest.approx(
        np.mean(north)
    )
    assert sites['north']['num_images'] == len(north)
    assert sites['north']['num_subjects'] == 3
    assert sites['unknown']['metrics']['ME']['low'] is None


def test_a_landmark_that_is_never_visible_has_no_number():
    _, metric = evaluate([make_sample(visible=(1, 1, 0))])
    assert metric.report['per_landmark']['chin'] == {
        'ME': None,
        'AUC': None,
        'FR': None,
        'n': 0,
    }


def test_report_is_json_and_names_no_subject():
    samples = many_samples()
    samples += [make_sample(subject='patient_x', site='west', id=1)]
    _, metric = evaluate(samples, unit=['eye_R', 'eye_L'], threshold=0.1)
    text = json.dumps(metric.report, allow_nan=False)
    assert 'patient_x' not in text
    assert json.loads(text) == metric.report


def test_report_names_subjects_when_asked():
    _, metric = evaluate(many_samples(), include_ids=True)
    json.dumps(metric.report, allow_nan=False)
    first = metric.report['image_errors'][0]
    assert (first['subject'], first['img_id']) == ('s0', 0)
    assert first['error'] == pytest.approx(np.mean(by_hand(many_samples())[0]))


def test_partition_and_order_do_not_matter():
    """Two processes' chunks, pickled, joined as mmengine joins them."""
    samples = many_samples()
    expected, whole = evaluate(samples)
    order = np.random.default_rng(3).permutation(len(samples))
    chunks = []
    for part in (order[:5], order[5:]):
        metric = LandmarkErrorMetric(num_bootstrap=100)
        metric.process(None, [samples[i].to_dict() for i in part])
        chunks.append(pickle.loads(pickle.dumps(metric.results, protocol=2)))
    metric = LandmarkErrorMetric(num_bootstrap=100)
    metric.dataset_meta = META
    metric.results = [r for pair in zip(*chunks) for r in pair]
    metric.results += chunks[1][5:]
    assert metric.evaluate(len(samples)) == expected
    assert metric.report == whole.report


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
    keypoints = sample['pred_instances']['keypoints']
    sample['pred_instances']['keypoints'] = torch.tensor(keypoints)
    _, metric = evaluate([sample])
    counts = [v['n'] for v in metric.report['per_landmark'].values()]
    assert counts == [1, 0, 1]


def test_half_precision_predictions_are_understood():
    sample = make_sample().to_dict()
    keypoints = torch.tensor(sample['pred_instances']['keypoints'])
    sample['pred_instances']['keypoints'] = keypoints.bfloat16()
    scalars, _ = evaluate([sample], unit='image')
    assert scalars['landmark/ME'] == pytest.approx(5, abs=0.3)


def test_is_built_from_a_config_by_mmpose():
    cfg = mmengine.ConfigDict(
        type='LandmarkErrorMetric', unit=['eye_R', 'eye_L'], prefix='eyes'
    )
    metric = METRICS.build(cfg)
    assert isinstance(metric, LandmarkErrorMetric)
    assert metric.unit == ('eye_R', 'eye_L')
    assert metric.prefix == 'eyes'
