"""Cross-task regularised landmark detection for MMPose.

The import is cheap: it repairs what keeps MMPose from being imported
(:mod:`mmpose_ctd.compat`) and has MMPose's registries find our components.
"""

from . import compat

compat.install()

from .registration import register_components  # noqa: E402
from .version import __version__  # noqa: E402

register_components()

__all__ = ['Landmarker', '__version__']


def __getattr__(name: str):
    # It imports torch and MMPose, slowly.
    if name == 'Landmarker':
        from .apis.landmarker import Landmarker

        return Landmarker
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
