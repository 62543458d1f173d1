"""What the command lines of tools/ share: arguments, and how errors end."""

import argparse
import contextlib
import errno
import logging
import os
import os.path as osp
import pickle
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from urllib.error import URLError

import torch
from mmengine.config import Config, DictAction
from mmengine.logging import MMLogger

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.privacy import redact_logs
from mmpose_ctd.safe_loading import refusal_reason, require_safe_loading

from .config_file import RUNNER_KEYS, import_mmpose_quietly, read_config

__all__ = [
    'RUNNER_KEYS',
    'add_checkpoints',
    'add_config_options',
    'add_runner_arguments',
    'import_mmpose_quietly',
    'load_config',
    'named_checkpoints',
    'quiet_logs',
    'require_checkpoint',
    'run',
]

_LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


# -------------------------------------------------------------- arguments


def add_runner_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that training and testing share, MMPose's names."""
    parser.add_argument(
        '--work-dir',
        help='folder of logs and checkpoints '
        '(default: work_dirs/<name of the config>)',
    )
    add_config_options(
        parser,
        'override settings of the config, for example '
        'train_dataloader.dataset.split=splits/train_n080_seed1.txt '
        'framing.input_size=128 framing.face_side=1.1',
    )
    parser.add_argument(
        '--show-dir',
        help='draw prediction against truth of the evaluated images there',
    )
    parser.add_argument(
        '--show', action='store_true', help='show these pictures in a window'
    )
    parser.add_argument(
        '--interval',
        type=int,
        default=1,
        help='draw every n-th image (default: 1)',
    )
    parser.add_argument(
        '--wait-time',
        type=float,
        default=1,
        help='seconds that --show shows a picture (default: 1)',
    )
    parser.add_argument(
        '--launcher',
        choices=_LAUNCHERS,
        default='none',
        help='how the processes of a distributed run are started',
    )
    # torch.distributed.launch passes it; torchrun sets LOCAL_RANK.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    parser.add_argument(
        '--keep-paths',
        action='store_true',
        help='write absolute paths into logs and checkpoints as they are '
        '(default: shortened, as folders of clinical data may name people)',
    )


class _Options(DictAction):
    """mmengine's ``--cfg-options``, which refuses what it cannot read."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        for one in values or ():
            key, equals, value = one.partition('=')
            if not key or not equals:
                raise InputError(
                    where='--cfg-options',
                    found=repr(one),
                    expected='KEY=VALUE, without blanks around the =',
                )
            try:
                self._parse_iterable(value)
            except AssertionError as error:
                raise InputError(
                    where=f'--cfg-options {key}',
                    found=f'{value!r} ({error})',
                    expected='brackets in pairs',
                ) from error
        super().__call__(parser, namespace, values, option_string)


def add_config_options(
    parser: argparse.ArgumentParser,
    help: str = 'override settings of the config, for example '
    'framing.input_size=128 framing.face_side=1.1',
) -> None:
    """``--cfg-options``, and what else :func:`load_config` asks for.

    Args:
        parser (ArgumentParser): Of a tool that neither trains nor draws with
            a Runner, or one that adds arguments for these itself.
        help (str): What the option says of itself.
    """
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=_Options,
        default={},
        metavar='KEY=VALUE',
        help=help,
    )
    parser.set_defaults(
        work_dir=None,
        show=False,
        show_dir=None,
        launcher='none',
        local_rank=0,
        keep_paths=False,
        stand_in=False,
    )


def add_checkpoints(parser: argparse.ArgumentParser, nargs: str) -> None:
    """``checkpoints``, so many of ``[NAME=]FILE``, for a config's siblings.

    Args:
        parser (ArgumentParser): Of the tool.
        nargs (str): ``'+'``, or ``'*'`` where there may be none.
    """
    parser.add_argument(
        'checkpoints',
        nargs=nargs,
        metavar='[NAME=]FILE',
        help='trained with the config, or with its siblings',
    )


def named_checkpoints(texts: list[str]) -> dict[str, str]:
    """Name -> file; without a name the file's own.

    Args:
        texts (list[str]): ``NAME=FILE`` or ``FILE``.

    Raises:
        InputError: If two have one name.
        MissingFileError: If a file does not exist.
    """
    named: dict[str, str] = {}
    for text in texts:
        name, sign, path = text.partition('=')
        if not sign or '/' in name:
            name, path = osp.basename(text), text
        require_checkpoint(path)
        if name in named:
            raise InputError(
                where=text,
                found=f'another checkpoint is called {name}, too',
                expected='NAME=FILE',
            )
        named[name] = path
    return named


def require_checkpoint(path: str) -> None:
    """Refuse a checkpoint that does not exist, before anything is built.

    Raises:
        MissingFileError: Names the folder that training writes to.
    """
    if not osp.isfile(path):
        raise MissingFileError(
            where=path,
            found='the checkpoint does not exist',
            cure='Training writes its own to <work dir>/iter_<n>.pth.',
        )


# ------------------------------------------------------------- the config


def load_config(args: argparse.Namespace) -> Config:
    """Read the config and merge the shared arguments into it.

    Args:
        args (Namespace): Of a parser with :func:`add_config_options`.

    Raises:
        InputError: See :func:`.read_config`.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))

    def adjust(cfg: Config) -> None:
        cfg.launcher = _launcher(args)
        if args.work_dir is not None:
            cfg.work_dir = args.work_dir
        elif cfg.get('work_dir') is None or args.stand_in:
            name = osp.splitext(osp.basename(args.config))[0]
            name += '_stand_in' if args.stand_in else ''
            cfg.work_dir = osp.join('work_dirs', name)
        if args.stand_in:
            _stand_in(cfg)
        if args.show or args.show_dir is not None:
            _draw(cfg, args)
        if args.keep_paths:
            hooks = cfg.get('custom_hooks') or []
            cfg.custom_hooks = [h for h in hooks if h['type'] != 'PrivacyHook']
        else:
            redact_logs()

    cfg = read_config(args.config, args.cfg_options, adjust)
    if cfg.launcher == 'pytorch' and not torch.cuda.is_available():
        _distribute_over_cpus(cfg)
    return cfg


