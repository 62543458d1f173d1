"""ME, AUC and FR of landmarks, with intervals, for MMPose's evaluator."""

from collections.abc import Sequence
from typing import Any

from mmpose.registry import METRICS

from mmpose_ctd.errors import InputError

from ..functional.checks import checked_resamples, checked_threshold
from .landmark_metric import LandmarkMetric
from .records import collect_records
from .reports import error_report
from .sample_errors import checked_unit, sample_errors, unit_label


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
    ``unit``, ``unit_label``, ``input_sizes`` (each [width, height]),
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
        num_bootstrap (int): Resamples of an interval; 0 leaves the intervals
            out. Defaults to 1000.
        seed (int): Seed of the resamples. Defaults to 0.
        include_ids (bool): Whether the report's ``image_errors`` are dicts
            that name subject and image. Defaults to False.
        collect_device (str): ``'cpu'`` or ``'gpu'``, where results of
            several processes meet. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the scalars' names. Defaults to
            ``'landmark'``.
    """

    default_prefix = 'landmark'

    def __init__(
        self,
        threshold: float = 5.0,
        failure_thresholds: Sequence[float] = (),
        unit: str | Sequence[str] = 'input',
        per: str = 'image',
        num_bootstrap: int = 1000,
        seed: int = 0,
        include_ids: bool = False,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if per not in ('image', 'landmark'):
            raise InputError(
                where='per', found=repr(per), expected="'image' or 'landmark'"
            )
        self.unit = checked_unit(unit)
        self.include_ids = include_ids
        self.threshold = checked_threshold(threshold)
        self.failure_thresholds = tuple(
            checked_threshold(t, 'failure_thresholds')
            for t in failure_thresholds
        )
        self.per, self.seed = per, seed
        self.num_bootstrap = checked_resamples(num_bootstrap)

    @property
    def rules(self) -> dict[str, str]:
        """Whether ``'less'`` or ``'greater'`` of each scalar is better."""
        further = (f'FR@{t:g}' for t in self.failure_thresholds)
        rules = dict(ME='less', AUC='greater', FR='less')
        rules |= dict.fromkeys(further, 'less')
        ends = ('', '_low', '_high') if self.num_bootstrap else ('',)
        return {k + end: v for k, v in rules.items() for end in ends}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Measure a batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with prediction and truth
                in image pixels, see :func:`sample_errors`.
        """
        for sample in data_samples:
            # One result a sample, however many instances it has: mmengine
            # cuts the results of all processes to the number of samples.
            self.results.append(
                {
                    'errors': sample_errors(
                        sample, self.unit, self.landmark_ids
                    ),
                    'input_size': sample.get('input_size'),
                    **self.origin(sample),
                }
            )

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Fill :attr:`report` and return its scalars.

        Args:
            results (list[dict]): One entry a sample, of all processes.

        Returns:
            dict[str, float]: ``ME``, ``ME_low``, ``ME_high`` and so on.
        """
        self.require_results(results)
        records = collect_records(results, 'errors')
        names = self.landmark_names(records.values.shape[1])
        self.report = {
            'unit': self.unit if isinstance(self.unit, str) else [*self.unit],
            'unit_label': unit_label(self.unit),
            'input_sizes': _input_sizes(results),
            'test_set': self.test_set(results),
            **error_report(
                records,
                names,
                self.threshold,
                self.failure_thresholds,
                self.per,
                self.num_bootstrap,
                self.seed,
                self.include_ids,
            ),
        }
        self._warn(records.subjects)
        ends = ('value', 'low', 'high') if self.num_bootstrap else ('value',)
        return {
            name if end == 'value' else f'{name}_{end}': float('nan')
            if entry[end] is None
            else entry[end]
            for name, entry in self.report['metrics'].items()
            for end in ends
        }

    def _warn(self, subjects: list) -> None:
        ignored = self.report['num_ignored']
        if ignored:
            self.say(
                f'{ignored} of {len(subjects)} records were left out: no '
                'visible landmark'
                + (
                    ''
                    if isinstance(self.unit, str)
                    else f', or no distance {"-".join(self.unit)}'
                )
                + '.'
            )
        if self.num_bootstrap:
            self.say_who_is_unknown(subjects)
        metrics = self.report['metrics']
        if self.num_bootstrap and metrics['ME']['low'] is None:
            self.say('a single subject has no interval: low, high are NaN.')
        if not isinstance(self.unit, str) and self.threshold >= 1:
            self.say(
                f'threshold={self.threshold:g} with unit='
                f'{list(self.unit)} accepts errors as long as that '
                'distance; 0.1 is a common choice.'
            )


def _input_sizes(results: Sequence[dict]) -> list[list[int]]:
    sizes = {
        tuple(int(side) for side in result['input_size'])
        for result in results
        if result['input_size'] is not None
    }
    return [list(size) for size in sorted(sizes)]
