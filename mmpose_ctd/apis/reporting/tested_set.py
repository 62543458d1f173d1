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

#: Fields of a sample that a metric may need -> their width.
_GEOMETRY = {
    'input_size': 2,
    'input_scale': 2,
    'input_center': 2,
    'mm_per_px': 1,
}


@dataclass
class TestedSet:
    """Predictions and truth in the dataset's order, without ids of people.

    Attributes:
        names (list[str]): The K landmarks.
        pred (np.ndarray): Predictions in image pixels, (N, K, 2).
        true (np.ndarray): Truth in image pixels, (N, K, 2).
        visible (np.ndarray): Whether the truth is known, bool, (N, K).
        subjects (list[str | None]): A code for each image's subject.
        sites (list[str | None]): Site of each image.
        img_ids (list[int | str]): Number of each image, or a code for it.
        geometry (dict[str, np.ndarray]): ``input_size``, ``input_scale``,
            ``input_center``, (N, 2), and ``mm_per_px``, (N, 1); only those
            that all images have.
        measurements (list, optional): Those that the annotation file lists.
    """

    # pytest collects classes of this name.
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
        """The images as MMPose passes them to a metric."""
        for i in range(len(self)):
            geometry = {key: rows[i] for key, rows in self.geometry.items()}
            if 'mm_per_px' in geometry:
                geometry['mm_per_px'] = float(geometry['mm_per_px'][0])
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
                **geometry,
            )

    def evaluate(self, metric: BaseMetric) -> BaseMetric:
        """Run a metric over the set, as a test does; return the metric."""
        metric.dataset_meta = self.dataset_meta
        for sample in self.samples():
            metric.process({}, [sample])
        metric.evaluate(size=len(self))
        return metric

    def to_input(self, points: np.ndarray) -> np.ndarray | None:
        """Convert image pixels to pixels of the network input, (N, K, 2).

        None if the samples do not say how they were cropped.
        """
        needed = ('input_size', 'input_scale', 'input_center')
        if any(key not in self.geometry for key in needed):
            return None
        size, scale, centre = (self.geometry[k][:, None] for k in needed)
        return (points - centre + 0.5 * scale) / scale * size

    def errors(self, unit: Unit) -> np.ndarray:
        """Mean error of each image, (N,), NaN where it is unknown."""
        by_name = self.dataset_meta['keypoint_name2id']
        return np.concatenate(
            [
                image_errors(sample_errors(sample, unit, by_name))
                for sample in self.samples()
            ]
        )

    def mean_face(self) -> np.ndarray | None:
        """Mean true position of each landmark in the input, (K, 2).

        NaN for a landmark that no image shows; None if the samples do not
        say how they were cropped.
        """
        points = self.to_input(self.true)
        if points is None:
            return None
        points = np.where(self.visible[..., None], points, np.nan)
        return np.ma.masked_invalid(points).mean(axis=0).filled(np.nan)


def collect_samples(
    samples: Sequence[Mapping],
    names: Sequence[str],
    measurements: Sequence | None = None,
) -> TestedSet:
    """Read predictions and truth from data samples.

    Codes replace subjects, and image ids that are not numbers. They sort as
    the names do, so bootstrap intervals stay the same. ``samples`` are
    ``PoseDataSample.to_dict()`` of each image, after prediction.

    Raises:
        InputError: If a sample does not have exactly one face.
    """
    points = [sample_points(sample) for sample in samples]
    for sample, found in zip(samples, points):
        if len(found.pred) != 1:
            raise InputError(
                where=record_name(sample),
                found=f'has {len(found.pred)} faces',
                expected='one face a sample, as top-down models have',
            )
    pred, true, visible = map(np.concatenate, zip(*points))
    img_ids = [sample.get('img_id') for sample in samples]
    if all(img_id is None for img_id in img_ids):
        img_ids = [*range(len(samples))]
    if all(isinstance(img_id, (int, np.integer)) for img_id in img_ids):
        img_ids = [*map(int, img_ids)]
    else:
        img_ids = _codes(img_ids)
    sites = [sample.get('site') for sample in samples]
    return TestedSet(
        names=[*names],
        pred=pred,
        # Invisible points may be NaN, which no figure can draw.
        true=np.where(visible[..., None], true, 0.0),
        visible=visible,
        subjects=_codes([sample.get('subject') for sample in samples]),
        sites=[None if site is None else str(site) for site in sites],
        img_ids=img_ids,
        geometry=_geometry(samples),
        measurements=None if measurements is None else [*measurements],
    )


def _codes(values: list) -> list[str | None]:
    """Numbers for names, in the order of the names."""
    known = sorted({str(v) for v in values if v is not None})
    code = {value: f'{i:06d}' for i, value in enumerate(known)}
    return [None if v is None else code[str(v)] for v in values]


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