def _launcher(args: argparse.Namespace) -> str:
    """``--launcher``, or the same as an option of the config.

    Raises:
        InputError: Also if torchrun did not start this process.
    """
    launcher = args.cfg_options.get('launcher', args.launcher)
    if launcher not in _LAUNCHERS:
        raise InputError(
            where='--cfg-options launcher',
            found=repr(launcher),
            expected=f'one of {", ".join(_LAUNCHERS)}',
        )
    if launcher == 'pytorch' and 'RANK' not in os.environ:
        raise InputError(
            where='--launcher pytorch',
            found='the process was started alone',
            expected='torchrun to start it',
            cure='For example: torchrun --nproc_per_node 2 tools/train.py '
            'CONFIG --launcher pytorch',
        )
    return launcher


def _stand_in(cfg: Config) -> None:
    # It imports much that others do not need.
    from .stand_in import NOTICE, use_stand_ins

    if cfg.launcher != 'none':
        raise InputError(
            where='--stand-in',
            found=f'--launcher {cfg.launcher}',
            expected='a single process',
        )
    print(NOTICE)
    use_stand_ins(cfg, osp.join(cfg.work_dir, 'stand_in'))


def _distribute_over_cpus(cfg: Config) -> None:
    """mmengine starts a group, and wraps a model, on GPUs only."""
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    # With a wrapper's config mmengine no longer looks at the second itself.
    wrapper = dict(
        device_ids=None,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
        broadcast_buffers=False,
    )
    cfg.model_wrapper_cfg = wrapper | dict(cfg.get('model_wrapper_cfg') or {})


def _draw(cfg: Config, args: argparse.Namespace) -> None:
    hook = cfg.get('default_hooks', {}).get('visualization')
    if hook is None:
        raise InputError(
            where='--show, --show-dir',
            found='the config has no default_hooks.visualization',
            expected="default_hooks.visualization=dict(type='"
            "LandmarkFigureHook')",
        )
    hook.update(
        enable=True,
        show=args.show,
        # A relative one would lie in the work dir.
        out_dir=args.show_dir and osp.abspath(args.show_dir),
        interval=args.interval,
        wait_time=args.wait_time,
    )


# ---------------------------------------------------------- how tools end

#: What a disc, its rights and limits refuse. A file that code looks for in
#: vain may be a mistake of the code, which needs its trace.
_OF_MACHINE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ESTALE),
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE, errno.ENFILE),
    *(errno.ENOMEM, errno.ENAMETOOLONG, errno.EADDRINUSE),
    # A folder where a file is to be, or the other way round.
    *(errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY),
}

# A data loader's worker sends its trace as part of the message.
_TRACE = re.compile(
    r'\ACaught .*^\S*(?:InputError|MissingFileError): ', re.S | re.M
)


def run(main: Callable[[], None]) -> None:
    """Run a tool; print what the user can mend in one line, without trace.

    Ends the process with status 2 on an error of the input or of the machine
    (a full disc, rights) and 130 when interrupted. With ``CTD_TRACEBACK=1`` in
    the environment errors keep their trace.
    """
    require_safe_loading()
    _hush()
    if os.environ.get('CTD_TRACEBACK') == '1':
        main()
        _end_together()
        return
    try:
        main()
        _end_together()
    except InputError as error:
        sys.exit(_complain(_TRACE.sub('', str(error)).strip()))
    except pickle.UnpicklingError as error:
        sys.exit(
            _complain(
                'A checkpoint holds more than weights and numbers, so that '
                'reading it could run code; refused. '
                f'({refusal_reason(error)})'
            )
        )
    except OSError as error:
        if error.errno not in _OF_MACHINE and not isinstance(
            error, (ConnectionError, TimeoutError, URLError)
        ):
            raise
        # Names the file, if there is one.
        sys.exit(_complain(str(error)))
    except KeyboardInterrupt as error:
        # A tool that can go on says from where.
        print(f'\nInterrupted. {error}'.rstrip())
        sys.exit(130)


def _complain(message: str) -> int:
    print(f'error: {message}', file=sys.stderr)
    return 2


def _end_together() -> None:
    """Leave the group of a distributed run once all have come to the end.

    Left to the interpreter's exit, its threads sometimes abort the process.
    """
    group = torch.distributed
    if group.is_available() and group.is_initialized():
        group.barrier()
        group.destroy_process_group()


def _hush() -> None:
    """Keep the stack's own chatter from hiding what concerns the user."""
    warnings.filterwarnings('ignore', category=DeprecationWarning)
    for module in ('mmcv', 'mmengine', 'mmpose', 'mmdet', 'torch'):
        warnings.filterwarnings(
            'ignore', category=UserWarning, module=rf'{module}\b.*'
        )


@contextlib.contextmanager
def quiet_logs() -> Iterator[None]:
    """Within, mmengine logs warnings and errors alone."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
