"""A page about trained systems."""

from .page import report

__all__ = ['report']
