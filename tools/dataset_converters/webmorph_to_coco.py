"""Moved; see `_moved.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _moved import run

run(__file__)
