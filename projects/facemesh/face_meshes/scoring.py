"""Fits FaceMesh to labelled faces and tests it as trained systems are.

N: test faces, K: landmarks.
"""

import time
from dataclasses import dataclass, field

import numpy as np

from mmpose_ctd.apis.keypoint_results import points_of_images
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation import LandmarkErrorMetric
from mmpose_ctd.evaluation.metrics.landmark_metric import collect_records

from .labelled_meshes import LabelledMeshes, read_labelled_meshes
from .mesh_file import MeshFile
from .methods import METHODS, fit_method

__all__ = ['FaceMeshScore', 'predict_and_score']


@dataclass(frozen=True)
class FaceMeshScore:
    """Predictions on test faces, and their errors.

    Records are in the order of the image ids, as in the reports of
    ``LandmarkErrorMetric``.

    Attributes:
        method (str): How landmarks follow from the mesh.
        keypoints (list[dict]): COCO keypoint results in pixels of the image;
            the scores are 1, or 0 where no face was found and no model says
            where it is.
        report (dict): ``LandmarkErrorMetric.report``, in pixels of the
            image.
        errors (np.ndarray): (N, K), pixels of the image, NaN for invisible
            landmarks.
        subjects (np.ndarray): Numbers, (N,).
        sites (tuple[str, ...]): N names, ``''`` where unknown.
        landmarks (tuple[str, ...]): K names.
        num_train (int): Labelled training faces, those without mesh
            included.
        missing_train (list): Ids of training images without a face found,
            which the fit does without.
        missing_test (list): Ids of test images without a face found, where
            the prediction is the model's, or, of FaceMesh alone, the training
            faces' mean place in the image.
        strength (float, optional): Of ridge regression, chosen within the
            training faces.
        seconds (float): Of the fit, the choice included.
        test_seconds (float): Of the predictions; the mesh is not in it.
    """

    method: str
    keypoints: list[dict] = field(repr=False)
    report: dict = field(repr=False)
    errors: np.ndarray = field(repr=False)
    subjects: np.ndarray = field(repr=False)
    sites: tuple[str, ...] = field(repr=False)
    landmarks: tuple[str, ...] = field(repr=False)
    num_train: int
    missing_train: list
    missing_test: list
    strength: float | None
    seconds: float
    test_seconds: float

    @property
    def mean_error(self) -> float:
        """ME in pixels of the image."""
        return self.report['metrics']['ME']['value']

    def record_fields(self) -> dict:
        """The test's fields of a record of a comparison, see
        :mod:`mmpose_ctd.apis.comparing.results_frame`."""
        return dict(
            seconds=self.seconds,
            test_seconds=self.test_seconds,
            steps=0,
            test_set=self.report['test_set'],
            landmarks=self.landmarks,
            subjects=self.subjects,
            sites=self.sites,
            errors=self.errors,
        )


