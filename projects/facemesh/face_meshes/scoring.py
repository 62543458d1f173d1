"""Fits FaceMesh to labelled faces and tests it as trained systems are.

N: test faces, K: landmarks.
"""

import time

import numpy as np

from mmpose_ctd.apis.keypoint_results import points_of_images
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation import LandmarkErrorMetric

from .labelled_meshes import LabelledMeshes, read_labelled_meshes
from .mesh_file import MeshFile
from .methods import fit_method

__all__ = ['predict_and_score']


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
) -> dict:
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
        dict: As JSON can store it. ``keypoints``: COCO keypoint results,
        pixels of the image, by image id; the scores are 1, or 0 where no face
        was found and no model says where it is: at the training faces' mean
        place in the image. ``reports``: one of ``LandmarkErrorMetric``, in
        pixels of the image, as of ``tools/test.py --out``. ``method``,
        ``share``; ``num_train``: labelled training faces, those without mesh
        included; ``missing_train`` and ``missing_test``: ids of images
        without a face found; ``seconds`` of the fit, the choice of a strength
        included; ``test_seconds`` of the predictions, the mesh not included.

    Raises:
        MissingFileError: If a file does not exist.
        InputError: If the files do not fit together, an image trains and
            tests, there is nothing to fit to, or the share is none.
    """
    if not 0 <= share <= 1:
        raise InputError(f'share={share}; expected a number from 0 to 1.')
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
        shares = train.points / train.sizes[:, None]
        predicted = np.nanmean(shares, axis=0) * test.sizes[:, None]
        share, seen = 1.0, test.found
    else:
        count = [len(test.names)] * len(test.infos)
        predicted = np.stack(
            points_of_images(average_with, test.image_ids, count)
        )
        seen = np.ones_like(test.found)
    fit = fitted.predict(test.meshes[test.found], of_found(test, test.sites))
    predicted[test.found] = (1 - share) * predicted[test.found] + share * fit
    end = time.perf_counter()
    return dict(
        keypoints=_coco_results(test, predicted, seen),
        method=method,
        share=share,
        num_train=len(train.infos),
        missing_train=train.missing,
        missing_test=test.missing,
        seconds=middle - begin,
        test_seconds=end - middle,
        reports=[_report(test, predicted)],
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


def _report(test: LabelledMeshes, predicted: np.ndarray) -> dict:
    """Of the metric of trained systems."""
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
    return metric.report


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
