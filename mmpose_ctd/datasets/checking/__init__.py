from .registry import (
    CHECKS,
    CheckFinding,
    Severity,
    Thresholds,
    register_check,
)
from .report import CheckReport, check, findings_table
from .survey import Survey

__all__ = [
    'CHECKS',
    'CheckFinding',
    'CheckReport',
    'Severity',
    'Survey',
    'Thresholds',
    'check',
    'findings_table',
    'register_check',
]
