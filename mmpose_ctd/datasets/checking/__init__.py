from .registry import (
    CHECKS,
    CheckFinding,
    Severity,
    Thresholds,
    register_check,
)
from .report import CheckReport, check, findings_table

__all__ = [
    'CHECKS',
    'CheckFinding',
    'CheckReport',
    'Severity',
    'Thresholds',
    'check',
    'findings_table',
    'register_check',
]
