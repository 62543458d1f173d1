"""Writes the file of a source model after testing it."""

import io
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from mmpose_ctd.checkpoint_file import checkpoint_bytes
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.files import sha256_of, write_whole

__all__ = [
    'WrongNetworkError',
    'check_paths',
    'source_meta',
    'write_source',
]


class WrongNetworkError(Exception):
    """The first difference of a file's graph from the published network."""


def check_paths(
    source: str | Path, target: str | Path, force: bool, expected: str
) -> tuple[Path, Path]:
    """Check the paths of a converter.

    Args:
        source (str | Path): The published file.
        target (str | Path): The checkpoint to write.
        force (bool): Whether ``target`` may be replaced.
        expected (str): Description of the published file, for the error.

    Raises:
        MissingFileError: If ``source`` does not exist.
        InputError: If ``target`` exists, or is a folder.
    """
    source, target = Path(source), Path(target)
    if not source.is_file():
        raise MissingFileError(
            where=str(source), found='no such file', expected=expected
        )
    if target.is_dir():
        raise InputError(
            where=str(target),
            found='it is a folder',
            expected='the name of the file to write',
        )
    if target.exists() and not force:
        raise InputError(
            where=str(target),
            found='it exists already',
            cure='Replace it by --force.',
        )
    return source, target


def source_meta(network: type, source: Path, published: dict, **facts) -> dict:
    """The ``meta`` of a converted checkpoint.

    Args:
        network (type): The backbone's class, which states the convention of
            its images.
        source (Path): The file that was converted.
        published (dict): ``sha256`` of the published file, and its ``source``
            and ``license``; of another file both are unknown.
        **facts: ``converter`` and ``converter_version``.
    """
    sha256 = sha256_of(source)
    known = sha256 == published['sha256']
    return {
        'source_sha256': sha256,
        'source': published['source'] if known else 'unknown',
        'license': published['license'] if known else 'unknown',
        'mean': network.mean,
        'std': network.std,
        'channel_order': network.channel_order,
        'input_size': network.input_size,
        **facts,
    }


def write_source(
    source: Path,
    target: Path,
    state: dict[str, Tensor],
    meta: dict,
    build: Callable[[], dict[str, nn.Module]],
    input_size: tuple[int, int],
) -> None:
    """Write ``state_dict`` and ``meta`` if the network works.

    The content is first read back with ``weights_only=True``, loaded strictly
    into new networks and run.

    Args:
        source (Path): The published file, for the error.
        target (Path): The checkpoint to write; its folder is made.
        state (dict[str, Tensor]): ``backbone.*`` and perhaps ``head.*``.
        meta (dict): Facts about the weights; plain values.
        build (Callable): Builds the networks to fill, ``backbone`` and
            perhaps ``head``.
        input_size (tuple[int, int]): (width, height) of the test image.

    Raises:
        InputError: If the network's outputs are not finite.
    """
    data = checkpoint_bytes({'state_dict': state, 'meta': meta})
    if not _works(data, build, input_size):
        raise InputError(
            where=str(source),
            found='its weights give outputs that are not finite',
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, data)


def _works(
    data: bytes,
    build: Callable[[], dict[str, nn.Module]],
    input_size: tuple[int, int],
) -> bool:
    """Whether the content fills all networks and gives finite outputs."""
    state = torch.load(io.BytesIO(data), weights_only=True)['state_dict']
    # Without storage: a key that is not filled cannot run.
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
            final = networks['head'](outputs)
            outputs = final if isinstance(final, tuple) else (final,)
    return all(bool(x.isfinite().all()) for x in outputs)
