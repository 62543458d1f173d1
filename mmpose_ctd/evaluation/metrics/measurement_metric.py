"""Agreement of predicted with manual measures, for MMPose's evaluator."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmpose.registry import METRICS

from mmpose_ctd.errors import InputError

from ..functional import (
    Agreement,
    Measurement,
    measure,
    measurement_units,
    measurements_of_set,
)
from ..functional.checks import checked_resamples
from .landmark_metric import LandmarkMetric
from .records import collect_records
from .reports import measurement_report
from .sample_errors import sample_points, unit_scale

_UNITS = ('image', 'mm')


@METRICS.register_module()
class MeasurementMetric(LandmarkMetric):
    """Bias, limits of agreement, mean absolute difference and ICC.

    Each measure (a distance, an angle, a ratio) is taken on the predicted
    and on the true landmarks of an image. Over the images the two are
    compared by :func:`agreement`. Differences are predicted - manual.

    The scalars returned are, for each measure, ``<name>/bias``,
    ``/LoA_low``, ``/LoA_high``, ``/MAE``, ``/ICC`` and ``/slope``; NaN where
    not known, as for fewer than three images.

    After an evaluation :attr:`report` holds a dict that JSON can store:
    ``unit``, ``test_set`` (the same for tests on the same true points),
    ``num_images``, ``num_subjects``, ``groups`` (for each image the number
    of its subject, counted from 0, no id) and ``measures``: name -> ``kind``
    and ``landmarks`` or ``distances``, ``unit`` (px, mm, deg, 1), ``n``,
    ``num_subjects``, ``bias``, ``loa_low``, ``loa_high``, ``icc``,
    ``slope`` (each value, low, high: a 95 % interval), ``sd``, ``mae``,
    ``interval`` (how
    intervals were made), ``notes`` (what is not known, and why),
    ``per_site`` (site -> the same), and ``manual`` and ``predicted``, a value
    an image or null. :attr:`agreements` holds the same as objects.

    An image in which a landmark of a measure is not labelled is left out of
    that measure.

    Args:
        unit (str): ``'image'``, pixels of the image, or ``'mm'``, by the
            record's ``mm_per_px``. Angles and ratios have units of their
            own. Defaults to ``'image'``.
        measurements (Sequence[dict], optional): What to measure, see
            :func:`parse_measurements`. ``None`` takes what the annotation
            file lists, or else the standard measures that its landmarks
            allow. Defaults to ``None``.
        num_bootstrap (int): Resamples of an interval, which are drawn where
            people have several images. Defaults to 1000.
        seed (int): Seed of the resamples. Defaults to 0.
        include_ids (bool): Whether the report names subject and image of
            each pair, as ``images``. Defaults to False.
        collect_device (str): ``'cpu'`` or ``'gpu'``, where results of
            several processes meet. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the scalars' names. Defaults to
            ``'measure'``.

    Raises:
        InputError: If the unit is wrong, a record has no ``mm_per_px``, or
            nothing can be measured in the dataset's landmarks.
    """

    default_prefix = 'measure'

    def __init__(
        self,
        unit: str = 'image',
        measurements: Sequence[Mapping] | None = None,
        num_bootstrap: int = 1000,
        seed: int = 0,
        include_ids: bool = False,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if unit not in _UNITS:
            raise InputError(
                where='MeasurementMetric: unit',
                found=repr(unit),
                expected="'image' (pixels of the image) or 'mm' (needs "
                'mm_per_px in the image records)',
            )
        self.unit = unit
        self.given = measurements
        self.num_bootstrap = checked_resamples(num_bootstrap)
        self.seed = seed
        self.include_ids = include_ids
        self.measurements: tuple[Measurement, ...] = ()
        self.agreements: dict[str, Agreement] = {}

    @property
    def dataset_meta(self) -> dict | None:
        """Metainfo of the dataset; setting it decides what is measured."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        # Refuse before the first image is tested.
        self.measurements = measurements_of_set(dataset_meta, self.given)
        if not self.measurements:
            names = (dataset_meta.get('keypoint_name2id') or {}).keys()
            raise InputError(
                where='MeasurementMetric',
                found='nothing to measure: no standard measure is between '
                f'the landmarks {", ".join(names)}',
                cure="List 'measurements' in the annotation file's category "
                'or in the metric.',
            )
        self._dataset_meta = dataset_meta

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Measure a batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with prediction and truth
                in image pixels, see :func:`sample_points`.
        """
        for sample in data_samples:
            pred, gt, visible = sample_points(sample)
            names = self.landmark_names(gt.shape[1])
            scale = unit_scale(self.unit, sample, gt, visible, None)[:, None]
            manual, predicted = (
                measure(points * scale, visible, names, self.measurements)
                for points in (gt, pred)
            )
            # (n, M, 2), manual and predicted.
            values = [
                np.stack([manual[name], predicted[name]], axis=-1)
                for name in manual
            ]
            self.results.append(
                {'measures': np.stack(values, axis=1), **self.origin(sample)}
            )

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Fill :attr:`report` and return its scalars.

        Args:
            results (list[dict]): One entry a sample, of all processes.

        Returns:
            dict[str, float]: ``<name>/bias`` and so on.
        """
        self.require_results(results)
        records = collect_records(results, 'measures')
        report, self.agreements = measurement_report(
            records,
            self.measurements,
            measurement_units(self.measurements, mm=self.unit == 'mm'),
            self.num_bootstrap,
            self.seed,
            self.include_ids,
        )
        self.report = {
            'unit': self.unit,
            'test_set': self.test_set(results),
            **report,
        }
        self.say_who_is_unknown(records.subjects)
        scalars = {}
        for name, found in self.agreements.items():
            scalars |= {
                f'{name}/bias': found.bias.value,
                f'{name}/LoA_low': found.loa_low.value,
                f'{name}/LoA_high': found.loa_high.value,
                f'{name}/MAE': found.mae,
                f'{name}/ICC': found.icc.value,
                f'{name}/slope': found.slope.value,
            }
        return scalars
