"""ME, AUC and FR of landmarks, with intervals, for MMPose's evaluator."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmpose.registry import METRICS

from mmpose_ctd.errors import InputError

from ..functional import (
    bootstrap_interval,
    checked_threshold,
    image_errors,
    share_interval,
)
from .landmark_metric import LandmarkMetric, Records, known_or_none
from .sample_errors import checked_unit, sample_errors, unit_label

_OTHER_UNITS = {
    'image px': 'image',
    'mm': 'mm',
    'outer canthal distances': ('exocanthion_R', 'exocanthion_L'),
}


@METRICS.register_module()
class LandmarkErrorMetric(LandmarkMetric):
    """Mean error, area under the error distribution and failure rate.

    With the error of an image, the mean Euclidean distance of its visible
    landmarks from their true positions:

    .. math::
        e_i = \\frac{1}{|V_i|} \\sum_{k \\in V_i}
              \\lVert p_{ik} - g_{ik} \\rVert_2, \\quad
        ME = \\frac{1}{N} \\sum_i e_i, \\quad
        AUC = \\frac{1}{N} \\sum_i \\max(0, 1 - e_i / \\tau), \\quad
        FR = \\frac{1}{N} |\\{i : e_i > \\tau\\}|

    Z. Fu, J. Jiao, M. Suttie, J. A. Noble, "Cross-Task Representation
    Learning for Anatomical Landmark Detection", MLMI 2020.

    The scalars returned are ``ME``, ``AUC``, ``FR``, each with ``_low`` and
    ``_high`` (95 % interval over subjects, NaN if there is only
    one), and ``FR@t`` likewise. Smaller is better for ME and FR; set
    ``save_best='landmark/ME', rule='less'`` in a checkpoint hook.

    After an evaluation :attr:`report` holds a dict that JSON can store:
    ``unit``, ``unit_label``, ``also`` (ME in other units, if all samples know
    them: name -> value), ``input_sizes`` (each [width, height]),
    ``test_set`` (equal for tests on equal true points), ``threshold``,
    ``per``, ``num_images``, ``num_ignored``, ``num_subjects``, ``groups``
    (number of each image's subject, counted from 0, no id),
    ``metrics`` (name -> value, low, high), ``per_landmark`` (name -> ME, AUC,
    FR, n), ``per_site`` (site -> num_images, num_subjects, metrics),
    ``image_errors`` and, with ``per='landmark'``, ``landmark_errors``. It is
    None in processes other than the main one.

    Every instance of a sample is a record. Records without a visible
    landmark, or whose pair (as unit) is invisible or coincides, are left
    out, counted in ``num_ignored`` and warned about. Records without a
    subject are resampled by image.

    Args:
        threshold (float): tau of AUC and FR, in ``unit``. Defaults to 5.0.
        failure_thresholds (Sequence[float]): Thresholds t of further failure
            rates ``FR@t``. Defaults to ().
        unit (str or Sequence[str]): ``'input'``, pixels of the network
            input; ``'image'``, pixels of the image; ``'mm'``, by the
            record's ``mm_per_px``; or two landmark names, whose true
            distance in the record is 1. Defaults to ``'input'``.
        per (str): ``'image'`` or ``'landmark'``: the latter takes single
            landmarks as the errors e. Defaults to ``'image'``.
        **kwargs: Of :class:`.LandmarkMetric`. With ``include_ids`` the
            report's ``image_errors`` are dicts; the ``prefix`` defaults to
            ``'landmark'``.
    """

    default_prefix = 'landmark'

    def __init__(
        self,
        threshold: float = 5.0,
        failure_thresholds: Sequence[float] = (),
        unit: str | Sequence[str] = 'input',
        per: str = 'image',
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        if per not in ('image', 'landmark'):
            raise InputError(
                where='per', found=repr(per), expected="'image' or 'landmark'"
            )
        self.per, self.unit = per, checked_unit(unit)
        self.threshold = checked_threshold(threshold)
        self.failure_thresholds = tuple(
            checked_threshold(t, 'failure_thresholds')
            for t in failure_thresholds
        )

    @property
    def rules(self) -> dict[str, str]:
        """Whether ``'less'`` or ``'greater'`` of each scalar is better."""
        further = (f'FR@{t:g}' for t in self.failure_thresholds)
        rules = dict(ME='less', AUC='greater', FR='less')
        rules |= dict.fromkeys(further, 'less')
        ends = ('', '_low', '_high') if self.num_bootstrap else ('',)
        return {k + end: v for k, v in rules.items() for end in ends}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Measure a batch of samples, see :func:`sample_errors`."""
        for sample in data_samples:
            self.keep(
                sample,
                sample_errors(sample, self.unit, self.landmark_ids),
                input_size=sample.get('input_size'),
                also=self._in_other_units(sample),
            )

    def _in_other_units(self, sample: dict) -> dict[str, float]:
        """Mean error of a sample in each unit that it knows."""
        found = {}
        for name, unit in _OTHER_UNITS.items():
            try:
                errors = sample_errors(sample, unit, self.landmark_ids)
            except InputError:
                continue
            errors = image_errors(errors)
            if unit != self.unit and np.isfinite(errors).all():
                found[name] = float(errors.mean())
        return found

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Fill :attr:`report` and return its scalars.

        Raises:
            InputError: If there are no results, or none can be judged.
        """
        records, test_set = self.records_of(results)
        names = self.landmark_names(records.values.shape[1])
        sizes = {
            tuple(int(side) for side in result['input_size'])
            for result in results
            if result['input_size'] is not None
        }
        self.report = {
            'unit': self.unit if isinstance(self.unit, str) else [*self.unit],
            'unit_label': unit_label(self.unit),
            'also': {
                # fsum: in any order of the samples.
                name: math.fsum(r['also'][name] for r in results)
                / len(results)
                for name in _OTHER_UNITS
                if all(name in r.get('also', ()) for r in results)
            },
            'input_sizes': [list(size) for size in sorted(sizes)],
            'test_set': test_set,
            **self._report(records, names),
        }
        self._warn_of_report(records.subjects)
        ends = ('value', 'low', 'high') if self.num_bootstrap else ('value',)
        return {
            name if end == 'value' else f'{name}_{end}': float('nan')
            if entry[end] is None
            else entry[end]
            for name, entry in self.report['metrics'].items()
            for end in ends
        }

    def _report(self, records: Records, names: Sequence[str]) -> dict:
        per_image = image_errors(records.values)
        judged = np.flatnonzero(~np.isnan(per_image))
        if judged.size == 0:
            raise InputError(
                f'none of the {len(per_image)} records can be judged: no '
                'visible landmark, or a unit that none of them has.'
            )
        errors = per_image[judged].tolist()
        if self.include_ids:
            errors = [
                {
                    'subject': records.subjects[i],
                    'img_id': records.img_ids[i],
                    'error': error,
                }
                for i, error in zip(judged, errors)
            ]
        subjects = {records.subjects[i] for i in judged} - {None}
        report = {
            'threshold': self.threshold,
            'per': self.per,
            'num_images': int(judged.size),
            'num_ignored': len(per_image) - int(judged.size),
            'num_subjects': len({*map(str, subjects)}) or None,
            'groups': records.group_numbers(judged),
            'metrics': self._statistics(records, judged),
            'per_landmark': {
                name: self._of_landmark(values)
                for name, values in zip(names, records.values.T)
            },
            'per_site': {
                site: {
                    'num_images': len(which),
                    'num_subjects': len({records.groups[i] for i in which}),
                    'metrics': self._statistics(records, which),
                }
                for site, which in records.by_site(judged).items()
            },
            'image_errors': errors,
        }
        if self.per == 'landmark':
            values = records.values[judged]
            report['landmark_errors'] = values[~np.isnan(values)].tolist()
        return report

    def _statistics(self, records: Records, which: np.ndarray) -> dict:
        """ME, AUC, FR and FR@t of some records, with their intervals."""
        groups, values = np.array(records.groups)[which], records.values[which]
        if self.per == 'image':
            values = image_errors(values)
        else:
            known = ~np.isnan(values)
            values = values[known]
            groups = np.repeat(groups, known.sum(axis=1))
        report = {}
        for name, terms in self._terms(values).items():
            low = high = float('nan')
            if self.num_bootstrap:
                of = share_interval if 'FR' in name else bootstrap_interval
                low, high = of(
                    terms,
                    groups,
                    num_resamples=self.num_bootstrap,
                    seed=self.seed,
                )
            report[name] = {
                'value': float(terms.mean()),
                'low': known_or_none(low),
                'high': known_or_none(high),
            }
        return report

    def _terms(self, errors: np.ndarray) -> dict[str, np.ndarray]:
        """What each statistic is the mean of, and its interval resamples."""
        tau = self.threshold
        terms = {
            'ME': errors,
            'AUC': np.maximum(0, 1 - errors / tau),
            'FR': errors > tau,
        }
        more = {f'FR@{t:g}': errors > t for t in self.failure_thresholds}
        return terms | more

    def _of_landmark(self, errors: np.ndarray) -> dict:
        known = errors[~np.isnan(errors)]
        terms = self._terms(known)
        means = {
            name: float(terms[name].mean()) if known.size else None
            for name in ('ME', 'AUC', 'FR')
        }
        return means | {'n': known.size}

    def _warn_of_report(self, subjects: list) -> None:
        pair = None if isinstance(self.unit, str) else self.unit
        ignored = self.report['num_ignored']
        if ignored:
            why = f', or no distance {"-".join(pair)}' if pair else ''
            self.warn(
                f'{ignored} of {len(subjects)} records were left out: no '
                f'visible landmark{why}.'
            )
        if self.num_bootstrap:
            self.warn_of_unknown(subjects)
            if self.report['metrics']['ME']['low'] is None:
                self.warn(
                    'a single subject has no interval: low, high are NaN.'
                )
        if pair and self.threshold >= 1:
            self.warn(
                f'threshold={self.threshold:g} with unit={list(pair)} accepts '
                'errors as long as that distance; 0.1 is a common choice.'
            )
