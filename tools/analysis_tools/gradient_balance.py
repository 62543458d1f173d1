"""Measure how hard the regularisers pull at the encoder.

mmpose_ctd gradient-balance configs/frl_faces/ctd_ed_sface.py \\
    ED=work_dirs/ctd_ed_sface/iter_500.pth

For the start and each checkpoint: every loss, its weight included, the length
of its gradient with respect to the encoder's weights, also as a share of the
landmarks' loss's, and the cosine between the two. A weight that a hook changes
while training is taken at its full value.
"""

import argparse
import itertools

from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from rich.console import Console
from rich.table import Table

from mmpose_ctd.apis.command_line import (
    add_checkpoints,
    add_config_options,
    load_config,
    named_checkpoints,
    run,
)
from mmpose_ctd.errors import InputError


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='of a regularised system')
    add_checkpoints(parser, '*')
    parser.add_argument(
        '--batches',
        type=int,
        default=10,
        metavar='N',
        help='of training, over which to average (default: 10)',
    )
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if args.batches < 1:
        raise InputError(f'--batches {args.batches}: expected at least 1.')
    named = named_checkpoints(args.checkpoints)
    cfg = load_config(args)
    # They import MMPose, which load_config does quietly.
    from mmengine.runner import Runner

    from mmpose_ctd.apis.command_line import quiet_logs
    from mmpose_ctd.apis.gradient_balance import gradient_balance

    init_default_scope(cfg.get('default_scope', 'mmpose'))
    # The head's start and the augmentation are drawn.
    seed = (cfg.get('randomness') or {}).get('seed') or 0
    set_random_seed(seed)
    data = Runner.build_dataloader(cfg.train_dataloader, seed=seed)
    batches = list(itertools.islice(data, args.batches))
    with quiet_logs():
        found = gradient_balance(cfg, list(named.values()), batches)
    table = Table(title=f'The encoder; batches of training: {len(batches)}')
    table.add_column('')
    table.add_column('loss')
    for name in ('value', 'gradient', "of landmarks' gradient", 'cosine'):
        table.add_column(name, justify='right')
    for name, pulls in zip(['start', *named], found):
        for loss, pull in pulls.items():
            table.add_row(
                name,
                loss,
                f'{pull.value:.3g}',
                f'{pull.gradient:.3g}',
                f'{pull.share:.2f}',
                f'{pull.cosine:+.2f}',
            )
        table.add_section()
    Console().print(table)


if __name__ == '__main__':
    run(main)
