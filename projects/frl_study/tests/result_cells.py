"""What a cell of a table of results says, against the errors behind it."""

import re

import numpy as np

from mmpose_ctd.evaluation.functional.bootstrap import bootstrap_interval
from mmpose_ctd.evaluation.functional.crossed_effects import (
    crossed_effects_interval,
)

NUMBER = r'[+−]?\d+\.\d{3}'
INTERVAL = rf'\[({NUMBER}), ({NUMBER})\]'


def number(text: str) -> float:
    return float(text.replace('−', '-'))


def close(told: str, true: float, digits: int = 3) -> bool:
    # A half of the last digit may go either way: the file rounds, too.
    return abs(number(told) - true) <= 0.51 * 10**-digits


def assert_mean(cell: str, errors: np.ndarray) -> None:
    """`1.234 ± 0.056`, over seeds; without ± where all seeds are the same."""
    mean, _, spread = cell.strip('*').partition(' ± ')
    by_seed = errors.mean(axis=1)
    assert close(mean, by_seed.mean()), cell
    if spread:
        assert close(spread[:5], by_seed.std(ddof=1)), cell
    else:
        assert np.ptp(by_seed) == 0, cell


def assert_difference(cell, errors, others, subjects) -> None:
    """`−0.012 (−1.2 %) [over faces] [over faces and seeds]`."""
    change = errors - others
    told = re.match(rf'({NUMBER})(?: \(([+−]\d+\.\d) %\))? ', cell)
    assert close(told[1], change.mean()), cell
    if told[2]:
        assert close(told[2], 100 * change.mean() / others.mean(), 1), cell
    *faces, seeds = re.findall(INTERVAL, cell)
    found = crossed_effects_interval(change, subjects)
    assert close(seeds[0], found.low) and close(seeds[1], found.high), cell
    for low, high in faces:
        ends = bootstrap_interval(
            change.mean(axis=0), subjects, num_resamples=10000
        )
        # Resampling, with whatever seed, is good for a few thousandths.
        assert np.allclose([number(low), number(high)], ends, atol=0.003), cell
