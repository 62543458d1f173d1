"""Who trains, who validates and who tests."""

from .make import DrawnSplits, SplitOptions, make_splits
from .split_files import split_table

__all__ = ['DrawnSplits', 'SplitOptions', 'make_splits', 'split_table']
