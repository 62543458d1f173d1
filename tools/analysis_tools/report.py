"""Write an HTML page about trained systems.

mmpose_ctd report work_dirs/ft_sface work_dirs/ctd_ed_sface
mmpose_ctd report FT=ft_0,ft_1,ft_2 ED=ed_0,ed_1,ed_2 --out seeds.html

A work dir is what tools/train.py wrote. The other systems are compared with
the first one. Photographs of people are shown only with --faces.
"""

import argparse
import os
import sys
from pathlib import Path

from mmpose_ctd.apis.command_line import (
    add_config_options,
    import_mmpose_quietly,
    make_parser,
    run,
)
from mmpose_ctd.errors import InputError


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument(
        'systems',
        nargs='+',
        metavar='[NAME=]WORK_DIR[,WORK_DIR...]',
        help='a system: its work dir, or the work dirs of several seeds',
    )
    parser.add_argument(
        '--out',
        default='report.html',
        metavar='FILE.html',
        help='the page (default: report.html)',
    )
    parser.add_argument(
        '--faces',
        action=argparse.BooleanOptionalAction,
        default=False,
        help='show the best, the median and the worst face as photographs '
        'instead of landmarks and heat-maps on a blank page',
    )
    parser.add_argument(
        '--title',
        default='Landmark detection report',
        help='heading of the page',
    )
    parser.add_argument(
        '--annotators',
        metavar='FILE.json',
        help='show the differences of two annotators next to the errors: '
        'file of mmpose_ctd annotators --out',
    )
    add_config_options(
        parser,
        'override settings of all configs, for example '
        'test_dataloader.dataset.data_root=DIR if the data were moved',
    )
    return parser.parse_args()


def systems_of(texts: list[str]) -> dict[str, list[str]]:
    """Name -> work dirs; the default name is the folder's."""
    systems: dict[str, list[str]] = {}
    seen = set()
    for text in texts:
        # A folder's own name may hold a sign or a comma.
        name, sign, folders = text.partition('=')
        if os.path.isdir(text) or not sign:
            name, folders = '', text
        folders = [folders] if os.path.isdir(folders) else folders.split(',')
        nameless = text.startswith('=') and not os.path.isdir(text)
        if nameless or not all(folders):
            raise InputError(
                where=repr(text),
                expected='WORK_DIR or NAME=WORK_DIR,WORK_DIR..., such as '
                'ED=work_dirs/ed_0,work_dirs/ed_1',
            )
        for folder in folders:
            if os.path.realpath(folder) in seen:
                raise InputError(where=folder, found='given twice')
            seen.add(os.path.realpath(folder))
        named = bool(name)
        name = name or Path(os.path.abspath(folders[0])).name
        if name in systems:
            if named:
                raise InputError(
                    where=name,
                    found='given twice',
                    cure=f'List its work dirs together: {name}=DIR,DIR.',
                )
            name = f'{name} ({1 + len(systems)})'
        systems[name] = folders
    return systems


def main() -> None:
    args = parse_args()
    systems = systems_of(args.systems)
    import_mmpose_quietly()
    from mmpose_ctd.apis.reporting import report

    failed = report(
        systems,
        args.out,
        photographs=args.faces,
        title=args.title,
        options=args.cfg_options,
        annotators=args.annotators,
    )
    print(f'Report written to {args.out}')
    if args.faces:
        print('It shows photographs of people.')
    for line in failed:
        print(f'error: {line}', file=sys.stderr)
    if failed:
        # The page is incomplete.
        sys.exit(1)


if __name__ == '__main__':
    run(main)
