"""Who trains, who validates and who tests."""

from .make import (
    DrawnSplits,
    SplitOptions,
    calibration_note,
    draw_splits,
    make_splits,
)
from .population import Population
from .schemes import SCHEMES
from .split_files import split_table

__all__ = [
    'SCHEMES',
    'DrawnSplits',
    'Population',
    'SplitOptions',
    'calibration_note',
    'draw_splits',
    'make_splits',
    'split_table',
]
