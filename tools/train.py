"""Train a landmark detector.

python tools/train.py configs/frl_faces/ctd_ed_sface.py
"""

import argparse
import os
import sys
from typing import TYPE_CHECKING

from mmpose_ctd.apis.command_line import (
    add_runner_arguments,
    load_config,
    make_parser,
    run,
)
from mmpose_ctd.errors import InputError, MissingFileError

if TYPE_CHECKING:
    from mmengine.config import Config


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument('config', help='a file of configs/')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='continue from a checkpoint; without a name, from the newest in '
        'the work dir',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='start from step 0 in a work dir that holds checkpoints of '
        'another training, and remove them (default: refuse)',
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
    parser.add_argument(
        '--stand-in',
        action='store_true',
        help='try the config without its data and its teacher: 20 steps on '
        'synthetic faces with a random teacher, in '
        'work_dirs/<config>_stand_in; the numbers mean nothing',
    )
    add_runner_arguments(parser)
    args = parser.parse_args()
    if args.overwrite and args.resume:
        parser.error('--resume continues a training, --overwrite replaces it')
    return args


def use_mixed_precision(cfg: 'Config') -> None:
    """Switch mixed precision on, whichever wrapper the config uses."""
    from mmengine.device import is_cuda_available

    from mmpose_ctd.config_values import component_name

    kind = component_name(cfg.optim_wrapper) or 'OptimWrapper'
    if kind == 'AutocastOptimWrapper' or (
        kind == 'OptimWrapper' and not is_cuda_available()
    ):
        cfg.optim_wrapper.update(type='AutocastOptimWrapper', dtype='bfloat16')
    elif kind in ('OptimWrapper', 'AmpOptimWrapper'):
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    else:
        raise InputError(
            where='--amp',
            found=f'optim_wrapper.type={kind!r}, without mixed precision',
            expected='OptimWrapper, AmpOptimWrapper or AutocastOptimWrapper',
        )


def check_named(path: str) -> None:
    """Refuse what no training wrote, before data and model are built."""
    from mmpose_ctd.checkpoint_file import read_checkpoint
    from mmpose_ctd.engine.checkpoint_folder import check_resumable

    if not os.path.isfile(path):
        raise MissingFileError(
            where=f'--resume: {path!r}',
            found='the checkpoint does not exist',
            cure='Training writes its own to <work dir>/iter_<n>.pth; '
            'without a name the newest is taken.',
        )
    content = read_checkpoint(path, '--resume', 'Name another')
    check_resumable(content, path)
    if 'optimizer' not in content:
        raise InputError(
            where=f'--resume: {path!r}',
            found='it lacks the state of the optimiser',
            expected='a checkpoint of a training, such as iter_250.pth',
            cure='To start from its weights: --cfg-options load_from=FILE, '
            'without --resume.',
        )


def check_start(path: str) -> None:
    """Refuse a start that does not exist, before the model is made."""
    from mmpose_ctd.checkpoint_file import check_undamaged

    if '://' in path:
        return
    if not os.path.isfile(path):
        raise MissingFileError(
            where=f'load_from={path!r}',
            found='the file does not exist',
            expected='the weights that the training starts from',
            cure="The config's head says what they are; load_from=None "
            'starts without.',
        )
    check_undamaged(path, 'load_from')


def check_data(cfg: 'Config') -> None:
    """Refuse missing annotations before a work dir is made."""
    for loader in ('train_dataloader', 'val_dataloader'):
        data = (cfg.get(loader) or {}).get('dataset') or {}
        root, file = data.get('data_root') or '', data.get('ann_file')
        path = os.path.join(root, file) if file else ''
        if path and '://' not in path and not os.path.isfile(path):
            raise MissingFileError(
                where=f'{loader}.dataset',
                found=f'the annotation file {path!r} does not exist',
                cure='A relative path counts from the current folder: start '
                'there, or set data_root in the config (configs of this '
                'project take it from the environment variable '
                "CTD_DATA_ROOT, default 'data'). To try a config without its "
                'data: --stand-in',
            )


def take_work_dir(cfg: 'Config', overwrite: bool, go_on: bool) -> None:
    """Refuse a work dir of another training, before anything is written.

    The hooks do so again; they choose what ``--resume`` continues from.
    """
    from mmpose_ctd.config_values import component_name
    from mmpose_ctd.engine.hooks.work_dir_hook import (
        check_used,
        claim_work_dir,
    )

    hooks = cfg.default_hooks = cfg.get('default_hooks') or {}
    hook = hooks.setdefault('work_dir', dict(type='WorkDirHook'))
    if hook is not None and overwrite:
        hook['overwrite'] = True
    saves = hooks.get('checkpoint') or {}
    if component_name(saves) == 'CheckpointHook':
        warn(
            "default_hooks.checkpoint is mmengine's CheckpointHook, which can "
            'lose all checkpoints if it is killed while it saves; '
            "type='SafeCheckpointHook' does not."
        )
    if hook is None or not is_first_process():
        return
    claim_work_dir(cfg.work_dir)
    if not go_on:
        name = saves.get('filename_tmpl') or ''
        check_used(
            cfg.work_dir,
            [(saves.get('out_dir'), name)],
            cfg.load_from,
            bool(cfg.resume),
            hook.get('overwrite', False),
        )


def is_first_process() -> bool:
    """Of a distributed run, which has not been set up yet."""
    ranks = (os.environ.get(name) for name in ('RANK', 'SLURM_PROCID'))
    return next((rank for rank in ranks if rank is not None), '0') == '0'


def warn(text: str) -> None:
    if is_first_process():
        print(f'warning: {text}', file=sys.stderr)


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    # They import MMPose, which load_config does quietly.
    from mmengine.evaluator import Evaluator

    from mmpose_ctd.apis.config_file import (
        best_without_validation,
        check_training,
    )
    from mmpose_ctd.apis.terse_runner import TerseRunner
    from mmpose_ctd.engine.hooks.finite_loss_hook import refuse_no_batch

    # Its work dir is its own, unless one was named.
    args.overwrite |= args.stand_in and args.work_dir is None
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        use_mixed_precision(cfg)
    if args.resume is not None:
        cfg.resume = args.resume != 'auto'
        if cfg.resume:
            check_named(args.resume)
            cfg.load_from = args.resume
    cfg.setdefault('resume', False)
    cfg.setdefault('load_from', None)
    go_on = args.resume == 'auto' or (cfg.resume and cfg.load_from is None)
    if not cfg.resume and not go_on and cfg.load_from:
        check_start(cfg.load_from)
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise InputError(
                where='--auto-scale-lr',
                found='the config has no auto_scale_lr',
                expected='auto_scale_lr=dict(base_batch_size=N), the batch '
                'size that its learning rate is for',
            )
        cfg.auto_scale_lr.enable = True
    check_training(cfg)
    unchosen = best_without_validation(cfg)
    if unchosen:
        warn(unchosen)
    if cfg.get('test_evaluator'):
        # A mistake in it is reported now, not when the training is over.
        Evaluator(cfg.test_evaluator)
    check_data(cfg)
    take_work_dir(cfg, args.overwrite, go_on)
    runner = TerseRunner.from_cfg(cfg)
    if go_on:
        runner.go_on()
    # Schedules by epoch fail where an epoch has no batch.
    refuse_no_batch(runner.train_dataloader)
    runner.train()
    if args.stand_in:
        from mmpose_ctd.apis.stand_in import NOTICE

        print(NOTICE)


if __name__ == '__main__':
    run(main)
