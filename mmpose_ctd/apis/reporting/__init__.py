"""A page about trained systems, to be read, printed and mailed."""

from .report import write_report

__all__ = ['write_report']
