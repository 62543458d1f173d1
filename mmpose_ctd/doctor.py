"""Finds problems of an installation and their cures.

Put the output of ``python -m mmpose_ctd.doctor`` into a bug report.
"""

import importlib
import importlib.metadata as metadata
import logging
import platform
import sys
import warnings
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmpose_ctd import compat
from mmpose_ctd.privacy import redact
from mmpose_ctd.version import __version__

_OK, _REPAIRED, _BROKEN, _ABSENT = 'ok', 'repaired', 'BROKEN', 'absent'

#: Module to import -> (distributions that provide it, cure, is it needed).
_MODULES = {
    'torch': (['torch'], 'pip install torch', True),
    'numpy': (['numpy'], 'pip install numpy', True),
    'cv2': (
        ['opencv-python-headless', 'opencv-python'],
        'pip install --force-reinstall --no-deps opencv-python-headless',
        True,
    ),
    'torchvision': (['torchvision'], compat.STACK_HINT, True),
    'mmengine': (['onedl-mmengine', 'mmengine'], compat.STACK_HINT, True),
    'mmcv': (['onedl-mmcv', 'mmcv', 'mmcv-lite'], compat.STACK_HINT, True),
    'mmcv.ops': (
        [],
        'only deformable layers need it: install an mmcv build with '
        'compiled operators for your torch',
        True,
    ),
    'mmdet': (['onedl-mmdetection', 'mmdet'], compat.STACK_HINT, True),
    'mmpretrain': (
        ['onedl-mmpretrain', 'mmpretrain'],
        compat.STACK_HINT,
        False,
    ),
    'xtcocotools': (['xtcocotools'], 'pip install pycocotools', True),
    'pycocotools': (['pycocotools'], 'pip install pycocotools', False),
    'mmpose': (['mmpose'], 'pip install --no-deps mmpose==1.3.2', True),
    'mmpose.models': ([], compat.STACK_HINT, True),
    'mmpose_ctd.models': ([], 'pip install -e .', True),
    'onnx': (['onnx'], 'pip install onnx', False),
}


class Finding(NamedTuple):
    """State of one module.

    Attributes:
        module (str): Its name.
        version (str): Distribution and version, or ''.
        state (str): ``ok``, ``repaired``, ``absent`` (and not needed) or
            ``BROKEN``.
        remark (str): The repair, or why it does not work.
        cure (str): What to do, or ''.
    """

    module: str
    version: str
    state: str
    remark: str
    cure: str = ''


def _version(distributions: list[str]) -> str:
    for name in distributions:
        try:
            return f'{name} {metadata.version(name)}'
        except metadata.PackageNotFoundError:
            continue
    return ''


def _examine(module: str) -> Finding:
    distributions, cure, needed = _MODULES[module]
    version = _version(distributions)
    try:
        importlib.import_module(module)
    # A broken binary may raise anything.
    except Exception as error:
        absent = isinstance(error, ModuleNotFoundError) and not version
        state = _ABSENT if absent and not needed else _BROKEN
        # Reports are shared; folders may name people.
        line = redact(compat.first_line(error))
        return Finding(module, version, state, line, cure)
    if module in compat.repairs:
        return Finding(module, version, _REPAIRED, compat.repairs[module])
    return Finding(module, version, _OK, '')


def examine() -> list[Finding]:
    """Import the dependencies one by one, in the order of dependence."""
    return [_examine(module) for module in _MODULES]


def main() -> int:
    """Print the findings; 0 if everything needed works."""
    logging.getLogger('mmpose_ctd').setLevel(logging.ERROR)
    warnings.filterwarnings('ignore')
    findings = examine()
    console = Console(width=None if sys.stdout.isatty() else 100)
    console.print(
        f'mmpose_ctd {__version__}, Python {platform.python_version()}, '
        f'{platform.system()} {platform.machine()}'
    )
    table = Table('module', 'installed as', 'state', 'remark')
    for finding in findings:
        # Text: an error's [brackets] are no markup.
        table.add_row(*map(Text, finding[:4]))
    console.print(table)
    for finding in findings:
        if finding.state == _ABSENT:
            _print(console, f'{finding.module} is optional: {finding.cure}')
    broken = [f for f in findings if f.state == _BROKEN]
    if broken:
        names = ', '.join(f.module for f in broken)
        _print(
            console,
            f'{len(broken)} of {len(findings)} do not work: {names}. Fix the '
            f'first, then run this again:\n{broken[0].module}: '
            f'{broken[0].cure}',
        )
        return 1
    _print_machine(console)
    console.print('Everything that is needed works.')
    return 0


def _print(console: Console, text: str) -> None:
    """Print without markup and wrapping."""
    console.print(Text(text), soft_wrap=True)


def _print_machine(console: Console) -> None:
    import torch

    from mmpose_ctd.machine import has_fast_bfloat16

    cuda = torch.cuda.is_available()
    device = 'cuda' if cuda else 'cpu'
    name = torch.cuda.get_device_name() if cuda else 'no GPU'
    fast = 'yes' if has_fast_bfloat16(device) else 'no'
    console.print(
        f'Device: {device} ({name}), {torch.get_num_threads()} threads, '
        f'fast bfloat16: {fast}'
    )


if __name__ == '__main__':
    sys.exit(main())
