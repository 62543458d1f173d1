"""What a model predicted on a test set, as plain arrays."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import (
    Measurement,
    image_errors,
    measure,
)
from mmpose_ctd.evaluation.metrics.sample_errors import (
    Unit,
    record_name,
    sample_errors,
    sample_points,
)

#: Fields of a sample that a metric may need; none of them names anybody.
_KEPT = (
    *('pred_instances', 'gt_instances', 'site', 'mm_per_px'),
    *('input_size', 'input_scale', 'input_center'),
)


class TestedSet:
    """Predictions and truth of N images, without ids of people.

    Codes replace subjects, and image ids that are not numbers. They sort as
    the names do, so bootstrap intervals stay the same.

    Args:
        samples (Iterable[Mapping]): ``PoseDataSample.to_dict()`` of each
            image, after prediction.
        metainfo (Mapping): Of the dataset; landmarks without name get a
            number.

    Attributes:
        names (list[str]): The K landmarks.
        pred (np.ndarray): Predictions in image pixels, (N, K, 2).
        true (np.ndarray): Truth in image pixels, (N, K, 2), 0 if unknown.
        visible (np.ndarray): Whether the truth is known, bool, (N, K).
        subjects (list[str | None]): A code for each image's subject.
        img_ids (list[int | str]): Number of each image, or a code for it.
        dataset_meta (dict): What a metric reads of a dataset's metainfo.

    Raises:
        InputError: If a sample does not have exactly one face.
    """

    # pytest collects classes of this name.
    __test__ = False

    def __init__(self, samples: Iterable[Mapping], metainfo: Mapping) -> None:
        self._samples, points, people, ids = [], [], [], []
        for i, sample in enumerate(samples):
            found = sample_points(sample)
            if len(found.pred) != 1:
                raise InputError(
                    where=record_name(sample),
                    found=f'has {len(found.pred)} faces',
                    expected='one face a sample, as top-down models have',
                )
            points.append(found)
            people.append(sample.get('subject'))
            number = sample.get('img_id')
            ids.append(i if number is None else number)
            self._samples.append(
                {k: sample[k] for k in _KEPT if sample.get(k) is not None}
            )
        if not points:
            raise InputError(
                where='test_dataloader.dataset', found='the test set is empty'
            )
        self.pred, true, self.visible = map(np.concatenate, zip(*points))
        # Invisible points may be NaN, which no figure can draw.
        self.true = np.where(self.visible[..., None], true, 0.0)
        self.subjects, self.img_ids = _codes(people), ids
        if not all(isinstance(number, (int, np.integer)) for number in ids):
            self.img_ids = _codes(ids)
        names = zip(self.subjects, self.img_ids)
        for i, (subject, img_id) in enumerate(names):
            self._samples[i].update(subject=subject, img_id=img_id, id=i)
        known = metainfo.get('keypoint_id2name') or {}
        numbers = range(self.pred.shape[1])
        self.names = [known.get(k, f'landmark_{k}') for k in numbers]
        self.dataset_meta = dict(
            keypoint_id2name=dict(enumerate(self.names)),
            keypoint_name2id=dict(zip(self.names, numbers)),
            num_keypoints=len(numbers),
            measurements=metainfo.get('measurements'),
        )

    def __len__(self) -> int:
        return len(self.pred)

    def evaluate(self, metric: BaseMetric) -> BaseMetric:
        """Run a metric over the set, as a test does; return the metric."""
        metric.dataset_meta = self.dataset_meta
        for sample in self._samples:
            metric.process({}, [sample])
        metric.evaluate(size=len(self))
        return metric

    def field(self, key: str) -> np.ndarray | None:
        """A field of all images, (N, n); None if one of them lacks it."""
        rows = [sample.get(key) for sample in self._samples]
        if any(row is None for row in rows):
            return None
        return np.array([np.ravel(row) for row in rows], dtype=np.float64)

    def measured(
        self, listed: Sequence[Measurement], scale: np.ndarray | None = None
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Manual and predicted values of each measure, (N,).

        In pixels of the image, or, with ``scale`` (N,) in mm per pixel, in
        mm; NaN where a landmark is not known.
        """
        manual, predicted = (
            measure(points, self.visible, self.names, listed, scale)
            for points in (self.true, self.pred)
        )
        return {key: (manual[key], predicted[key]) for key in manual}

    def errors(self, unit: Unit) -> np.ndarray:
        """Mean error of each image, (N,), NaN where it is unknown."""
        by_name = self.dataset_meta['keypoint_name2id']
        errors = [sample_errors(one, unit, by_name) for one in self._samples]
        return image_errors(np.concatenate(errors))


def _codes(values: list) -> list[str | None]:
    """Numbers for names, in the order of the names."""
    known = sorted({str(v) for v in values if v is not None})
    code = {value: f'{i:06d}' for i, value in enumerate(known)}
    return [None if v is None else code[str(v)] for v in values]
