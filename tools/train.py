"""Trains a landmark detector.

python tools/train.py configs/frl_faces/ctd_ed_sface.py
"""

import argparse
import os

from mmengine.config import Config
from mmengine.device import is_cuda_available
from mmengine.evaluator import Evaluator
from mmengine.runner import find_latest_checkpoint

from mmpose_ctd.apis.command_line import (
    add_runner_arguments,
    load_config,
    run,
)
from mmpose_ctd.apis.config_checks import check_training
from mmpose_ctd.apis.terse_runner import TerseRunner
from mmpose_ctd.engine.hooks.finite_loss_hook import refuse_no_batch
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.models.teachers.checkpoint import read_checkpoint


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='a file of configs/')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from a checkpoint; without a name, from the newest in '
        'the work dir',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='mixed precision: bfloat16 with the AutocastOptimWrapper of our '
        "configs and on a CPU; else mmengine's AmpOptimWrapper",
    )
    parser.add_argument(
        '--no-validate', action='store_true', help='train without evaluating'
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the real batch size',
    )
    add_runner_arguments(parser)
    return parser.parse_args()


def use_mixed_precision(cfg: Config) -> None:
    """Switch mixed precision on, whichever wrapper the config uses."""
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    kind = kind if isinstance(kind, str) else kind.__name__
    if kind == 'AutocastOptimWrapper' or (
        kind == 'OptimWrapper' and not is_cuda_available()
    ):
        cfg.optim_wrapper.update(type='AutocastOptimWrapper', dtype='bfloat16')
    elif kind in ('OptimWrapper', 'AmpOptimWrapper'):
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    else:
        raise InputError(
            f'--amp: optim_wrapper.type={kind!r} has no mixed precision; '
            'expected OptimWrapper, AmpOptimWrapper or AutocastOptimWrapper.'
        )


def check_resumable(path: str) -> None:
    """Refuse what no training wrote, before data and model are built."""
    if not os.path.isfile(path):
        raise MissingFileError(
            f'--resume: the checkpoint {path!r} does not exist. Training '
            'writes its own to <work dir>/iter_<n>.pth; without a name the '
            'newest is taken.'
        )
    content = read_checkpoint(path, '--resume', 'Name another')
    if not isinstance(content, dict) or not {
        'optimizer',
        'message_hub',
    } <= set(content):
        raise InputError(
            f'--resume: {path!r} is no checkpoint of a training that could '
            'go on: it lacks the state of the optimiser. To start from its '
            'weights: --cfg-options load_from=FILE, without --resume.'
        )


def check_start(path: str) -> None:
    """Refuse a start that does not exist, before the model is made.

    Raises:
        MissingFileError: Names the config's key.
    """
    if '://' not in path and not os.path.isfile(path):
        raise MissingFileError(
            f'load_from={path!r} does not exist; expected the weights that '
            "the training starts from. The config's head says what they are; "
            'load_from=None starts without.'
        )


def say_how_to_go_on(work_dir: str) -> None:
    """After an interruption: whether there is a checkpoint to resume."""
    if find_latest_checkpoint(work_dir):
        print('\nWith --resume the training goes on from its last checkpoint.')
    else:
        print(
            '\nThere is no checkpoint yet: the next training begins at the '
            'first step. default_hooks.checkpoint.interval sets how often '
            'one is written.'
        )


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        use_mixed_precision(cfg)
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
        if cfg.load_from is not None:
            check_resumable(args.resume)
    elif cfg.get('load_from'):
        check_start(cfg.load_from)
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise InputError(
                '--auto-scale-lr: the config has no auto_scale_lr.'
                'base_batch_size, the batch size its learning rate is for.'
            )
        cfg.auto_scale_lr.enable = True
    check_training(cfg)
    if cfg.get('test_evaluator'):
        # A mistake in it is reported now, not when the training is over.
        Evaluator(cfg.test_evaluator)
    runner = TerseRunner.from_cfg(cfg)
    # Schedules by epoch fail where an epoch has no batch.
    refuse_no_batch(runner.train_dataloader)
    try:
        runner.train()
    except KeyboardInterrupt:
        say_how_to_go_on(runner.work_dir)
        raise


if __name__ == '__main__':
    run(main)
