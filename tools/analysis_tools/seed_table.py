"""Compare systems over several seeds, from what tools/test.py --out wrote.

mmpose_ctd seed-table FT=ft_0.json,ft_1.json ED=ed_0.json,ed_1.json

Prints a Markdown table: mean and standard deviation over the seeds, and each
system's difference to the first one on the same faces. --ced also draws the
cumulative error distributions, the errors of all seeds together.
"""

import argparse
import os

from mmpose_ctd.apis.command_line import make_parser, run
from mmpose_ctd.errors import InputError

ENDINGS = ('.png', '.pdf', '.svg')


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument(
        'systems',
        nargs='+',
        metavar='NAME=FILE,FILE...',
        help='a system and its metrics files, one per seed',
    )
    parser.add_argument(
        '--ced',
        metavar='FILE',
        help='draw the CED curves there (.png, .pdf or .svg)',
    )
    return parser.parse_args()


def files_of(arguments: list[str]) -> dict[str, list[str]]:
    """``['FT=a.json,b.json']`` as names and files."""
    systems: dict[str, list[str]] = {}
    seen = set()
    for text in arguments:
        name, sign, files = text.partition('=')
        files = files.split(',')
        if not (name and sign and all(files)):
            raise InputError(
                found=repr(text),
                expected='NAME=FILE,FILE..., such as FT=ft_0.json,ft_1.json',
            )
        if name in systems:
            raise InputError(
                found=f'{name} is given twice',
                cure=f'List all its files: {name}=FILE,FILE.',
            )
        for file in map(os.path.realpath, files):
            if file in seen:
                raise InputError(where=file, found='is given twice')
            seen.add(file)
        systems[name] = files
    return systems


def main() -> None:
    args = parse_args()
    if args.ced and not args.ced.endswith(ENDINGS):
        raise InputError(
            where='--ced',
            found=args.ced,
            expected=f'a name ending in {", ".join(ENDINGS)}',
        )
    import numpy as np

    from mmpose_ctd.apis.error_tables import (
        markdown_table,
        read_report,
        seed_table,
    )
    from mmpose_ctd.visualization import plot_ced

    systems = {
        name: [read_report(file) for file in files]
        for name, files in files_of(args.systems).items()
    }
    table = seed_table(systems)
    print(f'{markdown_table(table, line=" ")}\n\n{table.caption}')
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
