from .calibrators import calibration_note
from .leaks import shared_subjects
from .population import Population
from .schemes import SCHEMES, SplitOptions, draw_splits
from .split_writer import split_table, write_splits

__all__ = [
    'SCHEMES',
    'Population',
    'SplitOptions',
    'calibration_note',
    'draw_splits',
    'shared_subjects',
    'split_table',
    'write_splits',
]
