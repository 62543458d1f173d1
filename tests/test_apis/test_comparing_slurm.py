"""The script that submits a plan to Slurm."""

import os
import subprocess
from pathlib import Path

import pytest
from comparing_place import LR, write_plan

from mmpose_ctd.apis.comparing.plan_file import read_plan
from mmpose_ctd.apis.comparing.slurm import write_slurm
from mmpose_ctd.errors import InputError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures('fake_jobs')]


def test_a_slurm_script_is_one(place, tmp_path):
    search = dict(
        budget=4, seeds=[0], pool='splits/pool.txt', subjects=3,
        common={LR: [1e-2]},
    )  # fmt: skip
    plan = read_plan(write_plan(place, search=search, title="it's one"))
    tool = Path('a folder/compare.py')
    write_slurm(plan, Path('go.sh'), 3, tool, ['--seeds', '0'])
    fake = tmp_path / 'bin' / 'sbatch'
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\nfor a; do echo "$a"; done >>log.txt\necho >>log.txt\n'
        'echo "$(wc -l <log.txt);cluster"\n'
    )
    fake.chmod(0o755)
    env = dict(os.environ, PATH=f'{fake.parent}:{os.environ["PATH"]}')
    done = subprocess.run(
        ['bash', 'go.sh', '--gres=gpu:1'],
        env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    calls = [c.splitlines() for c in Path('log.txt').read_text().split('\n\n')]
    calls = [call for call in calls if call]
    assert len(calls) == 4
    before = None
    lines = 0
    for call in calls:
        after = [word for word in call if word.startswith('--dependency')]
        assert after == ([f'--dependency=afterany:{before}'] if before else [])
        assert '--gres=gpu:1' in call
        lines += len(call) + 1
        before = lines
    wraps = [call[call.index('--wrap') + 1] for call in calls]
    for wrap in wraps:
        assert "'a folder/compare.py' " in wrap
    # The report tells of all.
    assert ['plan.yaml --seeds 0 --' in wrap for wrap in wraps] == [
        True, True, True, False,
    ]  # fmt: skip
    assert ['--share' in wrap for wrap in wraps] == [True, False, True, False]
    assert '$SLURM_ARRAY_TASK_ID/3' in wraps[0]
    assert ['--array=0-2' in call for call in calls] == [
        True, False, True, False,
    ]  # fmt: skip
    assert wraps[1].endswith('--dry-run') and wraps[3].endswith('--report')
    with pytest.raises(InputError, match='--tasks 0'):
        write_slurm(plan, Path('go.sh'), 0, tool)


def test_a_refused_submission_ends_the_script(place, tmp_path):
    write_slurm(read_plan(write_plan(place)), Path('go.sh'), 2, Path('a.py'))
    fake = tmp_path / 'bin' / 'sbatch'
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\necho x >>log.txt\necho no partition >&2\nexit 1'
    )
    fake.chmod(0o755)
    done = subprocess.run(
        ['bash', 'go.sh'],
        env=dict(os.environ, PATH=f'{fake.parent}:{os.environ["PATH"]}'),
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and 'submitted' not in done.stdout
    assert 'no partition' in done.stderr and 'sbatch refused' in done.stderr
    assert Path('log.txt').read_text() == 'x\n'
