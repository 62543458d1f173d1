from .finding import Finding, Severity
from .registry import CHECKS, Check, register_check
from .report import CheckReport, findings_table, run_checks
from .survey import Survey
from .thresholds import Thresholds

__all__ = [
    'CHECKS',
    'Check',
    'CheckReport',
    'Finding',
    'Severity',
    'Survey',
    'Thresholds',
    'findings_table',
    'register_check',
    'run_checks',
]
