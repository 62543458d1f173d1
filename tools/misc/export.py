"""Export a trained model: ONNX files and a program that runs them.

mmpose_ctd export CONFIG CHECKPOINT OUT/ --calibration calibration.json

OUT/landmarker.py needs numpy, OpenCV and onnxruntime only, and finds what
mmpose_ctd measure finds. No teacher is needed.
"""

import argparse

from mmpose_ctd.apis.command_line import (
    add_config_options,
    add_site,
    add_trained,
    load_config,
    make_parser,
    require_checkpoint,
    run,
)


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add_trained(parser)
    parser.add_argument('out', help='folder to write')
    parser.add_argument(
        '--calibration',
        metavar='FILE.json',
        help='file of mmpose_ctd calibrate for this checkpoint; without it '
        'there are neither intervals nor warnings, and the training images '
        'must be there',
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace an earlier export'
    )
    add_site(parser)
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    require_checkpoint(args.checkpoint)
    cfg = load_config(args)
    # It imports MMPose, which load_config does quietly.
    from pathlib import Path

    from mmpose_ctd.apis.exporting.export import export

    about = export(
        cfg,
        args.checkpoint,
        args.out,
        calibration=args.calibration,
        site=args.site,
        overwrite=args.overwrite,
    )
    out = Path(args.out)
    for name in ('model.json', *about['files']):
        size = (out / name).stat().st_size / 1e6
        print(f'{out / name}: {size:.2f} MB')
    for source in about['sources']:
        print(f'Started from {source["weights"]}: {source["licence"]}')
    print(f'Try it: python {out / "landmarker.py"} PHOTO')


if __name__ == '__main__':
    run(main)
