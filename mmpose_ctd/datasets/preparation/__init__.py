"""Makes a set of a clinic's photographs and clicked points."""

from .options import PrepareOptions
from .prepare import prepare
from .report import PrepareReport, findings_table, summary

__all__ = [
    'PrepareOptions',
    'PrepareReport',
    'findings_table',
    'prepare',
    'summary',
]
