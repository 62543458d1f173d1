"""Calibrate a model: how large its errors are, and which faces it knows.

mmpose_ctd calibrate CONFIG CHECKPOINT --out FILE.json

mmpose_ctd measure needs the file for intervals and warnings. Calibrating
takes labelled faces that were not trained on. FILE.png shows expected against
observed errors of faces that the fit left out.
"""

import argparse

from mmpose_ctd.apis.command_line import (
    add_config_options,
    add_trained,
    load_config,
    make_parser,
    require_checkpoint,
    require_ending,
    run,
    take_outputs,
)


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add_trained(parser)
    parser.add_argument(
        '--out', metavar='FILE.json', required=True, help='file to write'
    )
    parser.add_argument(
        '--split',
        metavar='FILE',
        help='subjects to calibrate with, as dataset.split (default: those '
        'in neither the training nor the test split)',
    )
    parser.add_argument(
        '--test',
        action='store_true',
        help='also judge the calibration on test_dataloader, whose faces it '
        'does not use; draws FILE_test.png and counts flagged faces by site',
    )
    parser.add_argument(
        '--figure',
        metavar='FILE',
        help='figure to write (default: FILE.png next to FILE.json)',
    )
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    require_ending(args, out='.json')
    require_checkpoint(args.checkpoint)
    cfg = load_config(args)
    # They import MMPose, which load_config does quietly.
    from mmpose_ctd.apis.measuring.calibrating import calibrate
    from mmpose_ctd.apis.measuring.calibration import write_calibration

    take_outputs(args.out)
    calibration = calibrate(
        cfg, args.checkpoint, split=args.split, test=args.test
    )
    write_calibration(calibration, args.out)
    print(f'Calibration written to {args.out}')
    figure = args.figure or args.out.removesuffix('.json') + '.png'
    for faces, path in calibration.plot(figure):
        print(f'Figure of the {faces} written to {path}')
    for line in calibration.describe():
        print(line)


if __name__ == '__main__':
    run(main)
