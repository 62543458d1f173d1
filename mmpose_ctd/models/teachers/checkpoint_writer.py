"""Writes a source model's file, whole and working or not at all."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from mmpose_ctd.errors import InputError, MissingFileError

__all__ = ['check_paths', 'write_source']


def check_paths(
    source: str | Path, target: str | Path, force: bool, expected: str
) -> tuple[Path, Path]:
    """See that a converter may go to work.

    Args:
        source (str | Path): The published file.
        target (str | Path): The checkpoint to write.
        force (bool): Whether ``target`` may be replaced.
        expected (str): Names the published file, for the error.

    Returns:
        tuple[Path, Path]: ``source`` and ``target``.

    Raises:
        MissingFileError: If ``source`` does not exist.
        InputError: If ``target`` exists, or is a folder.
    """
    source, target = Path(source), Path(target)
    if not source.is_file():
        raise MissingFileError(f'{source}: no such file; expected {expected}')
    if target.is_dir():
        raise InputError(f'{target}: is a folder; name the file to write')
    if target.exists() and not force:
        raise InputError(f'{target}: exists already; --force replaces it')
    return source, target


def write_source(
    source: Path,
    target: Path,
    state: dict[str, Tensor],
    meta: dict,
    build: Callable[[], dict[str, nn.Module]],
    input_size: tuple[int, int],
) -> None:
    """Write ``state_dict`` and ``meta``, try the file, then name it.

    Before the file gets its name it is read back with ``weights_only=True``,
    loaded strictly into fresh networks and run.

    Args:
        source (Path): The published file, for the error.
        target (Path): The checkpoint to write; its folder is made.
        state (dict[str, Tensor]): ``backbone.*`` and perhaps ``head.*``.
        meta (dict): What is known of the weights; plain values.
        build (Callable): Makes the networks, ``backbone`` and perhaps
            ``head``, that the file has to fill.
        input_size (tuple[int, int]): (width, height) of the trial image.

    Raises:
        InputError: If the network's outputs are not finite.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f'.{target.name}.{os.getpid()}.tmp')
    try:
        # Into an open file: given a name, torch writes it into the archive.
        with draft.open('wb') as file:
            torch.save({'state_dict': state, 'meta': meta}, file)
        if not _works(draft, build, input_size):
            raise InputError(
                f'{source}: its weights give an output that is not finite'
            )
        os.replace(draft, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()


def _works(
    path: Path,
    build: Callable[[], dict[str, nn.Module]],
    input_size: tuple[int, int],
) -> bool:
    """Whether the file alone gives all networks, in working order."""
    state = torch.load(path, weights_only=True)['state_dict']
    # Without storage: what the file does not fill, cannot run.
    with torch.device('meta'):
        networks = build()
    for part, network in networks.items():
        start = f'{part}.'
        keys = {
            key[len(start) :]: value
            for key, value in state.items()
            if key.startswith(start)
        }
        network.load_state_dict(keys, strict=True, assign=True)
        network.eval()
    width, height = input_size
    with torch.no_grad():
        outputs = networks['backbone'](torch.zeros(1, 3, height, width))
        if 'head' in networks:
            outputs = (networks['head'](outputs),)
    return all(bool(x.isfinite().all()) for x in outputs)
