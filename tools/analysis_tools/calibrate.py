"""Learns how large a model's errors are, and what faces it knows.

mmpose_ctd calibrate CONFIG CHECKPOINT --out FILE.json

What mmpose_ctd measure needs for intervals and warnings. It takes labelled
faces that were not trained on; beside FILE.json it draws FILE.png, expected
against observed errors of faces that the fit left out.
"""

import argparse
import os

from rich.console import Console

from mmpose_ctd.apis.command_line import (
    add_config_options,
    load_config,
    require_checkpoint,
    run,
)
from mmpose_ctd.errors import InputError


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='the config it was trained with')
    parser.add_argument('checkpoint', help='a .pth file')
    parser.add_argument(
        '--out', metavar='FILE.json', required=True, help='written there'
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
        'does not use: FILE_test.png, and by site how many are flagged',
    )
    parser.add_argument(
        '--figure',
        metavar='FILE',
        help='reliability figure (default: FILE.png beside FILE.json)',
    )
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if not args.out.endswith('.json'):
        raise InputError(f'--out {args.out}: expected a name ending in .json.')
    require_checkpoint(args.checkpoint)
    cfg = load_config(args)
    # It imports MMPose, which load_config does quietly.
    from mmpose_ctd.apis.measuring.calibration_run import run_calibration

    os.makedirs(os.path.dirname(args.out) or '.', exist_ok=True)
    run_calibration(
        cfg,
        args.checkpoint,
        args.out,
        split=args.split,
        figure=args.figure or args.out.removesuffix('.json') + '.png',
        test=args.test,
        console=Console(),
    )


if __name__ == '__main__':
    run(main)
