"""Makes a set of a clinic's photographs and clicked points."""

from .options import PrepareOptions
from .prepare import prepare
from .report import PrepareReport, findings_table, summary
from .set_folder import check_preview, finished_set, write_preview

__all__ = [
    'PrepareOptions',
    'PrepareReport',
    'check_preview',
    'findings_table',
    'finished_set',
    'prepare',
    'summary',
    'write_preview',
]
