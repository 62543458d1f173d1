"""Which version of the program made a result."""

import subprocess
from pathlib import Path

from mmpose_ctd.version import __version__

__all__ = ['commit']

_ROOT = Path(__file__).resolve().parents[3]


def commit() -> str:
    """The commit, ten characters, ``+`` behind it if files were changed.

    Outside of a clone it is the version, such as ``'v0.1.0'``.
    """
    try:
        found, changed, root = (
            subprocess.run(
                ['git', '-C', str(_ROOT), *words],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for words in (
                ('rev-parse', '--short=10', 'HEAD'),
                ('status', '--porcelain', '--untracked-files=no'),
                ('rev-parse', '--show-toplevel'),
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return f'v{__version__}'
    if Path(root).resolve() != _ROOT:
        # Installed inside of another project, whose commit tells nothing.
        return f'v{__version__}'
    return found + ('+' if changed else '')
