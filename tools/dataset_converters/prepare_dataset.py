"""Make a set from photographs and points clicked in some tool.

    mmpose_ctd prepare photographs/ points.tps \\
        --landmarks names.txt --table subjects.csv --out data/myset

docs/prepare.md shows each format. Exit status: 0 when all records are in the
set, 1 when some are left out, 2 when nothing could be made.
"""

import argparse
import sys

from rich.console import Console

from mmpose_ctd.apis.command_line import make_parser, run
from mmpose_ctd.datasets.preparation import (
    PrepareOptions,
    findings_table,
    prepare,
    summary,
)
from mmpose_ctd.option_fields import add_options, given_options


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add('images', metavar='IMAGES', help='folder of photographs; only read')
    add('points', metavar='POINTS', help='file or folder of points')
    add('--out', required=True, metavar='DIR', help='the set, a new folder')
    add(
        '--dry-run',
        action='store_true',
        help='report, but write nothing except the sheets of --preview',
    )
    add('--quiet', action='store_true', help='no progress bar')
    add(
        '--preview',
        metavar='FOLDER',
        help='draw the points on the pictures there, twenty on a sheet',
    )
    add_options(parser, PrepareOptions)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        report = prepare(
            args.images,
            args.points,
            args.out,
            dry_run=args.dry_run,
            progress=not args.quiet,
            preview=args.preview,
            **given_options(PrepareOptions, args),
        )
    except KeyboardInterrupt:
        print('\nInterrupted. The same command resumes it.')
        sys.exit(130)
    # A pipe has no width of its own; 80 columns would cut the table.
    console = Console(width=None if sys.stdout.isatty() else 120)
    table = findings_table(report, every=args.dry_run)
    if table is not None:
        console.print(table)
    for note in report.notes:
        print(f'note: {note}')
    for warning in report.warnings:
        print(f'WARNING: {warning}', file=sys.stderr)
    print(summary(report))
    if report.out is not None:
        print(
            f'Written to {args.out}: annotations, images, report.csv, '
            'report.json'
        )
    if args.preview is not None and report.used:
        print(f'Look at the sheets in {args.preview}.')
    sys.exit(report.exit_status)


if __name__ == '__main__':
    run(main)
