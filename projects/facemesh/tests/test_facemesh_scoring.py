"""FaceMesh is judged as trained systems are."""

import json

import numpy as np
import pytest
from landmark_set import landmark_content, write_landmark_set
from mesh_toys import write_meshes
from mmengine.structures import InstanceData
from random_meshes import random_meshes

from mmpose_ctd.apis.comparing.results_frame import results_frame, usable
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
    triples = [np.reshape(r['keypoints'], (4, 3)) for r in result.keypoints]
    return np.stack(triples)[..., :2]


@pytest.mark.parametrize('method', ['vertex', 'ridge', 'vertex+ridge'])
def test_errors_are_the_distances_of_the_written_keypoints(
    score, content, method
):
    result = score(method)
    truth = {
        a['image_id']: np.reshape(a['keypoints'], (4, 3))[:, :2]
        for a in content['annotations']
    }
    assert [r['image_id'] for r in result.keypoints] == [9, 10, 11, 12]
    for row, record in enumerate(result.keypoints):
        triples = np.reshape(record['keypoints'], (4, 3))
        distances = np.linalg.norm(
            triples[:, :2] - truth[record['image_id']], axis=1
        )
        np.testing.assert_allclose(result.errors[row], distances, rtol=1e-4)
        assert (triples[:, 2] == 1).all() and record['score'] == 1
        assert record['category_id'] == 1
    assert result.mean_error == pytest.approx(result.errors.mean())
    # Noise of 1 px a coordinate, and not much more.
    assert 0.3 < result.mean_error < 6


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
        found = np.reshape(ours.keypoints[i]['keypoints'], (1, 4, 3))
        sample.pred_instances = InstanceData(keypoints=found[..., :2])
        metric.process(None, [sample.to_dict()])
    metric.compute_metrics(metric.results)
    # FaceMesh's input is not ours to tell.
    theirs = dict(metric.report, input_sizes=[])
    assert theirs == ours.report
    assert ours.subjects.tolist() == metric.report['groups'] == [0, 0, 1, 1]


def test_the_fields_make_a_record_of_a_run(score):
    result = score()
    record = dict(system='facemesh', budget=8, seed=0)
    record |= result.record_fields()
    (record,), _, warnings = usable([record])
    assert not warnings
    frame = results_frame([record])
    assert frame.error.mean() == pytest.approx(result.mean_error)
    assert record['errors'].shape == (4, len(record['landmarks'])) == (4, 4)
    assert frame.site.tolist() == ['london', 'london', '3dsk', '3dsk']


def test_a_test_face_without_mesh_is_judged_at_the_mean_place(score, content):
    result = score(missing=[9])
    assert result.missing_test == [10] and result.missing_train == []
    assert [r['score'] for r in result.keypoints] == [1, 0, 1, 1]
    train = [
        np.reshape(a['keypoints'], (4, 3)) for a in content['annotations']
    ]
    found = np.reshape(result.keypoints[1]['keypoints'], (4, 3))
    np.testing.assert_allclose(
        found[:, :2], np.mean(train[:8], axis=0)[:, :2], rtol=1e-5
    )
    others = score()
    np.testing.assert_array_equal(
        result.errors[[0, 2, 3]], others.errors[[0, 2, 3]]
    )
    assert result.errors[1].mean() > others.errors[1].mean()
    assert result.report['test_set'] == others.report['test_set']


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
    assert both.report['test_set'] == alone.report['test_set']
    if share == 1:
        np.testing.assert_allclose(both.errors, alone.errors)


def test_where_no_face_is_found_the_model_is_believed(score, model_points):
    points, write = model_points
    both = score(average_with=write(), missing=[9])
    assert both.missing_test == [10]
    np.testing.assert_allclose(points_of(both)[1], points[1])
    assert [r['score'] for r in both.keypoints] == [1, 1, 1, 1]


def test_a_models_points_of_other_images_are_refused(score, model_points):
    write = model_points[1]
    with pytest.raises(InputError, match='id=12: no prediction'):
        score(average_with=write(ids=(9, 10, 11)))
    for share in (-0.1, 1.5, float('nan')):
        with pytest.raises(InputError, match='a number from 0 to 1'):
            score(average_with=write(), share=share)


def test_a_training_face_without_mesh_is_left_out_and_told(score, content):
    result = score(missing=[0, 1])
    assert result.missing_train == [1, 2] and result.num_train == 8
    np.testing.assert_array_equal(result.errors, score(train='rest').errors)


def test_labels_of_the_test_faces_are_not_looked_at(score, content):
    before = score('vertex+ridge')
    for annotation in content['annotations'][8:]:
        annotation['keypoints'][0] += 20
    after = score('vertex+ridge')
    assert before.keypoints == after.keypoints
    assert before.report['test_set'] != after.report['test_set']


def test_an_image_that_trains_and_tests_is_refused(score):
    with pytest.raises(InputError, match=r'2 of the 4 images .*mixed.txt'):
        score(test='mixed', train='train')


def test_a_split_without_any_face_found_is_refused(score):
    with pytest.raises(InputError, match='no face on any of its 8 images'):
        score(missing=range(8))


def test_a_landmark_that_no_training_face_has_is_named(score, content):
    for annotation in content['annotations'][:8]:
        annotation['keypoints'][6:9] = [0, 0, 0]
    with pytest.raises(InputError, match='subnasale is labelled on none'):
        score()


def test_two_faces_on_an_image_are_refused(score, content):
    twin = json.loads(json.dumps(content['annotations'][0])) | dict(id=999)
    content['annotations'].append(twin)
    with pytest.raises(InputError, match='image id=1 has several'):
        score()


def test_an_unknown_method_is_named(score):
    with pytest.raises(InputError, match=r"'mesh'; expected one of vertex"):
        score('mesh')
