"""A few kills of tools/train.py; helpers/kill_campaign.py runs many."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
CAMPAIGN = Path(__file__).resolve().parents[1] / 'helpers' / 'kill_campaign.py'


def test_no_kill_loses_a_checkpoint_and_each_training_ends():
    done = subprocess.run(
        [
            *(sys.executable, str(CAMPAIGN), '--random', '2'),
            *('--writing', '3', '--workers', '0', '--seed', '1'),
        ],
        cwd=CAMPAIGN.parents[2],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if 'moment' in line)
    names = lines[start].split()
    rows = [dict(zip(names, line.split())) for line in lines[start + 1 :]]
    assert [row['kills'] for row in rows] == ['2', '3']
    for row in rows:
        assert (row['lost'], row['wrong'], row['failed']) == ('0', '0', '0')
        assert int(row['trainings']) > 0
