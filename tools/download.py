"""Moved; see `_moved.py`."""

from _moved import run

run(__file__)
