"""From a clinic's photographs and clicked points to a set."""

from .options import UNITS, PrepareOptions
from .prepare import prepare
from .preview import check_preview, finished_set, write_preview
from .report import Report, findings_table, summary
from .subject_folders import SUBJECT_FOLDERS

__all__ = [
    'SUBJECT_FOLDERS',
    'UNITS',
    'PrepareOptions',
    'Report',
    'check_preview',
    'findings_table',
    'finished_set',
    'prepare',
    'summary',
    'write_preview',
]
