"""The environment of a fresh Python process that imports this package."""

import os
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[1])


def environment(*folders: str, **changes: str) -> dict[str, str]:
    """This process's environment, in which ``mmpose_ctd`` can be imported.

    ``folders`` are searched for modules before all others; ``changes`` are
    variables that differ.
    """
    paths = [*folders, _ROOT, os.environ.get('PYTHONPATH', '')]
    python_path = os.pathsep.join(path for path in paths if path)
    return dict(os.environ, PYTHONPATH=python_path) | changes
