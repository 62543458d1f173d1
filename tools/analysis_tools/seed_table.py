"""Compares systems over several seeds, from what tools/test.py wrote.

mmpose_ctd seed-table FT=ft_0.json,ft_1.json ED=ed_0.json,ed_1.json

Prints a Markdown table: mean and standard deviation over the seeds, and each
system's difference to the first one on the same faces. With --ced it also
draws the cumulative error distributions, the errors of all seeds together.
"""

import argparse
import os

import numpy as np

from mmpose_ctd.apis.command_line import run
from mmpose_ctd.apis.seed_table import read_report, seed_table
from mmpose_ctd.errors import InputError
from mmpose_ctd.visualization import plot_ced


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'systems',
        nargs='+',
        metavar='NAME=FILE,FILE...',
        help='a system and its metrics files, one a seed',
    )
    parser.add_argument(
        '--ced',
        metavar='FILE',
        help='draw the CED curves there (.png, .pdf or .svg)',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if args.ced and not args.ced.endswith(('.png', '.pdf', '.svg')):
        raise InputError(
            f'--ced {args.ced}: expected a name ending in .png, .pdf or .svg.'
        )
    systems = {}
    seen = set()
    for text in args.systems:
        name, sign, files = text.partition('=')
        files = files.split(',')
        if not (name and sign and all(files)):
            raise InputError(
                f'{text!r}: expected NAME=FILE,FILE..., such as '
                'FT=ft_0.json,ft_1.json.'
            )
        if name in systems:
            raise InputError(
                f'{name} is given twice; write its files behind each other: '
                f'{name}=FILE,FILE.'
            )
        for file in files:
            if os.path.realpath(file) in seen:
                raise InputError(f'{file} is given twice.')
            seen.add(os.path.realpath(file))
        systems[name] = [read_report(file) for file in files]
    print(seed_table(systems))
    if args.ced:
        first = next(iter(systems.values()))[0]
        plot_ced(
            {
                name: np.concatenate([r['image_errors'] for r in reports])
                for name, reports in systems.items()
            },
            threshold=first['threshold'],
            unit=first['unit_label'],
            per=first['per'],
            out_file=args.ced,
        )


if __name__ == '__main__':
    run(main)
