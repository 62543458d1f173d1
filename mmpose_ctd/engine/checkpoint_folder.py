"""The checkpoints in a work dir: which one a training resumes from.

Of a checkpoint hook, ``out_dir`` and ``filename_tmpl`` say where it saves.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import drafted

#: mmengine's file that names the newest checkpoint.
POINTER = 'last_checkpoint'
#: Suffix of an earlier training's files, from the first step of a run that
#: overwrites it to that run's first checkpoint.
OVERWRITTEN = '.overwritten'
# mmengine's names of checkpoints.
_TEMPLATES = ('iter_{}.pth', 'epoch_{}.pth')


class WholeCheckpoint(NamedTuple):
    """A checkpoint that can be resumed."""

    path: Path
    #: Training steps done.
    step: int
    #: Sentences on newer files that are damaged, and on an optimiser that
    #: starts fresh, as ``best_*`` checkpoints do not hold its state.
    warnings: list[str]


def checkpoint_folder(work_dir: str, out_dir: str | None = None) -> Path:
    """Where mmengine's CheckpointHook saves, given its ``out_dir``."""
    if out_dir is None or str(out_dir) == str(work_dir):
        return Path(work_dir)
    return Path(out_dir, os.path.basename(str(work_dir).rstrip(os.sep)))


def saved_by_a_training(folder: Path, template: str = '') -> list[Path]:
    """The checkpoints in a folder, the newest first, ``best_*`` last.

    The newest has the highest number. The one that ``last_checkpoint`` names
    comes first, unless a higher one was written later (the training was then
    killed before it updated the pointer). The pointer's folder is ignored, as
    a work dir may have been moved.
    """
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    steps = {file: step_of(file.name, template) for file in files}
    # A published copy comes after its original.
    found = sorted(
        sorted(
            (file for file in files if steps[file] is not None),
            key=lambda file: len(file.name),
        ),
        key=steps.get,
        reverse=True,
    )
    best = [file for file in found if file.name.startswith('best_')]
    last = [file for file in found if file not in best]
    try:
        text = (folder / POINTER).read_text(encoding='utf-8').strip()
    except (OSError, ValueError):
        text = ''
    newest = folder / re.split(r'[\\/]', text)[-1]
    if newest in last and not any(
        steps[file] > steps[newest]
        and file.stat().st_mtime_ns > (folder / POINTER).stat().st_mtime_ns
        for file in last
    ):
        last.remove(newest)
        last.insert(0, newest)
    return last + best


def overwritten(folder: Path, template: str = '') -> list[Path]:
    """Checkpoints of a training that another one is overwriting."""
    return [
        file
        for file in sorted(folder.glob(f'*{OVERWRITTEN}'))
        if step_of(file.name.removesuffix(OVERWRITTEN), template) is not None
    ]


def step_of(name: str, template: str = '') -> int | None:
    """The number in a checkpoint's file name; None for other names.

    The name may start with ``best_<metric>_`` and end with eight digits of a
    hash.
    """
    for known in filter(None, (template, *_TEMPLATES)):
        stem = re.split(r'\{[^}]*\}', known.removesuffix('.pth'), maxsplit=1)
        pattern = r'(\d+)'.join(re.escape(part) for part in stem)
        match = re.fullmatch(
            rf'(?:best_.+_)?{pattern}(?:-[0-9a-f]{{8}})?\.pth', name
        )
        if match and match.groups():
            return int(match[1])
    return None


def check_resumable(content: Any, path: str) -> None:
    """Refuse the content of a file that mmengine's Runner did not save.

    Raises:
        InputError: If parts are missing.
    """
    found = content if isinstance(content, Mapping) else {}
    meta = found.get('meta')
    meta = meta if isinstance(meta, Mapping) else {}
    missing = [
        key
        for key in ('state_dict', 'message_hub')
        if not isinstance(found.get(key), Mapping)
    ]
    missing += [
        f'meta.{key}'
        for key in ('epoch', 'iter')
        if not isinstance(meta.get(key), int)
    ]
    if missing:
        raise InputError(
            where=f'resume: {path!r}',
            found=f'lacks {", ".join(missing)}',
            expected='a checkpoint of a training',
            cure='To start from its weights: --cfg-options load_from=FILE, '
            'without --resume.',
        )


def newest_whole(folder: Path, template: str = '') -> WholeCheckpoint | None:
    """Find the checkpoint that a training resumes from.

    Returns:
        WholeCheckpoint: None if no training has saved anything.

    Raises:
        InputError: If there are checkpoints but none can be used, or only
            those that ``--overwrite`` renamed. (The training must not start
            from 0 unnoticed.)
    """
    aside = overwritten(folder, template)
    there = saved_by_a_training(folder, template)
    # Killed while renaming or before saving: it has no checkpoint itself.
    if aside and not (there and (folder / (POINTER + OVERWRITTEN)).is_file()):
        raise InputError(
            where=f'resume: {folder}',
            found='the run that overwrites the earlier training has saved '
            'no checkpoint',
            cure='Start it again by --overwrite. To go on with the earlier '
            f'training, remove {OVERWRITTEN} from the names of its files, '
            f'such as {aside[-1].name}.',
        )
    damaged = []
    for file in there:
        try:
            content = read_checkpoint(file, 'resume', 'Remove it')
            check_resumable(content, str(file))
        except InputError as error:
            damaged.append(f'{file.name}: {error.found}')
            continue
        warnings = [f'Left out, {text}.' for text in damaged]
        if damaged:
            warnings.append(f'Resuming from {file.name} instead.')
        if 'optimizer' not in content:
            warnings.append(
                f'{file.name} has no state of the optimiser, which starts '
                'fresh.'
            )
        return WholeCheckpoint(file, content['meta']['iter'], warnings)
    if not damaged:
        return None
    raise InputError(
        where=f'resume: {folder}',
        found=f'no checkpoint can be used ({"; ".join(damaged)})',
        cure='Copy a whole one there, or start from step 0 in another work '
        'dir.',
    )


def remove_drafts(folder: Path) -> None:
    """Remove unfinished files of a killed training."""
    for file in folder.glob('*.tmp'):
        name = drafted(file.name) or ''
        if name == POINTER or name.endswith('.pth'):
            file.unlink(missing_ok=True)
