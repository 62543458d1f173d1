"""Find landmarks of a texture on its mesh, and measure in millimetres.

    mmpose_ctd lift face.obj face.csv --texture face.jpg --out measures.csv

The points may have any format that mmpose_ctd prepare reads. Measures are
along the straight line and along the surface.
"""

import argparse

import pandas as pd

from mmpose_ctd.apis.command_line import (
    add_mesh,
    make_parser,
    require_ending,
    run,
    take_outputs,
)
from mmpose_ctd.apis.error_tables import Table, number, print_table
from mmpose_ctd.apis.lifting import lift
from mmpose_ctd.datasets.preparation import PrepareOptions
from mmpose_ctd.files import write_whole
from mmpose_ctd.option_fields import add_options, given_options


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add('mesh', metavar='MESH', help='OBJ or PLY file with a UV map')
    add('points', metavar='LANDMARKS', help='file of points on the texture')
    add('--texture', required=True, metavar='IMAGE', help='the texture')
    add('--out', metavar='FILE.csv', help='write the measures there')
    add(
        '--points-out',
        metavar='FILE.csv',
        help='write the landmarks there: x, y, z in mm',
    )
    add('--overwrite', action='store_true', help='replace these files')
    add_mesh(parser)
    names = ('format', 'landmarks', 'count_from', 'first_pixel', 'y_axis')
    add_options(parser, PrepareOptions, names)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    require_ending(args, out='.csv', points_out='.csv')
    take_outputs(args.out, args.points_out, overwrite=args.overwrite)
    options = given_options(PrepareOptions, args)
    face = lift(
        args.mesh,
        args.points,
        args.texture,
        mesh_unit=args.mesh_unit,
        v_axis=args.v_axis,
        names=options.pop('landmarks'),
        **options,
    )
    rows = [
        [name, row.unit.replace('1', ''), *_cells(row)]
        for name, row in face.measures.iterrows()
    ]
    caption = 'Measures on the surface'
    headings = ['', 'unit', 'straight line', 'along the surface']
    print_table(Table(caption, headings, rows))
    for note in face.notes:
        print(f'note: {note}')
    missing = face.landmarks.index[face.landmarks.isna().any(axis=1)]
    if len(missing):
        print(f'note: not labelled: {", ".join(missing)}')
    for file, table, label in (
        (args.out, face.measures, 'measure'),
        (args.points_out, face.landmarks, 'landmark'),
    ):
        if file:
            text = table.to_csv(index_label=label, float_format='%.4f')
            write_whole(file, text.encode())
            print(f'Written to {file}')


def _cells(row: pd.Series) -> list[str]:
    digits = 4 if row.unit == '1' else 2
    surface = '' if pd.isna(row.surface) else number(row.surface, 2)
    return [number(row.line, digits), surface]


if __name__ == '__main__':
    run(main)
