"""What the command lines of tools/ share: arguments, and how errors end.

It imports torch and MMPose only when a tool works, not for its --help.
"""

import argparse
import contextlib
import errno
import importlib
import io
import os
import os.path as osp
import pickle
import re
import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.error import URLError

from mmpose_ctd.errors import InputError, MissingFileError, listed

if TYPE_CHECKING:
    from mmengine.config import Config

_LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


# -------------------------------------------------------------- arguments


def make_parser(doc: str, **options) -> argparse.ArgumentParser:
    """A parser that shows a tool's docstring as it is written."""
    return argparse.ArgumentParser(
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **options,
    )


def add_trained(parser: argparse.ArgumentParser) -> None:
    """``config`` and ``checkpoint`` of a trained model."""
    parser.add_argument('config', help='the config it was trained with')
    parser.add_argument('checkpoint', help='a .pth file')


def add_site(parser: argparse.ArgumentParser) -> None:
    """``--site``, for a model that tells sites apart."""
    parser.add_argument(
        '--site',
        metavar='NAME',
        help="set landmarks as the annotator of this one of the model's sites "
        '(default: as their mean)',
    )


def add_mesh(parser: argparse.ArgumentParser) -> None:
    """What an OBJ or PLY file does not say of itself."""
    parser.add_argument(
        '--mesh-unit',
        choices=['mm', 'cm', 'm', 'inch'],
        default='mm',
        help='of meshes (default: mm)',
    )
    parser.add_argument(
        '--v-axis',
        choices=['up', 'down'],
        default='up',
        help='of meshes, where texture coordinates count from: up, the lower '
        'edge, as OBJ has it; down, the upper edge (default: up)',
    )


def add_finding(parser: argparse.ArgumentParser) -> None:
    """How a model finds the faces in a folder of photographs."""
    parser.add_argument(
        '--calibration',
        metavar='FILE.json',
        help='file of mmpose_ctd calibrate for this checkpoint; without it '
        'there are neither intervals nor warnings of faces unlike the '
        'training faces, and the training images must be there',
    )
    parser.add_argument(
        '--framing',
        choices=['auto', 'face', 'image'],
        default='auto',
        help='where the search starts: at the detected face, with the whole '
        'image, or whichever works (default: auto)',
    )
    parser.add_argument(
        '--recursive', action='store_true', help='also read subfolders'
    )
    add_site(parser)


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


