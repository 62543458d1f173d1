"""FaceMesh is judged as trained systems are."""

import json

import numpy as np
import pytest
from landmark_set import landmark_content, write_landmark_set
from mesh_toys import write_meshes
from mmengine.structures import InstanceData
from random_meshes import random_meshes

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation import LandmarkErrorMetric
from projects.facemesh.face_meshes.scoring import predict_and_score

ANN = 'annotations/landmarks.json'
SPLITS = dict(
    train=['subject0', 'subject1', 'subject2', 'subject3'],
    test=['subject4', 'subject5'],
    rest=['subject1', 'subject2', 'subject3'],
    mixed=['subject3', 'subject4'],
)


@pytest.fixture
def content():
    """Twelve images, two a subject; the landmarks follow the meshes."""
    content = landmark_content(12, size=(200, 160))
    meshes = random_meshes(12)
    random = np.random.default_rng(3)
    for annotation, mesh in zip(content['annotations'], meshes):
        points = mesh[[0, 3, 5, 8], :2] + random.normal(size=(4, 2))
        annotation['keypoints'] = (
            np.column_stack([points, np.full(4, 2)]).ravel().tolist()
        )
    return content


@pytest.fixture
def score(tmp_path, content):
    def score(
        method='vertex', missing=(), train='train', test='test', **options
    ):
        root = write_landmark_set(tmp_path / 'set', content, SPLITS)
        meshes = random_meshes(12)
        meshes[[*missing]] = np.nan
        file = write_meshes(tmp_path / 'm.npz', root, content, meshes)
        splits = [f'splits/{name}.txt' for name in (train, test)]
        return predict_and_score(
            str(root), ANN, *splits, str(file), method, **options
        )

    return score


@pytest.fixture
def model_points(tmp_path):
    """What a model said of the four test faces, and its file."""
    points = np.random.default_rng(5).uniform(50, 150, (4, 4, 2))
    file = tmp_path / 'model.json'

    def write(ids=(9, 10, 11, 12)):
        results = [
            dict(
                image_id=i,
                keypoints=np.column_stack([p, np.ones(len(p))])
                .ravel()
                .tolist(),
            )
            for i, p in zip(ids, points)
        ]
        file.write_text(json.dumps(results))
        return str(file)

    return points, write


def points_of(result):
    """Predicted landmarks, (4, 4, 2)."""
    triples = [np.reshape(r['keypoints'], (4, 3)) for r in result['keypoints']]
    return np.stack(triples)[..., :2]


def scores_of(result):
    return [r['score'] for r in result['keypoints']]


def truth_of(content):
    triples = [
        np.reshape(a['keypoints'], (4, 3)) for a in content['annotations']
    ]
    return np.stack(triples)[..., :2]


@pytest.mark.parametrize('method', ['vertex', 'ridge', 'vertex+ridge'])
def test_errors_are_the_distances_of_the_written_keypoints(
    score, content, method
):
    result = score(method)
    truth = truth_of(content)[8:]
    distances = np.linalg.norm(points_of(result) - truth, axis=-1)
    (report,) = result['reports']
    np.testing.assert_allclose(
        report['image_errors'], distances.mean(axis=1), rtol=1e-4
    )
    assert report['metrics']['ME']['value'] == pytest.approx(
        distances.mean(), rel=1e-4
    )
    # Noise of 1 px a coordinate, and not much more.
    assert 0.3 < distances.mean() < 6
    for number, record in enumerate(result['keypoints'], 9):
        assert record['image_id'] == number and record['category_id'] == 1
        assert record['keypoints'][2::3] == [1] * 4 and record['score'] == 1


