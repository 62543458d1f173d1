"""Write a complete config for a prepared set.

mmpose_ctd init configs/myset.py --from ctd_ed_sface --data data/myset
"""

import argparse

from mmpose_ctd.apis.command_line import (
    import_mmpose_quietly,
    make_parser,
    run,
)


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument('out', metavar='CONFIG.py', help='the new file')
    parser.add_argument(
        '--from',
        dest='base',
        default='ctd_ed_sface',
        metavar='NAME',
        help='the config to start from: a file, or a name of configs/ '
        '(default: ctd_ed_sface)',
    )
    parser.add_argument(
        '--data', required=True, metavar='DIR', help='a prepared set'
    )
    parser.add_argument(
        '--input-size', type=int, metavar='PX', help='side of the input'
    )
    parser.add_argument(
        '--face-side',
        type=float,
        metavar='X',
        help='side of the crop in widths of the detected face; 0: the whole '
        'image',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    import_mmpose_quietly()
    from mmpose_ctd.apis.config_writer import new_config

    cfg = new_config(
        args.out,
        args.base,
        args.data,
        input_size=args.input_size,
        face_side=args.face_side,
    )
    print(f'{args.out}: {cfg.num_keypoints} landmarks, data {cfg.data_root}')
    print(f'Train: mmpose_ctd train {args.out}')


if __name__ == '__main__':
    run(main)
