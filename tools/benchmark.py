"""Runs projects/benchmark/benchmark.py, which this was."""

import runpy
import sys
from pathlib import Path

MOVED = 'projects/benchmark/benchmark.py'
print(f'This tool is now {MOVED}.', file=sys.stderr)
sys.argv[0] = str(Path(__file__).resolve().parents[1] / MOVED)
runpy.run_path(sys.argv[0], run_name='__main__')
