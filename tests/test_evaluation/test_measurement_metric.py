"""MeasurementMetric: what it compares, reports, and refuses."""

import json

import numpy as np
import pytest
from landmark_samples import META, TRUTH, make_sample
from landmark_samples import evaluate as evaluate_errors
from mmengine.evaluator import Evaluator
from mmpose.registry import METRICS
from refusals import refused

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation import MeasurementMetric
from mmpose_ctd.evaluation.functional import agreement

OWN = [
    dict(name='eyes', landmarks=['eye_R', 'eye_L']),
    dict(name='face', kind='angle', landmarks=['eye_R', 'chin', 'eye_L']),
    dict(name='height', landmarks=['eye_R', 'chin']),
    dict(name='index', kind='ratio', distances=['eyes', 'height']),
]


def evaluate(samples, meta=META, **kwargs):
    metric = MeasurementMetric(
        **{'num_bootstrap': 50, 'measurements': OWN, **kwargs}
    )
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = meta
    evaluator.process(samples)
    return evaluator.evaluate(len(samples)), metric


def many(num=12, seed=0, per_subject=1, **meta):
    rng = np.random.default_rng(seed)
    return [
        make_sample(
            offset=rng.normal(0, 2, (1, 3, 2)),
            truth=TRUTH + rng.normal(0, 5, TRUTH.shape),
            id=100 + i,
            img_id=i,
            subject=f'miller{i // per_subject}',
            site='north' if i % 2 else 'south',
            **meta,
        )
        for i in range(num)
    ]


def eyes_of(samples):
    """Manual and predicted eye distances, by hand."""
    manual, predicted = [], []
    for sample in samples:
        for points, values in (
            (sample.gt_instances.keypoints[0], manual),
            (sample.pred_instances.keypoints[0], predicted),
        ):
            values.append(np.hypot(*(points[0] - points[1]).astype(float)))
    return np.array(manual), np.array(predicted)


def test_scalars_are_the_agreement_of_distances_by_hand():
    samples = many()
    values, metric = evaluate(samples)
    expected = agreement(*eyes_of(samples))
    for key, estimate in (
        ('bias', expected.bias.value),
        ('LoA_low', expected.loa_low.value),
        ('LoA_high', expected.loa_high.value),
        ('MAE', expected.mae),
        ('ICC', expected.icc.value),
        ('slope', expected.slope.value),
    ):
        assert values[f'measure/eyes/{key}'] == pytest.approx(estimate)
    north = metric.report['measures']['eyes']['per_site']['north']
    manual, predicted = (values[1::2] for values in eyes_of(samples))
    assert north['n'] == 6
    assert north['bias']['value'] == pytest.approx((predicted - manual).mean())
    units = {k: v['unit'] for k, v in metric.report['measures'].items()}
    assert units == {'eyes': 'px', 'face': 'deg', 'height': 'px', 'index': '1'}


def test_millimetres_take_each_records_scale():
    samples = many()
    scales = np.linspace(0.1, 0.5, len(samples))
    for sample, scale in zip(samples, scales):
        sample.set_metainfo(dict(mm_per_px=float(scale)))
    manual, predicted = eyes_of(samples)
    values, metric = evaluate(samples, unit='mm')
    difference = (predicted - manual) * scales
    assert values['measure/eyes/bias'] == pytest.approx(difference.mean())
    assert metric.report['measures']['eyes']['unit'] == 'mm'
    in_px, _ = evaluate(samples)
    for name in ('face', 'index'):
        assert values[f'measure/{name}/bias'] == pytest.approx(
            in_px[f'measure/{name}/bias']
        )


def test_millimetres_without_a_scale_are_refused_by_number():
    with refused(within='record id 100') as error:
        evaluate(many(), unit='mm')
    assert 'miller' not in str(error.value)


def test_several_images_of_a_person_are_hers():
    samples = many(per_subject=3)
    report = evaluate(samples)[1].report
    assert report['num_subjects'] == 4
    assert report['groups'] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert report['measures']['eyes']['interval'] == 'bootstrap over subjects'
    # The other metric knows the same set by the same digest.
    errors = evaluate_errors(samples, num_bootstrap=0)[1].report
    assert report['test_set'] == errors['test_set']


def test_the_report_is_json_and_names_nobody_unless_asked():
    _, metric = evaluate(many(2))
    text = json.dumps(metric.report, allow_nan=False)
    assert 'miller' not in text
    assert metric.report['measures']['eyes']['icc']['value'] is None
    _, metric = evaluate(many(3), include_ids=True)
    assert metric.report['images'][2] == {'subject': 'miller2', 'img_id': 2}


def test_nothing_to_measure_is_refused_before_the_first_image():
    unknown = [dict(name='x', landmarks=['nose', 'chin'])]
    for metric in (MeasurementMetric(), MeasurementMetric('image', unknown)):
        with pytest.raises(InputError):
            metric.dataset_meta = META


@pytest.mark.parametrize(
    'arguments',
    [dict(unit='input'), dict(num_bootstrap=-1), dict(num_bootstrap='many')],
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(InputError) as error:
        METRICS.get('MeasurementMetric')(**arguments)
    assert error.value.where.endswith(next(iter(arguments)))
