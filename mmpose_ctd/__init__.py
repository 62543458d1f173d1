"""Cross-task regularised landmark detection for MMPose.

Importing the package repairs what keeps MMPose from being imported today
(:mod:`mmpose_ctd.compat`) and tells MMPose's registries where this package's
components are. They are imported when a registry is first asked, so that the
import costs next to nothing.
"""

from . import compat

compat.install()

from .registration import register_components  # noqa: E402
from .version import __version__  # noqa: E402

register_components()

__all__ = ['__version__']
