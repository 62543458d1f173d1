"""What both metrics of landmarks share."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmpose_ctd.errors import InputError

from .sample_errors import sample_points, truth_digest


class LandmarkMetric(BaseMetric):
    """A metric of samples with predicted and true landmarks.

    Attributes:
        report (dict, optional): What the last evaluation found, as JSON can
            store it. None before, and in processes other than the main one.
    """

    def __init__(self, collect_device: str, prefix: str | None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.report: dict | None = None
        self._said: set[str] = set()

    @property
    def landmark_ids(self) -> dict[str, int] | None:
        """Index of each landmark name, None where the dataset names none."""
        return (self.dataset_meta or {}).get('keypoint_name2id')

    def landmark_names(self, num_landmarks: int) -> list[str]:
        """Names of the K landmarks, numbers where the dataset names none."""
        names = (self.dataset_meta or {}).get('keypoint_id2name')
        if not names:
            return [f'landmark_{k}' for k in range(num_landmarks)]
        if len(names) != num_landmarks:
            raise InputError(
                where='dataset',
                found=f'it names {len(names)} landmarks, its records have '
                f'{num_landmarks}',
            )
        return [names[k] for k in range(num_landmarks)]

    @staticmethod
    def origin(sample: Mapping) -> dict:
        """Where a sample is from, and a digest of its truth."""
        fields = ('subject', 'site', 'img_id', 'id')
        _, gt, visible = sample_points(sample)
        # The place of a missing landmark does not count.
        gt = np.where(visible[..., None], gt, np.nan)
        return {
            **{field: sample.get(field) for field in fields},
            'truth': truth_digest([gt]),
        }

    @staticmethod
    def test_set(results: Sequence[dict]) -> str:
        """A digest, equal for tests on equal true points."""
        return truth_digest(sorted(result['truth'] for result in results))

    def say(self, message: str) -> None:
        """Warn, once, of what a reader of the numbers must know."""
        if message not in self._said:
            self._said.add(message)
            print_log(
                f'{type(self).__name__}: {message}',
                logger='current',
                level=logging.WARNING,
            )

    def say_who_is_unknown(self, subjects: list) -> None:
        """Warn that images of one person may count as several people."""
        unknown = sum(subject is None for subject in subjects)
        if unknown:
            self.say(
                f'{unknown} of {len(subjects)} records name no subject: '
                'their intervals are over images, and too narrow if a '
                "person has several. List 'subject' in PackPoseInputs' "
                'meta_keys if the dataset knows it.'
            )

    def require_results(self, results: list) -> None:
        """Refuse an evaluation of nothing."""
        if not results:
            raise InputError(
                where=type(self).__name__,
                found='no predictions',
                cure='Is the dataset of this evaluator empty?',
            )
