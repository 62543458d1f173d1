"""Draws who trains, who validates and who tests, and writes split files."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmpose_ctd.errors import InputError, listed
from mmpose_ctd.option_fields import check_choices, option
from mmpose_ctd.version import __version__

from ..annotation_file import find_annotation_file
from ..landmark_file import read_split
from ..subject_key import key_file, make_key
from .population import Population
from .schemes import CALIBRATING, SCHEMES, Partition
from .split_files import write_splits

# With this many subjects the default shares leave enough to calibrate.
_ENOUGH = 25


@dataclass(frozen=True)
class SplitOptions:
    """How a data set is split.

    ``mmpose_ctd split --help`` shows the fields, as options.

    Raises:
        InputError: If a value makes no sense. It names the option.
    """

    scheme: str = option(
        'subject', 'how to split (default: subject)', choices=tuple(SCHEMES)
    )
    seed: tuple[int, ...] = option(
        (0,), 'of the drawing; several give several splits (default: 0)'
    )
    test: float = option(
        0.2, 'share of all subjects that test (default: 0.2)', metavar='SHARE'
    )
    val: float | None = option(
        None,
        'share of all subjects that chooses the checkpoint and calibrates; 0 '
        'for none (default: 0.1, and at least 10 subjects if as many are left '
        'to train)',
        metavar='SHARE',
    )
    folds: int = option(5, 'of kfold (default: 5)')
    budgets: tuple[int, ...] | None = option(
        None,
        'training subjects of the scheme budgets (default: 10 20 40 80 160, '
        'as far as there are subjects, and all)',
        metavar='N',
    )
    ann_file: str | None = option(
        None,
        'annotation file, relative to DATA_DIR (default: the only one there)',
    )
    allow_shared_subjects: bool = option(
        False, 'a subject may be on two sides, as with --scheme image'
    )
    force: bool = option(False, 'replace split files')
    dry_run: bool = option(False, 'show the table, write nothing')

    def __post_init__(self) -> None:
        if isinstance(self.seed, int):
            object.__setattr__(self, 'seed', (self.seed,))
        check_choices(self)
        test, val, lowest = self.test, self.val or 0, min(self.seed, default=0)
        share = 'not a share of the subjects'
        below = 'and below 1, such as 0.2'
        left = 'nothing is left to train on'
        for fits, where, found, expected in (
            (0 < test < 1, f'--test {test:g}', share, f'above 0 {below}'),
            (0 <= val < 1, f'--val {val:g}', share, f'from 0 {below}'),
            (test + val < 1, f'--test {test:g}, --val {val:g}', left, ''),
            (lowest >= 0, f'--seed {lowest}', '', '0 or more'),
        ):
            if not fits:
                raise InputError(where=where, found=found, expected=expected)


@dataclass
class DrawnSplits:
    """Splits of a data set, written to ``folder``."""

    #: Names of files with their lines. Several may have a file in common.
    partitions: list[Partition]
    population: Population
    folder: Path
    #: Those written; empty after a dry run.
    files: list[Path] = field(default_factory=list)
    #: What to know, a sentence each.
    notes: list[str] = field(default_factory=list)


def make_splits(
    data_dir: str | os.PathLike, *, command: str | None = None, **options
) -> DrawnSplits:
    """Draw splits of a data set and write them to ``data_dir/splits``.

    The same seed draws the same splits. All files are written, or none; those
    that exist stay. The set also gets its key of subjects, see
    :mod:`mmpose_ctd.datasets.subject_key`.

    Args:
        data_dir (str | PathLike): Folder of the data set.
        command (str, optional): The first comment of each file: what made
            it. Defaults to the options.
        **options: Fields of :class:`SplitOptions`, which are the options of
            ``mmpose_ctd split`` as well.

    Returns:
        DrawnSplits: What was drawn and written.

    Raises:
        MissingFileError: If there is no annotation file.
        InputError: If an option or the set cannot be used, there are too few
            subjects or images, a subject would be on two sides, no file is
            missing, or those that exist are a part of another drawing.

    Example:
        >>> drawn = make_splits('data/myset', scheme='kfold', folds=2, val=0)
        >>> [file.name for file in drawn.files][:2]
        ['train_fold1of2_seed0.txt', 'test_fold1of2_seed0.txt']
    """
    chosen = SplitOptions(**options)
    root = Path(data_dir)
    ann_file = chosen.ann_file or find_annotation_file(
        root, cure='Name it with --ann-file.'
    )
    population = Population.read(str(root / ann_file))
    folder = root / 'splits'
    partitions: list[Partition] = []
    drawn = DrawnSplits(partitions, population, folder)
    drawn.notes += population.notes
    given: dict[str, Partition] = {}
    fixed: Partition = {}
    if chosen.scheme == 'budgets':
        given['fixed'] = fixed = _fixed(folder)
    for seed in chosen.seed:
        suffix = f'_seed{seed}' if len(chosen.seed) > 1 else ''
        draw = SCHEMES[chosen.scheme]
        own = [*draw(population, chosen, seed, suffix, **given)]
        partitions += own if chosen.force else _with_existing(folder, own)
    names = {name for partition in partitions for name in partition}
    kept = names & fixed.keys()
    if not chosen.force:
        kept = {n for n in names if (folder / f'{n}.txt').exists()}
    if kept:
        drawn.notes.append(f'these files stay: {_named(kept)}.')
    if note := calibration_note(partitions, population):
        drawn.notes.append(note)
    if chosen.dry_run:
        return drawn
    if kept == names:
        raise InputError(
            where=str(folder),
            found=f'nothing is missing: {_named(kept)}',
            cure='To draw other splits, move these files away, or give '
            '--force to replace them.',
        )
    if command is None:
        named = (f'{k}={v!r}' for k, v in options.items() if k != 'ann_file')
        command = f'make_splits({", ".join(named)})'
    seeds = ', '.join(map(str, chosen.seed))
    header = [
        command,
        f'scheme {chosen.scheme}, seed {seeds}, of {ann_file}; '
        f'mmpose_ctd {__version__}',
    ]
    drawn.files = write_splits(
        folder,
        partitions,
        population,
        header,
        chosen.allow_shared_subjects,
        kept,
    )
    # A training that may not write here could not make the key.
    make_key(key_file(str(root / ann_file)))
    return drawn


def calibration_note(
    partitions: Sequence[Partition], population: Population
) -> str:
    """A note if too few people neither train nor test; often empty.

    ``mmpose_ctd calibrate`` would refuse them, after the training.
    """
    everyone = {*population.by_subject}
    fewest = len(everyone)
    for partition in partitions:
        lines = [
            line
            for name, part in partition.items()
            if name.startswith(('train', 'test'))
            for line in part
        ]
        left = everyone - population.subjects_in(lines)
        fewest = min(fewest, len(left))
    if fewest >= CALIBRATING:
        return ''
    text = (
        f'only {fewest} of {len(everyone)} labelled subjects neither train '
        f'nor test; mmpose_ctd calibrate needs {CALIBRATING}. Without a '
        'calibration mmpose_ctd measure gives landmarks and measures, but no '
        'intervals and no warnings. '
    )
    if len(everyone) < _ENOUGH:
        return text + f'To get them, label at least {_ENOUGH} subjects.'
    return text + 'Raise --val to keep more subjects for it.'


def _with_existing(
    folder: Path, drawn: Sequence[Partition]
) -> list[Partition]:
    """The splits of one seed, with the files that exist as they are.

    Raises:
        InputError: If they are a part of another drawing: training files of
            the one may share people with test files of the other.
    """
    new = {name: lines for part in drawn for name, lines in part.items()}
    old = {
        name: read_split(str(file))
        for name in new
        if (file := folder / f'{name}.txt').exists()
    }
    others = [name for name in old if old[name] != new[name]]
    if others and len(old) < len(new):
        raise InputError(
            where=str(folder),
            found=f'{_named(others)} exist and are of another drawing',
            expected='all files of a seed of one drawing',
            cure='Move them away, or give --force to replace them.',
        )
    return [
        {name: old.get(name, lines) for name, lines in part.items()}
        for part in drawn
    ]


def _named(names: Iterable[str]) -> str:
    return listed([f'{name}.txt' for name in sorted(names)], 5)


def _fixed(folder: Path) -> Partition:
    """The test and validation split that label budgets go with."""
    if not (folder / 'test.txt').is_file():
        return {}
    files = {name: folder / f'{name}.txt' for name in ('test', 'val')}
    return {n: read_split(str(f)) for n, f in files.items() if f.is_file()}
