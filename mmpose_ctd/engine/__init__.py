from .autocast_optim_wrapper import AutocastOptimWrapper
from .hooks import *  # noqa: F403

__all__ = ['AutocastOptimWrapper']
