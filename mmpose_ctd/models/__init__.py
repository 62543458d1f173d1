from .backbones import *  # noqa: F403
from .heads import *  # noqa: F403
from .losses import *  # noqa: F403
from .necks import *  # noqa: F403
from .outputs import SourceOutputs
from .pose_estimators import *  # noqa: F403
from .teachers import *  # noqa: F403

__all__ = ['SourceOutputs']