class _Options(argparse.Action):
    """``--cfg-options`` as mmengine reads it; refuses what it cannot read."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        from mmengine.config import DictAction

        options = dict(getattr(namespace, self.dest))
        for one in values:
            key, equals, value = one.partition('=')
            if not key or not equals:
                raise InputError(
                    where='--cfg-options',
                    found=repr(one),
                    expected='KEY=VALUE, without blanks around the =',
                )
            try:
                options[key] = DictAction._parse_iterable(value)
            except AssertionError as error:
                raise InputError(
                    where=f'--cfg-options {key}',
                    found=f'{value!r} ({error})',
                    expected='brackets in pairs',
                ) from error
        setattr(namespace, self.dest, options)


def add_config_options(
    parser: argparse.ArgumentParser,
    help: str = 'override settings of the config, for example '
    'framing.input_size=128 framing.face_side=1.1',
) -> None:
    """``--cfg-options``, and defaults of what :func:`load_config` asks for."""
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


def require_checkpoint(path: str) -> None:
    """Refuse a checkpoint that does not exist, before anything is built.

    The MissingFileError names those that exist in its folder.
    """
    if osp.isfile(path):
        return
    folder = path if osp.isdir(path) else osp.dirname(path) or '.'
    there = []
    if osp.isdir(folder):
        there = sorted(f for f in os.listdir(folder) if f.endswith('.pth'))
    cure = 'Training writes its own to <work dir>/iter_<n>.pth.'
    if there:
        cure = f'There are in {folder}: {listed(there, 5)}.'
    raise MissingFileError(
        where=path, found='the checkpoint does not exist', cure=cure
    )


def require_ending(args: argparse.Namespace, **endings: str) -> None:
    """Refuse files whose names do not say their format.

    ``endings`` are arguments and their endings, such as ``out='.json'``; an
    argument that is None passes.
    """
    for name, ending in endings.items():
        file = getattr(args, name)
        if file and not file.lower().endswith(ending):
            raise InputError(
                where=f'--{name} {file}', expected=f'a name ending in {ending}'
            )


def take_outputs(*files: str | None, overwrite: bool = True) -> None:
    """Make the folders of files to write, before hours of work.

    Raises:
        InputError: If a file exists and ``overwrite`` is False.
    """
    for file in filter(None, files):
        if osp.exists(file) and not overwrite:
            raise InputError(
                where=file,
                found='it exists already',
                cure='--overwrite replaces it.',
            )
    for file in filter(None, files):
        os.makedirs(osp.dirname(file) or '.', exist_ok=True)


# ------------------------------------------------------------- the config


def run_converter(doc: str, name: str) -> int:
    """The command of a teacher's converter; gives the exit status.

    ``doc`` is the tool's docstring, ``name`` a key of
    :data:`.teacher_files.PUBLISHED`.
    """
    parser = make_parser(doc)
    parser.add_argument('source', metavar='IN', help='the published file')
    parser.add_argument('target', metavar='OUT.pth', help='what to write')
    parser.add_argument(
        '--force', action='store_true', help='replace OUT.pth if it exists'
    )
    args = parser.parse_args()
    from .teacher_files import PUBLISHED

    model = PUBLISHED[name]
    try:
        meta = model.convert(args.source, args.target, args.force)
    except (InputError, OSError) as error:
        print(f'{name}: {error}', file=sys.stderr)
        return 1
    if meta['source_sha256'] != model.sha256:
        print(
            f'{name}: warning: {args.source} is not the published file '
            f'(sha256 {meta["source_sha256"]}); its licence is recorded as '
            'unknown',
            file=sys.stderr,
        )
    print(f'{args.target}: written (licence: {meta["license"]})')
    return 0


def import_mmpose_quietly() -> None:
    """Import MMPose without mmdet's prints about extras it lacks."""
    with contextlib.redirect_stdout(io.StringIO()):
        for module in ('mmpose.models', 'mmpose.visualization'):
            importlib.import_module(module)


def load_config(args: argparse.Namespace) -> 'Config':
    """Read the config and merge the shared arguments into it.

    The arguments are those of a parser with :func:`add_config_options`; errors
    those of :func:`.read_config`.
    """
    import torch

    from mmpose_ctd.privacy import redact_logs

    from .config_file import read_config

    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))

    def adjust(cfg: 'Config') -> None:
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
        distribute_over_cpus(cfg)
    return cfg


def distribute_over_cpus(cfg: 'Config') -> None:
    """Do for CPUs what mmengine does for GPUs: start a group, wrap the model.

    The config's ``model_wrapper_cfg`` is completed.
    """
    import torch

    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    # With a wrapper's config mmengine no longer looks at the second.
    cfg.model_wrapper_cfg = dict(
        device_ids=None,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
        broadcast_buffers=False,
    ) | dict(cfg.get('model_wrapper_cfg') or {})


def _launcher(args: argparse.Namespace) -> str:
    """``--launcher``, or ``--cfg-options launcher``."""
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


def _stand_in(cfg: 'Config') -> None:
    from .stand_in import NOTICE, use_stand_ins

    if cfg.launcher != 'none':
        raise InputError(
            where='--stand-in',
            found=f'--launcher {cfg.launcher}',
            expected='a single process',
        )
    print(NOTICE)
    use_stand_ins(cfg, osp.join(cfg.work_dir, 'stand_in'))


def _draw(cfg: 'Config', args: argparse.Namespace) -> None:
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
    if sys.argv[1:] not in (['-h'], ['--help']):
        from mmpose_ctd.safe_loading import require_safe_loading

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
        from mmpose_ctd.safe_loading import refusal_reason

        sys.exit(
            _complain(
                'A checkpoint holds more than weights and numbers. Reading '
                f'it could run code; refused. ({refusal_reason(error)})'
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
        # A tool that can be resumed says how.
        print(f'\nInterrupted. {error}'.rstrip())
        sys.exit(130)


def _complain(message: str) -> int:
    print(f'error: {message}', file=sys.stderr)
    return 2


def _end_together() -> None:
    """Leave the group of a distributed run once all have come to the end.

    Left to the interpreter's exit, its threads sometimes abort the process.
    """
    torch = sys.modules.get('torch')
    if torch is None:
        return
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
