"""What stands in a cell of a table of results.

Errors are arrays (S, N): seeds and test images, in pixels.
"""

import numpy as np

from mmpose_ctd.evaluation.functional import (
    bootstrap_interval,
    crossed_effects_interval,
)

__all__ = ['difference', 'mean', 'percent', 'seeds_of', 'signed']


def mean(errors: np.ndarray, faces: np.ndarray | None = None) -> str:
    """``1.234 ± 0.056``, over seeds; without ± where all seeds are equal.

    Args:
        errors (np.ndarray): (S, N).
        faces (np.ndarray, optional): Subject of each image, (N,): adds the
            95 % interval over subjects.
    """
    by_seed = errors.mean(axis=1)
    cell = f'{by_seed.mean():.3f}'
    if np.ptp(by_seed) > 0:
        cell += f' ± {by_seed.std(ddof=1):.3f}'
    if faces is not None:
        low, high = _over_faces(errors, faces)
        cell += f' [{low:.3f}, {high:.3f}]'
    return cell


def seeds_of(errors: np.ndarray) -> str:
    """``(1.235, 1.286, 1.229)``, a mean for each seed."""
    return f'({", ".join(f"{e:.3f}" for e in errors.mean(axis=1))})'


def difference(
    errors: np.ndarray,
    others: np.ndarray,
    subjects: np.ndarray,
    *,
    relative: bool = False,
    faces: bool = True,
    blocks: np.ndarray | None = None,
) -> str:
    """``−0.012 (−1.2 %) [over faces] [t, over faces and seeds]``.

    Args:
        errors (np.ndarray): (S, N).
        others (np.ndarray): Subtracted from them, (S, N).
        subjects (np.ndarray): Of each image, (N,).
        relative (bool): Whether the percent are given.
        faces (bool): Whether the interval over faces is given.
        blocks (np.ndarray, optional): See :func:`crossed_effects_interval`.
    """
    change = errors - others
    parts = [signed(change.mean())]
    if relative:
        parts.append(f'({percent(errors, others)} %)')
    intervals = [_over_faces(change, subjects)] if faces else []
    found = crossed_effects_interval(change, subjects, blocks=blocks)
    intervals.append((found.low, found.high))
    parts += [f'[{signed(a)}, {signed(b)}]' for a, b in intervals]
    return ' '.join(parts)


def percent(errors: np.ndarray, others: np.ndarray) -> str:
    """The difference as a share of the others' mean, ``−1.2``."""
    return signed(100 * (errors - others).mean() / others.mean(), 1)


def signed(value: float, digits: int = 3) -> str:
    """A number with its sign, minus as a typesetter writes it."""
    return f'{value:+.{digits}f}'.replace('-', '−')


def _over_faces(errors: np.ndarray, subjects: np.ndarray):
    return bootstrap_interval(
        errors.mean(axis=0), subjects, num_resamples=5000
    )
