"""LandmarkErrorMetric on samples as MMPose's evaluator hands them over."""

import json
import logging
import pickle

import mmengine
import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData
from mmpose.registry import METRICS
from mmpose.structures import PoseDataSample

from mmpose_ctd.evaluation import LandmarkErrorMetric
from mmpose_ctd.evaluation.metrics import landmark_error_metric

NAMES = ['eye_R', 'eye_L', 'chin']
META = {
    'keypoint_name2id': {name: i for i, name in enumerate(NAMES)},
    'keypoint_id2name': dict(enumerate(NAMES)),
}
TRUTH = np.array([[[20.0, 10.0], [60.0, 10.0], [40.0, 70.0]]])


def make_sample(offset=(3.0, 4.0), visible=(1, 1, 1), truth=TRUTH, **meta):
    """A predicted sample; every landmark is off by ``offset`` pixels."""
    fields = dict(
        id=7,
        img_id=3,
        subject='ann',
        site='north',
        input_size=(256, 128),
        input_center=np.array([64.0, 64.0]),
        input_scale=np.array([128.0, 64.0]),
        ori_shape=(128, 128),
    )
    fields.update(meta)
    truth = np.asarray(truth, dtype=np.float64)
    sample = PoseDataSample(
        metainfo={k: v for k, v in fields.items() if v is not None}
    )
    visible = np.asarray(visible, dtype=np.float32)
    sample.gt_instances = InstanceData(
        keypoints=truth.astype(np.float32),
        keypoints_visible=np.broadcast_to(visible, truth.shape[:2]).copy(),
    )
    sample.pred_instances = InstanceData(keypoints=truth + np.asarray(offset))
    return sample


def evaluate(samples, **kwargs):
    metric = LandmarkErrorMetric(**{'num_bootstrap': 100, **kwargs})
    metric.dataset_meta = META
    evaluator = Evaluator(metric)
    evaluator.process(samples)
    return evaluator.evaluate(len(samples)), metric


def many_samples(num=12, seed=0):
    """Two images a person, two sites, errors of many sizes."""
    rng = np.random.default_rng(seed)
    return [
        make_sample(
            offset=rng.normal(0, 3, size=(1, 3, 2)),
            visible=rng.permutation([0, 1, 1]),
            id=100 + i,
            img_id=i,
            subject=f's{i // 2}',
            site='north' if i % 4 < 2 else 'south',
        )
        for i in range(num)
    ]


def by_hand(samples):
    """Errors of each image in input pixels, one landmark at a time."""
    errors = []
    for sample in samples:
        pred = sample.pred_instances.keypoints[0]
        gt = sample.gt_instances.keypoints[0]
        seen = sample.gt_instances.keypoints_visible[0]
        scale = [256 / 128, 128 / 64]
        single = [
            np.hypot(
                (pred[k, 0] - gt[k, 0]) * scale[0],
                (pred[k, 1] - gt[k, 1]) * scale[1],
            )
            for k in range(3)
            if seen[k]
        ]
        errors.append(single)
    return errors


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


@pytest.fixture
def said(monkeypatch):
    messages = []

    def record(message, logger=None, level=logging.INFO):
        messages.append(message)

    monkeypatch.setattr(landmark_error_metric, 'print_log', record)
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
    with pytest.raises(KeyError, match=rf'record id 7 .*{field}.*meta_keys'):
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
    with pytest.raises(KeyError, match='pred_instances'):
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


def test_is_built_from_a_config_by_mmpose():
    cfg = mmengine.ConfigDict(
        type='LandmarkErrorMetric', unit=['eye_R', 'eye_L'], prefix='eyes'
    )
    metric = METRICS.build(cfg)
    assert isinstance(metric, LandmarkErrorMetric)
    assert metric.unit == ('eye_R', 'eye_L')
    assert metric.prefix == 'eyes'
