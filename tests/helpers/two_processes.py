"""Two processes that train as one: a group on this machine, over gloo."""

import os
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import multiprocessing

# A new process imports this file first, and what it works on then needs
# MMPose.
import mmpose_ctd  # noqa: F401


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def in_two_processes(work: Callable, arguments: Sequence = ()) -> list:
    """What ``work(rank, *arguments)`` gives in each of two processes.

    Args:
        work (Callable): A function of a module, not of a test's body: new
            processes import it. Both belong to one group while it runs.
        arguments (Sequence): What else it is called with.

    Returns:
        list: Two results, by rank.
    """
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.start_processes(
            _member,
            (folder, work, tuple(arguments)),
            nprocs=2,
            # Importing MMPose takes longer than the work; CUDA forbids forks.
            start_method='spawn' if torch.cuda.is_available() else 'fork',
        )
        return [
            # Our own file of a moment ago; results are any Python values.
            torch.load(Path(folder) / f'{rank}.pt', weights_only=False)
            for rank in range(2)
        ]


def _member(rank: int, folder: str, work: Callable, arguments: tuple) -> None:
    torch.set_num_threads(1)
    # What torchrun sets.
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2')
    # mmengine's metrics meet in a folder of the current one.
    os.chdir(folder)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/group', rank=rank, world_size=2
    )
    try:
        torch.save(work(rank, *arguments), Path(folder) / f'{rank}.pt')
    finally:
        torch.distributed.destroy_process_group()
