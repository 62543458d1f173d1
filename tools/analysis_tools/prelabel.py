"""Write a model's landmarks into files that an annotation tool opens.

mmpose_ctd prelabel CONFIG CHECKPOINT IMAGES \\
    --format labelme --out to_correct

A person corrects the points instead of clicking them; mmpose_ctd prepare
reads the corrected files. order.csv lists the photographs, least certain
first. docs/label_less.md shows the whole loop. The files hold names of
photographs: they are as private as these.
"""

import argparse
import os
from shlex import quote

from mmpose_ctd.apis.command_line import (
    add_config_options,
    add_finding,
    add_trained,
    load_config,
    make_parser,
    require_checkpoint,
    run,
)
from mmpose_ctd.datasets.annotation_formats import FORMATS

# What opens the files, by format; the rest are opened from the program.
_OPEN = {
    'labelme': 'labelme {images} --output {points} --labels {names} --nodata'
}


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add_trained(parser)
    parser.add_argument('images', help='folder of photographs; only read')
    parser.add_argument(
        '--format',
        choices=sorted(FORMATS),
        default='labelme',
        help='of the files of points (default: labelme)',
    )
    parser.add_argument(
        '--out', metavar='DIR', required=True, help='a new folder'
    )
    parser.add_argument(
        '--most',
        type=int,
        metavar='N',
        help='write only the N least certain photographs, for example what '
        'you will correct today (default: all)',
    )
    add_finding(parser)
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    require_checkpoint(args.checkpoint)
    cfg = load_config(args)
    # They import MMPose, which load_config does quietly.
    from mmpose_ctd.apis.measuring.landmark_model import LandmarkModel
    from mmpose_ctd.apis.measuring.prelabelling import (
        NAMES,
        ORDER,
        POINTS,
        prelabel,
    )

    done = prelabel(
        LandmarkModel(cfg, args.checkpoint, site=args.site),
        args.images,
        args.out,
        kind=args.format,
        most=args.most,
        calibration=args.calibration,
        recursive=args.recursive,
        start=args.framing,
    )
    points, names, order = (
        os.path.join(args.out, name) for name in (POINTS, NAMES, ORDER)
    )
    without = sum('uncertainty' not in row for row in done.rows)
    print(
        f'{points}: points of {done.written} of {len(done.rows)} photographs'
        + f'; {without} without a face' * (without > 0)
    )
    print(f'{order}: the photographs, least certain first')
    if args.format in _OPEN:
        line = _OPEN[args.format].format(
            images=quote(args.images), points=quote(points), names=quote(names)
        )
        print(f'Correct every point: {line}')
    paths = f'{quote(args.images)} {quote(points)}'
    if args.format in ('tps', 'pts', 'tem'):
        # They hold no names.
        paths += f' --landmarks {quote(names)}'
    print(f'Then: mmpose_ctd prepare {paths} --out SET')


if __name__ == '__main__':
    run(main)
