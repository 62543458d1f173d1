"""Draws who trains, who validates and who tests.

mmpose_ctd split data/myset
mmpose_ctd split data/myset --scheme budgets --seed 0 1 2

Writes files of subject ids into DATA_DIR/splits; docs/splits.md explains the
schemes.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from mmpose_ctd.apis.command_line import run
from mmpose_ctd.datasets.annotation_file import find_annotation_file
from mmpose_ctd.datasets.landmark_file import read_split
from mmpose_ctd.datasets.splits import (
    SCHEMES,
    Population,
    SplitOptions,
    calibration_note,
    draw_splits,
    split_table,
    write_splits,
)
from mmpose_ctd.datasets.subject_key import key_file, make_key
from mmpose_ctd.privacy import redact
from mmpose_ctd.version import __version__


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('data_dir', help='folder of the data set')
    parser.add_argument(
        '--scheme',
        choices=list(SCHEMES),
        default='subject',
        help='how to split (default: %(default)s)',
    )
    parser.add_argument(
        '--seed',
        type=int,
        nargs='+',
        default=[0],
        help='of the drawing; several give several splits (default: 0)',
    )
    parser.add_argument(
        '--test',
        type=float,
        default=0.2,
        metavar='SHARE',
        help='share of all subjects that test (default: %(default)s)',
    )
    parser.add_argument(
        '--val',
        type=float,
        metavar='SHARE',
        help='share of all subjects that chooses the checkpoint and '
        'calibrates; 0 for none (default: 0.1, and at least 10 subjects '
        'where as many are left to train)',
    )
    parser.add_argument(
        '--folds', type=int, default=5, help='of kfold (default: %(default)s)'
    )
    parser.add_argument(
        '--budgets',
        type=int,
        nargs='+',
        metavar='N',
        help='training subjects of the scheme budgets (default: 10 20 40 80 '
        '160, as far as there are subjects, and all)',
    )
    parser.add_argument(
        '--ann-file',
        help='annotation file, relative to DATA_DIR (default: the one that '
        'is there)',
    )
    parser.add_argument(
        '--allow-shared-subjects',
        action='store_true',
        help='a subject may be on two sides, as by image',
    )
    parser.add_argument(
        '--force', action='store_true', help='replace split files'
    )
    parser.add_argument(
        '--dry-run', action='store_true', help='show the table, write nothing'
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    root = Path(args.data_dir)
    ann_file = args.ann_file or find_annotation_file(
        root, cure='Name it with --ann-file.'
    )
    population = Population.read(str(root / ann_file))
    folder = root / 'splits'
    fixed = _fixed(folder) if args.scheme == 'budgets' else {}
    options = SplitOptions(
        args.seed, args.test, args.val, args.folds, args.budgets, fixed
    )
    partitions = draw_splits(args.scheme, population, options)
    for note in population.notes:
        print(f'note: {note}', file=sys.stderr)
    if fixed:
        files = ' and '.join(f'{name}.txt' for name in sorted(fixed))
        print(f'note: {files} stay as they are.', file=sys.stderr)
    note = calibration_note(partitions, population)
    if note:
        print(f'note: {note}', file=sys.stderr)
    if not args.dry_run:
        write_splits(
            folder,
            partitions,
            population,
            _header(args, ann_file),
            args.force,
            args.allow_shared_subjects,
            keep=tuple(fixed),
        )
        # Where a training may not write, checkpoints could not name anyone.
        make_key(key_file(str(root / ann_file)))
    Console().print(split_table(partitions, population))
    print('Nothing was written.' if args.dry_run else f'Written to {folder}.')


def _fixed(folder: Path) -> dict[str, list[str]]:
    """The test and validation split that label budgets go with."""
    if not (folder / 'test.txt').is_file():
        return {}
    files = {name: folder / f'{name}.txt' for name in ('test', 'val')}
    return {n: read_split(str(f)) for n, f in files.items() if f.is_file()}


def _header(args: argparse.Namespace, ann_file: str) -> list[str]:
    """What made a file; the data set's folder without those above it."""
    words = [
        'mmpose_ctd split',
        *map(redact, sys.argv[1:]),
    ]
    seeds = ', '.join(map(str, args.seed))
    return [
        ' '.join(words),
        f'scheme {args.scheme}, seed {seeds}, of {ann_file}; '
        f'mmpose_ctd {__version__}',
    ]


if __name__ == '__main__':
    run(main)