def test_the_test_set_is_that_of_a_trained_system(score, content, tmp_path):
    """Paired by what the metric says after MMPose's own pipeline."""
    content['annotations'][9]['keypoints'][5] = 0
    ours = score()
    pipeline = [
        dict(type='LoadLandmarkImage'),
        dict(type='GetBBoxCenterScale', padding=1.0),
        dict(type='TopdownAffine', input_size=(64, 64), use_udp=True),
        dict(type='PackLandmarkInputs'),
    ]
    dataset = CIFASDDataset(
        ANN,
        str(tmp_path / 'set'),
        split='splits/test.txt',
        pipeline=pipeline,
        test_mode=True,
    )
    metric = LandmarkErrorMetric(unit='image')
    metric.dataset_meta = dataset.metainfo
    for i in reversed(range(4)):
        sample = dataset[i]['data_samples']
        found = np.reshape(ours['keypoints'][i]['keypoints'], (1, 4, 3))
        sample.pred_instances = InstanceData(keypoints=found[..., :2])
        metric.process(None, [sample.to_dict()])
    metric.compute_metrics(metric.results)
    # FaceMesh's input is not ours to tell.
    theirs = dict(metric.report, input_sizes=[])
    assert theirs == ours['reports'][0]
    assert theirs['groups'] == [0, 0, 1, 1]


def test_a_test_face_without_mesh_is_judged_at_the_mean_place(score, content):
    result, others = score(missing=[9]), score()
    assert result['missing_test'] == [10] and result['missing_train'] == []
    assert scores_of(result) == [1, 0, 1, 1]
    found, usual = points_of(result), points_of(others)
    mean = truth_of(content)[:8].mean(axis=0)
    np.testing.assert_allclose(found[1], mean, rtol=1e-5)
    np.testing.assert_array_equal(found[[0, 2, 3]], usual[[0, 2, 3]])
    (report,), (alone,) = result['reports'], others['reports']
    assert report['image_errors'][1] > alone['image_errors'][1]
    assert report['test_set'] == alone['test_set']


@pytest.mark.parametrize('share', [0.0, 0.25, 1.0])
def test_a_models_points_are_averaged_with_the_meshs(
    score, model_points, share
):
    points, write = model_points
    alone = score()
    both = score(average_with=write(), share=share)
    np.testing.assert_allclose(
        points_of(both), points + share * (points_of(alone) - points)
    )
    # Judged as ever: by distances from the same truth.
    (report,), (usual,) = both['reports'], alone['reports']
    assert report['test_set'] == usual['test_set']


def test_where_no_face_is_found_the_model_is_believed(score, model_points):
    points, write = model_points
    both = score(average_with=write(), missing=[9])
    assert both['missing_test'] == [10]
    np.testing.assert_allclose(points_of(both)[1], points[1])
    assert scores_of(both) == [1, 1, 1, 1]


def test_a_models_points_of_other_images_are_refused(score, model_points):
    write = model_points[1]
    with pytest.raises(InputError, match='id=12: no prediction'):
        score(average_with=write(ids=(9, 10, 11)))
    for share in (-0.1, 1.5, float('nan')):
        with pytest.raises(InputError, match='a number from 0 to 1'):
            score(average_with=write(), share=share)


def test_a_training_face_without_mesh_is_left_out_and_told(score, content):
    result = score(missing=[0, 1])
    assert result['missing_train'] == [1, 2] and result['num_train'] == 8
    assert result['reports'] == score(train='rest')['reports']


def test_labels_of_the_test_faces_are_not_looked_at(score, content):
    before = score('vertex+ridge')
    for annotation in content['annotations'][8:]:
        annotation['keypoints'][0] += 20
    after = score('vertex+ridge')
    assert before['keypoints'] == after['keypoints']
    assert before['reports'] != after['reports']


def nothing(content):
    """Spoils nothing: the options do."""


def no_subnasale(content):
    for annotation in content['annotations'][:8]:
        annotation['keypoints'][6:9] = [0, 0, 0]


def two_faces(content):
    content['annotations'].append(content['annotations'][0] | dict(id=999))


@pytest.mark.parametrize(
    'spoil, options, said',
    [
        (nothing, dict(test='mixed'), '2 of the 4 images .*mixed.txt'),
        (nothing, dict(missing=range(8)), 'no face on any of its 8 images'),
        (no_subnasale, {}, 'subnasale is labelled on none'),
        (two_faces, {}, 'image id=1 has several'),
    ],
)
def test_what_cannot_be_judged_is_refused(
    score, content, spoil, options, said
):
    spoil(content)
    with pytest.raises(InputError, match=said):
        score(**options)
