"""Which modules a fresh Python process finds."""

import os
from pathlib import Path

from mmpose_ctd.fresh_process import environment


def test_a_fresh_process_finds_the_package_first(monkeypatch):
    monkeypatch.setenv('PYTHONPATH', 'elsewhere')
    env = environment(OMP_NUM_THREADS='3')
    first, other = env['PYTHONPATH'].split(os.pathsep)
    assert (Path(first) / 'mmpose_ctd' / 'compat.py').is_file()
    assert other == 'elsewhere'
    assert env['OMP_NUM_THREADS'] == '3'
