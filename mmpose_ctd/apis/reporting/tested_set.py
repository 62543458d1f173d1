"""What a model predicted on a test set, as plain arrays.

N: images, K: landmarks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.evaluator import BaseMetric

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import image_errors
from mmpose_ctd.evaluation.metrics.sample_errors import (
    Unit,
    record_name,
    sample_errors,
    sample_points,
)

__all__ = ['TestedSet', 'collect_samples']

#: Fields of a sample's metainfo that a metric may ask for -> their width.
_GEOMETRY = {
    'input_size': 2,
    'input_scale': 2,
    'input_center': 2,
    'mm_per_px': 1,
}


@dataclass
class TestedSet:
    """Predictions and truth, in the dataset's order, without ids of people.

    Attributes:
        names (list[str]): The K landmarks.
        pred (np.ndarray): Predictions in image pixels, (N, K, 2).
        true (np.ndarray): Truth in image pixels, (N, K, 2).
        visible (np.ndarray): Whether it is known, bool, (N, K).
        subjects (list[str | None]): A code of each image's subject.
        sites (list[str | None]): Site of each image.
        img_ids (list[int | str]): Number of each image, or a code for it.
        geometry (dict[str, np.ndarray]): ``input_size``, ``input_scale``,
            ``input_center``, (N, 2), and ``mm_per_px``, (N, 1), as far as
            all images have them.
        measurements (list, optional): What the annotation file says is to be
            measured.
    """

    # pytest takes a class of this name for a test.
    __test__ = False

    names: list
    pred: np.ndarray
    true: np.ndarray
    visible: np.ndarray
    subjects: list
    sites: list
    img_ids: list
    geometry: dict
    measurements: list | None = None

    def __len__(self) -> int:
        return len(self.pred)

    @property
    def dataset_meta(self) -> dict:
        """What a metric reads of a dataset's metainfo."""
        return dict(
            keypoint_id2name=dict(enumerate(self.names)),
            keypoint_name2id={name: i for i, name in enumerate(self.names)},
            num_keypoints=len(self.names),
            measurements=self.measurements,
        )

    def samples(self) -> Iterator[dict]:
        """The images as MMPose hands them to a metric."""
        for i in range(len(self)):
            yield dict(
                pred_instances=dict(keypoints=self.pred[i : i + 1]),
                gt_instances=dict(
                    keypoints=self.true[i : i + 1],
                    keypoints_visible=self.visible[i : i + 1],
                ),
                subject=self.subjects[i],
                site=self.sites[i],
                img_id=self.img_ids[i],
                id=i,
                **{key: _squeezed(v[i]) for key, v in self.geometry.items()},
            )

    def evaluate(self, metric: BaseMetric) -> BaseMetric:
        """Run a metric over the set, as a test does.

        Args:
            metric (BaseMetric): Filled in place.

        Returns:
            BaseMetric: The same.
        """
        metric.dataset_meta = self.dataset_meta
        for sample in self.samples():
            metric.process({}, [sample])
        metric.evaluate(size=len(self))
        return metric

    def to_input(self, points: np.ndarray) -> np.ndarray | None:
        """Image pixels as pixels of the network input, (N, K, 2).

        None where the samples do not tell how they were cut.
        """
        needed = ('input_size', 'input_scale', 'input_center')
        if any(key not in self.geometry for key in needed):
            return None
        size, scale, centre = (self.geometry[k][:, None] for k in needed)
        return (points - centre + 0.5 * scale) / scale * size

    def errors(self, unit: Unit) -> np.ndarray:
        """Mean error of each image, (N,), NaN where it cannot be judged.

        Args:
            unit (str or tuple): As for :class:`LandmarkErrorMetric`.
        """
        by_name = self.dataset_meta['keypoint_name2id']
        return np.concatenate(
            [
                image_errors(sample_errors(sample, unit, by_name))
                for sample in self.samples()
            ]
        )

    def mean_face(self) -> np.ndarray | None:
        """Mean true place of each landmark in the input, (K, 2).

        NaN for a landmark that no image shows; None where the samples do not
        tell how they were cut.
        """
        points = self.to_input(self.true)
        if points is None:
            return None
        count = self.visible.sum(axis=0)[:, None]
        total = np.where(self.visible[..., None], points, 0).sum(axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def collect_samples(
    samples: Sequence[Mapping],
    names: Sequence[str],
    measurements: Sequence | None = None,
) -> TestedSet:
    """Read what is needed off data samples after prediction.

    Subjects become codes in the order of their names, so that intervals,
    which are drawn in that order, stay the same; image ids that are no
    numbers, likewise.

    Args:
        samples (Sequence[Mapping]): ``PoseDataSample.to_dict()`` of each
            image.
        names (Sequence[str]): The K landmarks.
        measurements (Sequence, optional): Of the dataset's metainfo.

    Raises:
        InputError: If a sample has more or fewer than one face.
    """
    points = [sample_points(sample) for sample in samples]
    for sample, found in zip(samples, points):
        if len(found.pred) != 1:
            raise InputError(
                f'{record_name(sample)} has {len(found.pred)} faces; a '
                'report is about top-down models, one face a sample.'
            )
    pred, true, visible = (
        np.concatenate([getattr(p, field) for p in points])
        for field in ('pred', 'gt', 'visible')
    )
    return TestedSet(
        names=[*names],
        pred=pred,
        # What is not visible may be NaN, which no figure can draw.
        true=np.where(visible[..., None], true, 0.0),
        visible=visible,
        subjects=_codes([sample.get('subject') for sample in samples]),
        sites=[
            None if sample.get('site') is None else str(sample['site'])
            for sample in samples
        ],
        img_ids=_image_codes([sample.get('img_id') for sample in samples]),
        geometry=_geometry(samples),
        measurements=None if measurements is None else [*measurements],
    )


def _codes(values: list) -> list[str | None]:
    """Names as numbers that sort as they do."""
    known = sorted({str(v) for v in values if v is not None})
    code = {value: f'{i:06d}' for i, value in enumerate(known)}
    return [None if v is None else code[str(v)] for v in values]


def _image_codes(values: list) -> list:
    if all(isinstance(v, (int, np.integer)) for v in values):
        return [int(v) for v in values]
    if all(v is None for v in values):
        return [*range(len(values))]
    return _codes(values)


def _geometry(samples: Sequence[Mapping]) -> dict[str, np.ndarray]:
    found = {}
    for key, width in _GEOMETRY.items():
        values = [sample.get(key) for sample in samples]
        if any(value is None for value in values):
            continue
        rows = [np.ravel(np.asarray(v, dtype=np.float64)) for v in values]
        if all(len(row) in (1, width) for row in rows):
            found[key] = np.stack([np.resize(row, width) for row in rows])
    return found


def _squeezed(value: np.ndarray):
    return float(value[0]) if value.shape == (1,) else value
