"""Measure the faces in a folder of photographs, or of meshes (OBJ files).

mmpose_ctd measure CONFIG CHECKPOINT IMAGES \\
    --calibration calibration.json --out measures.csv

A row for each photograph: landmarks, measures with 95 % intervals, and
whether the face is like those that the model knows. mmpose_ctd calibrate
makes the calibration. The table holds file names, relative to IMAGES: it is
as private as the photographs.
"""

import argparse
import sys

from mmpose_ctd.apis.command_line import (
    add_config_options,
    add_finding,
    add_mesh,
    add_trained,
    load_config,
    make_parser,
    require_checkpoint,
    require_ending,
    run,
)
from mmpose_ctd.errors import InputError


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add_trained(parser)
    parser.add_argument(
        'images',
        help='folder of photographs; or of OBJ files, whose textures are '
        'found through their .mtl files, and which are measured in mm',
    )
    parser.add_argument(
        '--out', metavar='FILE.csv', required=True, help='the table'
    )
    parser.add_argument(
        '--mm-per-px',
        type=float,
        metavar='NUMBER',
        help='millimetres of a pixel, the same on all photographs',
    )
    parser.add_argument(
        '--table',
        metavar='FILE.csv',
        help='data of the photographs: columns file, and any of '
        'mm_per_px, age (years), sex, subject',
    )
    parser.add_argument(
        '--norms',
        metavar='FILE.csv',
        help='norms for z-scores: measure, sex, age_min, age_max, unit, and '
        'mean and sd, or l, m and s; needs --table',
    )
    parser.add_argument(
        '--overlays', metavar='DIR', help='draw every measured face there'
    )
    parser.add_argument(
        '--json', metavar='FILE.json', help='also write the table as JSON'
    )
    parser.add_argument(
        '--excel',
        action='store_true',
        help='begin the table with a byte order mark, so Excel reads accents',
    )
    parser.add_argument(
        '--delimiter',
        choices=[',', ';'],
        default=',',
        help="between cells; ';' where Excel's decimal mark is a comma",
    )
    parser.add_argument(
        '--resume',
        action='store_true',
        help='continue an interrupted or complete table; its rows stay',
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace a table'
    )
    add_mesh(parser)
    add_finding(parser)
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    require_ending(args, out='.csv', json='.json')
    if args.norms and not args.table:
        raise InputError(
            where='--norms',
            found='no --table',
            expected='one with the ages of the photographs',
        )
    require_checkpoint(args.checkpoint)
    cfg = load_config(args)
    # They import MMPose, which load_config does quietly.
    from mmpose_ctd.apis.measuring.landmark_model import LandmarkModel
    from mmpose_ctd.apis.measuring.photographs import measure
    from mmpose_ctd.apis.measuring.row_file import write_measures

    try:
        measured = measure(
            LandmarkModel(cfg, args.checkpoint, site=args.site),
            args.images,
            args.calibration,
            recursive=args.recursive,
            start=args.framing,
            mm_per_px=args.mm_per_px,
            table=args.table,
            norms=args.norms,
            overlays=args.overlays,
            mesh_unit=args.mesh_unit,
            v_axis=args.v_axis,
        )
        counts = write_measures(
            measured,
            args.out,
            json_file=args.json,
            excel=args.excel,
            delimiter=args.delimiter,
            resume=args.resume,
            overwrite=args.overwrite,
        )
    except KeyboardInterrupt:
        print(
            f'\nInterrupted. The rows so far are in {args.out}.part; '
            '--resume continues.'
        )
        sys.exit(130)
    found = ', '.join(f'{n} {status}' for status, n in counts.items())
    print(f'{args.out}: {found or "nothing new"}')


if __name__ == '__main__':
    run(main)