def predict_and_score(
    data_root: str,
    ann_file: str,
    train_split: str,
    test_split: str,
    mesh_file: str,
    method: str,
    average_with: str | None = None,
    share: float = 0.2,
    by_site: bool = False,
) -> FaceMeshScore:
    """Fit to the training faces, predict the test faces, measure errors.

    Two detectors that err independently are better together: with the
    landmarks p of a trained model and q of the fit, what is predicted is
    (1 - share) p + share q, and p alone where no face was found.

    Args:
        data_root (str): Folder of the set.
        ann_file (str): Annotation file, relative to it.
        train_split (str): File of the training subjects, relative to it.
        test_split (str): File of the test subjects, relative to it.
        mesh_file (str): Of ``facemesh.py mesh``.
        method (str): ``'vertex'``, ``'ridge'`` or ``'vertex+ridge'``.
        average_with (str, optional): What a model predicted for the test
            faces: COCO's keypoint results, as of ``tools/test.py
            --keypoints``. FaceMesh is alone without.
        share (float): FaceMesh's share in the average, 0 to 1. Defaults to
            0.2, see the README.
        by_site (bool): Whether the fit learns what the sites' annotators
            place differently (:func:`.site_offsets`). Defaults to False.

    Returns:
        FaceMeshScore: Predictions and errors.

    Raises:
        MissingFileError: If a file does not exist.
        InputError: If the files do not fit together, an image trains and
            tests, there is nothing to fit to, or the share is none.
    """
    if not 0 <= share <= 1:
        raise InputError(f'share={share}; expected a number from 0 to 1.')
    if method not in METHODS:
        raise InputError(
            f'method={method!r}; expected one of {", ".join(METHODS)}.'
        )
    meshes = MeshFile.read(mesh_file)
    train = read_labelled_meshes(data_root, ann_file, train_split, meshes)
    test = read_labelled_meshes(data_root, ann_file, test_split, meshes)
    _check(train, test, train_split, test_split)
    begin = time.perf_counter()
    found = train.found

    def of_found(faces: LabelledMeshes, values: list) -> list:
        return [v for v, known in zip(values, faces.found) if known]

    fitted = fit_method(
        method,
        train.meshes[found],
        train.points[found],
        of_found(train, train.subjects),
        of_found(train, train.sites) if by_site else None,
    )
    middle = time.perf_counter()
    if average_with is None:
        # Of a face without mesh nothing but the training faces is known.
        share, predicted = 1.0, _mean_places(train) * test.sizes[:, None]
        seen = test.found
    else:
        predicted = _model_points(average_with, test)
        seen = np.ones_like(test.found)
    fit = fitted.predict(test.meshes[test.found], of_found(test, test.sites))
    predicted[test.found] = (1 - share) * predicted[test.found] + share * fit
    end = time.perf_counter()
    metric = _measure(test, predicted)
    records = collect_records(metric.results)
    count = range(len(records.groups))
    return FaceMeshScore(
        method=method,
        keypoints=_coco_results(test, predicted, seen),
        report=metric.report,
        errors=records.values,
        subjects=np.array(records.group_numbers(count)),
        sites=tuple(str(site or '') for site in records.sites),
        landmarks=tuple(test.names),
        num_train=len(train.infos),
        missing_train=train.missing,
        missing_test=test.missing,
        strength=getattr(fitted, 'strength', None),
        seconds=middle - begin,
        test_seconds=end - middle,
    )


def _check(
    train: LabelledMeshes, test: LabelledMeshes, train_split, test_split
) -> None:
    both = {*train.image_ids} & {*test.image_ids}
    if both:
        raise InputError(
            f'{len(both)} of the {len(test.infos)} images of {test_split} '
            f'are in {train_split}, too: errors on them say nothing about '
            'new faces. Take them out of one.'
        )
    if not train.found.any():
        raise InputError(
            f'{train_split}: FaceMesh found no face on any of its '
            f'{len(train.infos)} images, so that there is nothing to fit to. '
            'Crop the images so that a face fills a fifth to four fifths.'
        )
    labelled = np.isfinite(train.points[train.found]).all(axis=2).any(axis=0)
    if not labelled.all():
        name = train.names[int(np.argmin(labelled))]
        raise InputError(
            f'{train_split}: landmark {name} is labelled on none of the '
            f'{int(train.found.sum())} training faces with a mesh. Add a '
            'subject who has it.'
        )


def _mean_places(train: LabelledMeshes) -> np.ndarray:
    """Mean landmarks as shares of the image's width and height, (K, 2)."""
    shares = train.points / train.sizes[:, None]
    return np.nanmean(shares, axis=0)


def _measure(
    test: LabelledMeshes, predicted: np.ndarray
) -> LandmarkErrorMetric:
    """The metric of trained systems, evaluated."""
    metric = LandmarkErrorMetric(unit='image')
    metric.dataset_meta = test.metainfo
    samples = [
        dict(
            info,
            gt_instances=dict(
                keypoints=info['keypoints'],
                keypoints_visible=info['keypoints_visible'],
            ),
            pred_instances=dict(keypoints=points[None]),
        )
        for info, points in zip(test.infos, predicted)
    ]
    metric.process(None, samples)
    metric.compute_metrics(metric.results)
    return metric


def _model_points(file: str, test: LabelledMeshes) -> np.ndarray:
    """What a model predicted for the test faces, (N, K, 2)."""
    count = [len(test.names)] * len(test.infos)
    return np.stack(points_of_images(file, test.image_ids, count))


def _coco_results(
    test: LabelledMeshes, predicted: np.ndarray, seen: np.ndarray
) -> list[dict]:
    """COCO's keypoint results; the score is whether the face was seen."""
    results = []
    for info, points, known in zip(test.infos, predicted, seen):
        score = float(known)
        triples = np.column_stack([points, np.full(len(points), score)])
        results.append(
            dict(
                image_id=info['img_id'],
                category_id=info['raw_ann_info'].get('category_id', 1),
                keypoints=triples.ravel().tolist(),
                score=score,
            )
        )
    return results
