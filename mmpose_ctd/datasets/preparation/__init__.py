"""From a clinic's photographs and clicked points to a set."""

from .options import UNITS, PrepareOptions
from .prepare import prepare
from .report import Report, findings_table, summary

__all__ = [
    'UNITS',
    'PrepareOptions',
    'Report',
    'findings_table',
    'prepare',
    'summary',
]
