"""Compare two annotators of the same photographs.

    mmpose_ctd annotators anna.csv ben.tps --images photographs \\
        --out annotators.json

Photographs are matched by their file names; differences are B - A.
mmpose_ctd report --annotators shows them next to a model's errors.
"""

import argparse

import pandas as pd

from mmpose_ctd.apis.annotators import compare_annotators
from mmpose_ctd.apis.command_line import (
    make_parser,
    require_ending,
    run,
    take_outputs,
)
from mmpose_ctd.apis.error_tables import (
    Table,
    number,
    print_table,
    with_interval,
)
from mmpose_ctd.datasets.preparation import PrepareOptions
from mmpose_ctd.evaluation.functional.measurements import digits_of
from mmpose_ctd.files import write_whole
from mmpose_ctd.option_fields import add_options, given_options


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add('first', metavar='A', help='file or folder of points')
    add('second', metavar='B', help="the other annotator's")
    add(
        '--images',
        metavar='DIR',
        help='the photographs: needed for tps files and where EXIF turns '
        'photographs',
    )
    add('--out', metavar='FILE.json', help='write the result there')
    add(
        '--csv',
        metavar='FILE.csv',
        help='write the table of landmarks there, and that of measures to '
        'FILE_measures.csv',
    )
    add('--overwrite', action='store_true', help='replace these files')
    add(
        '--mm-per-px',
        type=float,
        metavar='NUMBER',
        help='size of a pixel (default: mm_per_px of the files, if any)',
    )
    names = ('format', 'landmarks', 'count_from', 'scale_unit')
    add_options(parser, PrepareOptions, names)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    require_ending(args, out='.json', csv='.csv')
    more = args.csv and f'{args.csv[:-4]}_measures.csv'
    take_outputs(args.out, args.csv, more, overwrite=args.overwrite)
    found = compare_annotators(
        args.first,
        args.second,
        images=args.images,
        mm_per_px=args.mm_per_px,
        **given_options(PrepareOptions, args),
    )
    for unit, rows in found.landmarks.groupby('unit', sort=False):
        print_table(_landmarks(rows, unit))
    if len(found.measures):
        print_table(_measures(found.measures))
    for note in found.notes:
        print(f'note: {note}')
    print(f'{found.num_photographs} photographs that both labelled.')
    for file, table in ((args.csv, found.landmarks), (more, found.measures)):
        if file:
            text = table.to_csv(index=False, float_format='%.5g')
            write_whole(file, text.encode())
            print(f'Written to {file}')
    if args.out:
        found.write(args.out)
        print(f'Written to {args.out}')


def _landmarks(rows: pd.DataFrame, unit: str) -> Table:
    what = 'pixels of the photograph' if unit == 'px' else 'mm'
    headings = ['', 'n', f'distance\n{unit}', '% of\nex-ex']
    headings += [f'bias {a}\n{unit}' for a in 'xy']
    headings += [f'SD {a}\n{unit}' for a in 'xy']
    headings += [f'ICC {a}' for a in 'xy']
    cells = [
        [row.landmark, str(row.n), number(row.distance), number(row.share)]
        + [number(row[f'bias_{a}'], sign=True) for a in 'xy']
        + [number(row[f'sd_{a}']) for a in 'xy']
        + [number(row[f'icc_{a}'], 3) for a in 'xy']
        for _, row in rows.iterrows()
    ]
    return Table(f'Landmarks, B - A, in {what}', headings, cells)


def _measures(measures: pd.DataFrame) -> Table:
    headings = ['', 'unit', 'n', 'mean', 'bias', 'SD', 'MAE', 'ICC(2,1)']
    cells = []
    for _, row in measures.iterrows():
        digits = digits_of(row.unit)
        bias = number(row.bias, digits, sign=True)
        cells.append(
            [
                row.measure,
                row.unit.replace('1', ''),
                str(row.n),
                number(row['mean'], digits),
                with_interval(bias, row.bias_low, row.bias_high, digits, True),
                number(row.sd, digits),
                number(row.mae, digits),
                with_interval(number(row.icc), row.icc_low, row.icc_high, 2),
            ]
        )
    caption = 'Measures, B - A; in brackets 95 % intervals'
    return Table(caption, headings, cells)


if __name__ == '__main__':
    run(main)
