"""Runs projects/facemesh/facemesh.py, which this was."""

import runpy
import sys
from pathlib import Path

MOVED = 'projects/facemesh/facemesh.py'
print(f'This tool is now {MOVED}.', file=sys.stderr)
sys.argv[0] = str(Path(__file__).resolve().parents[1] / MOVED)
runpy.run_path(sys.argv[0], run_name='__main__')
