from .autocast_optim_wrapper import AutocastOptimWrapper, has_fast_bfloat16

__all__ = ['AutocastOptimWrapper', 'has_fast_bfloat16']
