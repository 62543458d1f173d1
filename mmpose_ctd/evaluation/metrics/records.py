"""What a metric collected of N records (an instance on an image)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.errors import InputError


@dataclass(frozen=True)
class Records:
    """Values and where they come from, in a fixed order.

    Args:
        values (np.ndarray): One row a record, shape (N, ...), NaN where
            there is nothing to measure.
        groups (list[str]): What is resampled as one: the subject, or else
            the image.
        sites (list[str | None]): Site of each record.
        subjects (list): Subject of each record or None.
        img_ids (list): Image id of each record or None.
    """

    values: np.ndarray
    groups: list
    sites: list
    subjects: list
    img_ids: list


def collect_records(results: Sequence[dict], field: str) -> Records:
    """Join the results of all samples, sorted by image.

    The order of delivery by several processes does not matter; sums round
    equally every time.

    Args:
        results (Sequence[dict]): Each with the values under ``field``, shape
            (n, ...), and ``subject``, ``site``, ``img_id``, ``id`` (or None).
        field (str): Name of the values.

    Returns:
        Records: N records.
    """
    widths = sorted({result[field].shape[1] for result in results})
    if len(widths) > 1:
        raise InputError(
            where='records',
            found=f'different numbers of landmarks: {widths}',
            expected='one dataset for each metric',
        )
    rows = [(row, result) for result in results for row in result[field]]
    rows.sort(
        key=lambda pair: (
            _sort_key(pair[1]['img_id']),
            _sort_key(pair[1]['id']),
            np.nan_to_num(pair[0], nan=-1.0).ravel().tolist(),
        )
    )
    sources = [result for _, result in rows]
    return Records(
        values=np.stack([row for row, _ in rows]),
        groups=[_group(source, i) for i, source in enumerate(sources)],
        sites=[source['site'] for source in sources],
        subjects=[source['subject'] for source in sources],
        img_ids=[source['img_id'] for source in sources],
    )


def group_numbers(groups: list, which: Sequence[int]) -> list[int]:
    """Number of each record's group, in order of appearance."""
    numbers: dict = {}
    return [numbers.setdefault(groups[i], len(numbers)) for i in which]


def _group(source: dict, index: int) -> str:
    """What a record is resampled with: its person, else its image."""
    for field in ('subject', 'img_id'):
        if source[field] is not None:
            return f'{field} {source[field]}'
    return f'record {index}'


def _sort_key(value) -> tuple:
    if isinstance(value, (int, float, np.integer, np.floating)):
        return (0, float(value), '')
    return (1, 0.0, str(value))
