"""A set of labelled face crops from a checkout of WebMorph stimuli."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mmpose_ctd.errors import InputError

from .webmorph_picture import SIZE, Record, convert_picture
from .webmorph_recipe import Crop, Recipe
from .webmorph_report import Finding, Report
from .webmorph_tem import RecordRefused
from .webmorph_write import write_annotations, write_documents, write_splits

#: Everything that a conversion writes, and so all that `force` may replace.
CONTENT = {
    'LICENSE.md',
    'README.md',
    'annotations',
    'frl189_names.txt',
    'images',
    'splits',
}
_SUFFIXES = {'.jpg', '.jpeg', '.png'}


def _missing(src: Path, crop: Crop, recipe: Recipe) -> Finding | None:
    """The first of a picture's files that the checkout lacks."""
    for name in [crop.source] + [crop.template] * crop.labelled:
        if not (src / name).is_file():
            expected = f'part of {recipe.repository} at {recipe.commit}'
            return Finding('missing', name, 'no such file', expected)
    return None


def _unknown(src: Path, recipe: Recipe) -> Iterator[Finding]:
    """Pictures of the checkout that the recipe does not use."""
    known = {crop.source for crop in recipe.crops}
    for path in sorted((src / 'inst').rglob('*')):
        name = path.relative_to(src).as_posix()
        # `._001_03.jpg` and the like are what macOS leaves beside a file.
        if path.name.startswith('.') or name in known:
            continue
        if path.suffix.lower() in _SUFFIXES:
            yield Finding(
                'left out', name, 'a picture', 'those with a published crop'
            )


def _check_source(src: Path, recipe: Recipe) -> None:
    url = f'https://github.com/{recipe.repository}'
    name = recipe.repository.split('/')[-1]
    how = (
        f'expected a checkout: git clone {url} && '
        f'git -C {name} checkout {recipe.commit}'
    )
    if not (src / 'inst').is_dir():
        raise InputError(f'{src} has no folder inst/; {how}')
    if not (src / 'LICENSE.md').is_file():
        raise InputError(
            f'{src} has no LICENSE.md, which has to go with the images; {how}'
        )


def _check_out(out: Path, src: Path, force: bool) -> None:
    if out == src or out in src.parents or src in out.parents:
        raise InputError(f'{out} and the checkout {src} lie in one another')
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f'{out} is a file, expected a folder')
    content = {path.name for path in out.iterdir()}
    if content and not force:
        raise InputError(f'{out} is not empty; --force replaces it')
    if strangers := content - CONTENT:
        raise InputError(
            f'{out} holds what no conversion writes, and is not replaced: '
            f'{sorted(strangers)[:5]}'
        )


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A folder beside ``out``, gone at the end unless it was renamed."""
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix=f'.{out.name}.', dir=out.parent)
    try:
        # mkdtemp lets only the owner in.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(folder, 0o777 & ~umask)
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _publish(staged: Path, out: Path) -> None:
    """Puts a finished folder in place; the old one goes only after that."""
    if not out.exists():
        staged.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f'.{out.name}.', dir=out.parent))
    out.rename(old / out.name)
    try:
        staged.rename(out)
    except OSError:
        (old / out.name).rename(out)
        old.rmdir()
        raise
    shutil.rmtree(old, ignore_errors=True)


def convert(
    src: str | Path,
    out: str | Path,
    recipe: Recipe,
    size: int = SIZE,
    allow_missing: bool = False,
    force: bool = False,
    progress: bool = True,
) -> Report:
    """Makes a set from a checkout, whole or not at all.

    Args:
        src (str | Path): The checkout.
        out (str | Path): The set's folder. It appears, or is replaced, only
            when everything has been written.
        recipe (Recipe): Which pictures, crops and splits.
        size (int): Side of the crops, in pixels. Defaults to 256, the
            published one; keypoints scale with it.
        allow_missing (bool): Whether to make the set of what is there.
            Defaults to False: a picture that is missing or refused means
            that nothing is written.
        force (bool): Whether to replace a set that is there already.
        progress (bool): Whether to show a bar.

    Returns:
        Report: What was found and what was written.

    Raises:
        InputError: Where ``src`` is no checkout, or ``out`` must not be
            written to.
    """
    src, out = Path(src).resolve(), Path(out).resolve()
    if size < 1:
        raise InputError(f'size: found {size}, expected at least 1')
    _check_source(src, recipe)
    _check_out(out, src, force)
    report = Report(recipe.repository, recipe.commit, len(recipe.crops))
    report.findings.extend(_unknown(src, recipe))
    records: list[Record] = []
    with _staging(out) as staged:
        images = staged / 'images'
        images.mkdir()
        for index, crop in enumerate(
            track(
                recipe.crops,
                'converting',
                console=Console(stderr=True),
                disable=not progress,
            ),
            1,
        ):
            if finding := _missing(src, crop, recipe):
                report.findings.append(finding)
                continue
            try:
                record = convert_picture(
                    src, images, crop, index, len(recipe.names), size
                )
            except RecordRefused as error:
                report.findings.append(
                    Finding('refused', error.file, error.found, error.expected)
                )
                continue
            records.append(record)
        complete = len(records) == len(recipe.crops)
        if not records or not (complete or allow_missing):
            return report
        write_annotations(staged / 'annotations', records, recipe, size)
        report.findings.extend(
            write_splits(staged / 'splits', records, recipe)
        )
        write_documents(staged, src, records, recipe, size)
        _publish(staged, out)
    report.out, report.written = out, len(records)
    if size == SIZE and any(crop.crop_sha256 for crop in recipe.crops):
        report.identical = sum(record.identical for record in records)
    return report
