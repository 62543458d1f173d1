"""Compute DELTA's channel weights, for DELTALoss(channel_weights=FILE).

mmpose_ctd delta-weights configs/frl_faces/fe_sface.py \\
    work_dirs/fe_sface/iter_500.pth --out checkpoints/sface_delta.pth

A channel weighs much if the loss on the training images rises when it is set
to 0. The checkpoint is that of feature extraction: the source's encoder,
frozen, and a head that was trained on it. For the encoder's last stage the
head runs once a channel and batch; for an earlier one the whole model does.
"""

import argparse
import itertools
from pathlib import Path

from mmpose_ctd.apis.command_line import (
    add_config_options,
    load_config,
    make_parser,
    require_checkpoint,
    require_ending,
    run,
    take_outputs,
)
from mmpose_ctd.errors import InputError


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument('config', help='the config of feature extraction')
    parser.add_argument('checkpoint', help='a .pth file trained with it')
    parser.add_argument(
        '--out', metavar='FILE.pth', required=True, help='the file to write'
    )
    parser.add_argument(
        '--stage',
        type=int,
        default=-1,
        help="which of the encoder's maps (default: -1, the last)",
    )
    parser.add_argument(
        '--batches',
        type=int,
        metavar='N',
        help='look at the first N batches of the training images alone '
        '(default: all)',
    )
    parser.add_argument(
        '--softmax',
        choices=['standardised', 'paper'],
        default='standardised',
        help="how increases become weights: as in the authors' code, "
        'whatever the unit of the loss (default), or as the paper writes it, '
        'image by image',
    )
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    require_ending(args, out='.pth')
    if args.batches is not None and args.batches < 1:
        raise InputError(
            where=f'--batches {args.batches}', expected='1 or more'
        )
    require_checkpoint(args.checkpoint)
    cfg = load_config(args)
    # They import MMPose, which load_config does quietly.
    import torch
    from mmengine.device import get_device
    from mmengine.registry import init_default_scope
    from rich.progress import Progress

    from mmpose_ctd.apis.delta_weights import (
        channel_weights,
        loss_increases,
    )
    from mmpose_ctd.apis.feature_extractor import (
        load_feature_extractor,
        plain_training_data,
    )
    from mmpose_ctd.checkpoint_file import checkpoint_bytes
    from mmpose_ctd.files import write_whole

    init_default_scope(cfg.get('default_scope', 'mmpose'))
    take_outputs(args.out)
    model = load_feature_extractor(cfg, args.checkpoint).to(get_device())
    data = plain_training_data(cfg, 1 if args.softmax == 'paper' else None)
    batches = min(len(data), args.batches or len(data))
    with Progress() as progress:
        task = progress.add_task('Channels', total=None)
        increases, sizes = loss_increases(
            model,
            itertools.islice(data, batches),
            args.stage,
            lambda channels: progress.update(
                task, advance=1, total=batches * channels
            ),
        )
    weights = channel_weights(increases, sizes, args.softmax)
    images = torch.tensor(sizes, dtype=increases.dtype)
    content = dict(
        channel_weights=weights.float(),
        increase=(images @ increases / images.sum()).float(),
        meta=dict(
            config=Path(args.config).name,
            stage=args.stage,
            num_images=sum(sizes),
            softmax=args.softmax,
        ),
    )
    write_whole(args.out, checkpoint_bytes(content))
    few = max(1, len(weights) // 10)
    share = weights.topk(few).values.sum().item()
    print(
        f'{args.out}: {len(weights)} channel weights from {sum(sizes)} '
        f'images; the {few} largest make up {share:.0%}. In the config of a '
        'model to train:\n'
        f"  regularizers=dict(delta=dict(type='DELTALoss', "
        f'stage={args.stage}, channel_weights={args.out!r}))'
    )


if __name__ == '__main__':
    run(main)
