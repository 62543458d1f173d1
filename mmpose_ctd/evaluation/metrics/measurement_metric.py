"""Agreement of predicted with manual measures, for MMPose's evaluator."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmpose.registry import METRICS

from mmpose_ctd.errors import InputError

from ..functional import (
    Agreement,
    Measurement,
    agreement,
    measure,
    measurement_units,
    measurements_of_set,
)
from .landmark_metric import LandmarkMetric, Records, known_or_none
from .sample_errors import sample_points, unit_scale


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
    ``unit``, ``test_set`` (equal for tests on equal true points),
    ``num_images``, ``num_subjects``, ``groups`` (number of each image's
    subject, counted from 0, no id) and ``measures``: name -> ``kind`` and
    ``landmarks`` or ``distances``, ``unit`` (px, mm, deg, 1), the fields of
    :class:`Agreement` (estimates as value, low, high: a 95 % interval),
    ``per_site`` (site -> those fields), and ``manual`` and ``predicted``, a
    value an image or null. :attr:`agreements` holds the
    :class:`Agreement` of each measure.

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
        **kwargs: Of :class:`.LandmarkMetric`. Resamples are drawn where
            people have several images; with ``include_ids`` the report has
            ``images``; the ``prefix`` defaults to ``'measure'``.

    Raises:
        InputError: If the unit is wrong, a record has no ``mm_per_px``, or
            nothing can be measured in the dataset's landmarks.
    """

    default_prefix = 'measure'

    def __init__(
        self,
        unit: str = 'image',
        measurements: Sequence[Mapping] | None = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if unit not in ('image', 'mm'):
            raise InputError(
                where='MeasurementMetric: unit',
                found=repr(unit),
                expected="'image' (pixels of the image) or 'mm' (needs "
                'mm_per_px in the image records)',
            )
        self.unit = unit
        self.given = measurements
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
        """Measure a batch of samples, see :func:`sample_points`."""
        for sample in data_samples:
            pred, gt, visible = sample_points(sample)
            names = self.landmark_names(gt.shape[1])
            scale = unit_scale(self.unit, sample, gt, visible)[:, None]
            manual, predicted = (
                measure(points * scale, visible, names, self.measurements)
                for points in (gt, pred)
            )
            # (n, M, 2), manual and predicted.
            values = [
                np.stack([manual[name], predicted[name]], axis=-1)
                for name in manual
            ]
            self.keep(sample, np.stack(values, axis=1))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Fill :attr:`report` and return its scalars."""
        records, test_set = self.records_of(results)
        self.agreements = {
            one.name: agreement(
                *records.values[:, m].T,
                records.groups,
                self.num_bootstrap,
                self.seed,
            )
            for m, one in enumerate(self.measurements)
        }
        everyone = range(len(records.values))
        self.report = {
            'unit': self.unit,
            'test_set': test_set,
            'num_images': len(records.values),
            'num_subjects': len(set(records.subjects) - {None}) or None,
            'groups': records.group_numbers(everyone),
            'measures': self._measures(records),
        }
        if self.include_ids:
            self.report['images'] = [
                {'subject': subject, 'img_id': img_id}
                for subject, img_id in zip(records.subjects, records.img_ids)
            ]
        self.warn_of_unknown(records.subjects)
        return {
            f'{name}/{key}': value
            for name, found in self.agreements.items()
            for key, value in (
                ('bias', found.bias.value),
                ('LoA_low', found.loa_low.value),
                ('LoA_high', found.loa_high.value),
                ('MAE', found.mae),
                ('ICC', found.icc.value),
                ('slope', found.slope.value),
            )
        }

    def _measures(self, records: Records) -> dict:
        """Name -> what the report says of a measure."""
        units = measurement_units(self.measurements, mm=self.unit == 'mm')
        groups = np.array(records.groups)
        sites = records.by_site(np.arange(len(records.values)))
        measures = {}
        for m, one in enumerate(self.measurements):
            manual, predicted = pair = records.values[:, m].T
            measures[one.name] = {
                **one.to_dict(),
                'unit': units[one.name],
                **_agreement(self.agreements[one.name]),
                # Without intervals of many resamples.
                'per_site': {
                    site: _agreement(
                        agreement(*pair[:, which], groups[which], 0)
                    )
                    for site, which in sites.items()
                },
                'manual': [known_or_none(v) for v in manual],
                'predicted': [known_or_none(v) for v in predicted],
            }
        return measures


def _agreement(found: Agreement) -> dict:
    report = {
        'n': found.n,
        'num_subjects': found.num_subjects,
        'sd': known_or_none(found.sd),
        'mae': known_or_none(found.mae),
        'interval': found.interval,
        'notes': list(found.notes),
    }
    for name in ('bias', 'loa_low', 'loa_high', 'icc', 'slope'):
        ends = getattr(found, name)._asdict()
        report[name] = {key: known_or_none(v) for key, v in ends.items()}
    return report
