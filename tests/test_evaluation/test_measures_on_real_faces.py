"""Landmarks moved by a known SD, and what the whole chain makes of it."""

import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.evaluation import LandmarkErrorMetric, MeasurementMetric

pytestmark = pytest.mark.real_data
MM_PER_PX = 0.7


@pytest.fixture(scope='module')
def faces(shared_root):
    return CIFASDDataset(
        data_root=str(shared_root / 'data' / 'frl_faces'),
        ann_file='annotations/landmarks19.json',
        test_mode=True,
        pipeline=[
            dict(type='LoadLandmarkImage'),
            dict(type='GetBBoxCenterScale', padding=1.0),
            dict(type='TopdownAffine', input_size=(64, 64), use_udp=True),
            dict(type='PackLandmarkInputs'),
        ],
    )


def report(faces, sigma, unit):
    rng = np.random.default_rng(0)
    samples = []
    for face in faces:
        sample = face['data_samples']
        truth = sample.gt_instances.keypoints
        moved = truth + rng.normal(0, sigma, truth.shape)
        sample.pred_instances = InstanceData(keypoints=moved)
        sample.set_metainfo(dict(mm_per_px=MM_PER_PX))
        samples.append(sample)
    metric = MeasurementMetric(unit=unit)
    errors = LandmarkErrorMetric(unit=unit)
    evaluator = Evaluator([metric, errors])
    evaluator.dataset_meta = faces.metainfo
    evaluator.process(samples)
    evaluator.evaluate(len(samples))
    return metric.report['measures'], errors.report


def test_a_distance_varies_by_root_two_of_its_points_noise(faces):
    """Noise of SD s on x and y of both ends, along their line: s * sqrt(2).

    Across the line it is felt in second order: a bias of s ** 2 / length.
    """
    sigma, unit, scale = 0.5, 'mm', MM_PER_PX
    expected = sigma * np.sqrt(2) * scale
    measures, errors = report(faces, sigma, unit)
    # Errors of the landmarks have a Rayleigh distribution.
    mean = sigma * np.sqrt(np.pi / 2) * scale
    assert errors['metrics']['ME']['value'] == pytest.approx(mean, rel=0.05)
    assert set(errors['per_site']) == {'3dsk', 'london'}
    distances = [e for e in measures.values() if e['kind'] == 'distance']
    assert len(distances) == 12
    for entry in distances:
        assert entry['n'] == 202
        # Four standard errors of an SD of 202 pairs, and of their mean.
        assert entry['sd'] == pytest.approx(expected, rel=4 / np.sqrt(404))
        length = np.mean(entry['manual'])
        bias = sigma**2 * scale**2 / length
        assert entry['bias']['value'] == pytest.approx(
            bias, abs=4 * expected / np.sqrt(202)
        )
        half = (entry['loa_high']['value'] - entry['loa_low']['value']) / 2
        assert half == pytest.approx(1.96 * entry['sd'], rel=1e-4)
    ratios = [entry['sd'] / expected for entry in distances]
    assert np.mean(ratios) == pytest.approx(1, abs=0.05)
