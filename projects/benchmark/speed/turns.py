"""Times several things in turn, so that they meet the same machine."""

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch

__all__ = ['seconds_of', 'time_in_turn', 'wait_for_the_device']


def time_in_turn(
    calls: Mapping[str, Callable[[], object]],
    rounds: int = 7,
    warm_up: int = 2,
) -> dict[str, np.ndarray]:
    """Time calls in turn: one round is each of them once.

    In turn, so that whatever else the machine does meets them all alike.

    Args:
        calls (Mapping[str, Callable]): Name -> what to time.
        rounds (int): Measured calls of each. Defaults to 7.
        warm_up (int): Calls of each before that. Defaults to 2.

    Returns:
        dict: Name -> seconds of each round, (rounds,).
    """
    for _ in range(warm_up):
        for call in calls.values():
            call()
    taken = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            taken[name].append(seconds_of(call))
    return {name: np.array(seconds) for name, seconds in taken.items()}


def seconds_of(call: Callable[[], object]) -> float:
    """How long a call takes, with what it asked of a GPU."""
    wait_for_the_device()
    begin = time.perf_counter()
    call()
    wait_for_the_device()
    return time.perf_counter() - begin


def wait_for_the_device() -> None:
    """Until what was asked of a GPU is done; at once on a CPU."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
