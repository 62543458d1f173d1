"""The metric on the real test faces, with a prediction of known error."""

import json

import cv2
import numpy as np
import pytest
from rich.console import Console

from mmpose_ctd.evaluation import LandmarkErrorMetric, report_table
from mmpose_ctd.visualization import draw_landmarks

pytestmark = pytest.mark.real_data


@pytest.fixture(scope='module')
def samples(shared_root):
    root = shared_root / 'data' / 'frl_faces'
    data = json.loads((root / 'annotations' / 'landmarks19.json').read_text())
    test = set((root / 'splits' / 'test.txt').read_text().split())
    images = {image['id']: image for image in data['images']}
    names = data['categories'][0]['keypoints']
    found = []
    for annotation in data['annotations']:
        image = images[annotation['image_id']]
        if image['subject'] not in test:
            continue
        points = np.reshape(annotation['keypoints'], (1, -1, 3))
        found.append(
            dict(
                id=annotation['id'],
                img_id=image['id'],
                img_path=str(root / 'images' / image['file_name']),
                subject=image['subject'],
                site=image['site'],
                input_size=(128, 128),
                input_scale=np.array([256.0, 256.0]),
                gt_instances=dict(
                    keypoints=points[..., :2], keypoints_visible=points[..., 2]
                ),
            )
        )
    return names, found


def test_known_jitter_gives_its_known_mean(samples):
    names, found = samples
    rng = np.random.default_rng(0)
    for sample in found:
        truth = sample['gt_instances']['keypoints']
        jitter = rng.normal(0, 2.0, size=truth.shape)
        sample['pred_instances'] = dict(keypoints=truth + jitter)
    metric = LandmarkErrorMetric(failure_thresholds=(2, 3))
    metric.dataset_meta = {
        'keypoint_id2name': dict(enumerate(names)),
        'keypoint_name2id': {name: i for i, name in enumerate(names)},
    }
    metric.process(None, found)
    scalars = metric.evaluate(len(found))
    # Normal errors of 2 px have a Rayleigh length of mean 2 sqrt(pi / 2);
    # the input is half as large as the image.
    expected = np.sqrt(np.pi / 2)
    assert scalars['landmark/ME'] == pytest.approx(expected, rel=0.05)
    assert scalars['landmark/ME_low'] < expected < scalars['landmark/ME_high']
    report = metric.report
    assert report['num_images'] == report['num_subjects'] == 60
    sites = {s: e['num_images'] for s, e in report['per_site'].items()}
    assert sites == {'3dsk': 30, 'london': 30}
    assert list(report['per_landmark']) == names
    assert {e['n'] for e in report['per_landmark'].values()} == {60}
    Console(quiet=True).print(report_table(report))


def test_a_real_face_can_be_drawn(samples):
    _, found = samples
    sample = found[0]
    image = cv2.imread(sample['img_path'])
    truth = sample['gt_instances']['keypoints'][0]
    picture = draw_landmarks(image, truth + 1, truth, margin=0.3)
    assert min(picture.shape[:2]) >= 768
