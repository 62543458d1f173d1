"""Writes the file of a source model after testing it."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from mmpose_ctd.checkpoint_file import checkpoint_bytes
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.files import sha256_of, write_whole


def fingerprint(structure: list) -> str:
    """The hash of a graph's description, of plain values."""
    return hashlib.sha256(repr(structure).encode()).hexdigest()


def empty_state(build: Callable[[], dict[str, nn.Module]]) -> dict:
    """Keys and shapes of networks, their parts' names in front."""
    with torch.device('meta'):
        networks = build()
    return {
        f'{part}.{key}': value
        for part, network in networks.items()
        for key, value in network.state_dict().items()
    }


def check_paths(
    source: str | Path, target: str | Path, force: bool, expected: str
) -> tuple[Path, Path]:
    """Check the paths of a converter.

    Raises:
        MissingFileError: If ``source``, which is ``expected``, does not exist.
        InputError: If ``target`` exists without ``force``, or is a folder.
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


def convert(
    source: str | Path,
    target: str | Path,
    force: bool,
    published: dict,
    read: Callable[[Path], dict[str, Tensor]],
    build: Callable[[], dict[str, nn.Module]],
) -> dict:
    """Convert a published file into a checkpoint.

    Args:
        source, target, force: See :func:`check_paths`.
        published (dict): ``file`` (its name and how to get it), ``sha256``,
            ``source`` and ``license``, which are unknown of another file;
            ``converter`` and ``converter_version``.
        read (Callable): Gives ``backbone.*`` and perhaps ``head.*`` of a file.
        build (Callable): Builds the networks ``backbone`` and perhaps
            ``head``.

    Returns:
        dict: The checkpoint's ``meta``.

    Raises:
        MissingFileError: If ``source`` does not exist.
        InputError: If it is not the published network, or ``target`` exists.
    """
    source, target = check_paths(source, target, force, published['file'])
    state = read(source)
    with torch.device('meta'):
        backbone = build()['backbone']
    sha256 = sha256_of(source)
    known = sha256 == published['sha256']
    meta = {
        'source_sha256': sha256,
        'source': published['source'] if known else 'unknown',
        'license': published['license'] if known else 'unknown',
        'mean': backbone.mean,
        'std': backbone.std,
        'channel_order': backbone.channel_order,
        'input_size': backbone.input_size,
        'converter': published['converter'],
        'converter_version': published['converter_version'],
    }
    write_source(source, target, state, meta, build)
    return meta


def write_source(
    source: Path,
    target: Path,
    state: dict[str, Tensor],
    meta: dict,
    build: Callable[[], dict[str, nn.Module]],
) -> None:
    """Write ``state_dict`` and ``meta`` if the networks work.

    What will be written is first read back, loaded strictly and run.

    Raises:
        InputError: If the outputs are not finite.
    """
    data = checkpoint_bytes({'state_dict': state, 'meta': meta})
    state = torch.load(io.BytesIO(data), weights_only=True)['state_dict']
    # Without storage: a key that is not filled cannot run.
    with torch.device('meta'):
        networks = build()
    for part, network in networks.items():
        keys = {
            key.removeprefix(f'{part}.'): value
            for key, value in state.items()
            if key.startswith(f'{part}.')
        }
        network.load_state_dict(keys, strict=True, assign=True)
        network.eval()
    width, height = meta['input_size']
    with torch.no_grad():
        outputs = networks['backbone'](torch.zeros(1, 3, height, width))
        if 'head' in networks:
            final = networks['head'](outputs)
            outputs = final if isinstance(final, tuple) else (final,)
    if not all(x.isfinite().all() for x in (*state.values(), *outputs)):
        raise InputError(
            where=str(source),
            found='its weights, or the outputs they give, are not finite',
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, data)
