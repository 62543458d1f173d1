"""mmpose_ctd compare with the real Runner, in processes of its own.

Most of the time goes into the imports of these; what can be asked of one is
asked of it.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from comparing_place import (
    ANNOTATIONS,
    FACES,
    PLAN,
    alive,
    command,
    compare,
    make_place,
    surroundings,
    write_plan,
)
from holding_hook import HELD, STEP

from mmpose_ctd.apis.comparing.carry_out import carry_out, collect, open_jobs
from mmpose_ctd.apis.comparing.jobs import JobList
from mmpose_ctd.apis.comparing.plan_file import read_plan
from mmpose_ctd.apis.comparing.results_table import ResultsTable

pytestmark = pytest.mark.slow

#: Predicts the truth, a fixed shift away, on the subjects it is asked for.
_PROGRAM = """\
import json, sys
annotations, test, out, fault = sys.argv[1:]
content = json.load(open(annotations))
names = open(test).read().split()
ids = {i['id'] for i in content['images'] if i['subject'] in names}
found = []
for one in content['annotations']:
    if one['image_id'] in ids:
        points = [float(v) for v in one['keypoints']]
        points[::3] = [x + 3 for x in points[::3]]
        points[1::3] = [y + 4 for y in points[1::3]]
        found.append(dict(image_id=one['image_id'], keypoints=points))
if fault == 'one image':
    found.pop()
json.dump(dict(keypoints=found), open(out, 'w'))
"""


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    return make_place(tmp_path_factory.mktemp('place'))


@pytest.fixture(autouse=True)
def here(place, monkeypatch):
    """In-process calls find what the processes find."""
    monkeypatch.chdir(place)
    for name, value in surroundings().items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope='module')
def done(place):
    """A plan that was carried out as a user does it."""
    path = write_plan(place, studies=dict(
        main=dict(budgets={'plain': [4, 6], 'averaged': [4]}, seeds=[0]),
    ))  # fmt: skip
    return compare(place, path, '--jobs', '1')


def parts_of(path):
    plan = read_plan(path)
    return plan, JobList(plan), ResultsTable(plan.table)


def finish(path):
    """Carry a plan out in this process; its jobs have their own."""
    plan, jobs, table = parts_of(path)
    return carry_out(plan, jobs, table, 1)


def records_of(path):
    plan, jobs, table = parts_of(path)
    finals = jobs.finals({name: {} for name in plan.systems})
    return {(r.system, r.budget): r for r in table.records(finals)}


def until(happened, seconds=300):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, 'it never happened'
        time.sleep(0.02)


def test_a_plan_is_carried_out(place, done):
    assert done.returncode == 0, done.stderr + done.stdout
    lines = done.stdout.splitlines()
    assert [line.split(',')[0] for line in lines[:3]] == [
        '[1/3] main plain n=4 seed 0: done',
        '[2/3] main averaged n=4 seed 0: done',
        '[3/3] main plain n=6 seed 0: done',
    ]
    assert lines[0].endswith(' left') and lines[2].endswith('0:00:00 left')
    assert lines[-1] == '3 runs done. Results: work/results.sqlite'
    # The children's chatter is in their logs.
    assert done.stderr.count('mmpose_ctd repaired torchvision') <= 1
    records = records_of('plan.yaml')
    assert {*records} == {('plain', 4), ('plain', 6), ('averaged', 4)}
    for record in records.values():
        # 8 test subjects, one image each.
        assert record.errors.shape == (8, 19)
        assert [*record.subjects] == [*range(8)]
        assert record.seconds > 0 and record.steps == 4
        assert {*record.sites} == {'north', 'south'}
    # The same test set, so that they can be compared in pairs.
    assert len({r.test_set for r in records.values()}) == 1
    # Averaging weights changes predictions: the averages are tested.
    plain, averaged = records['plain', 4], records['averaged', 4]
    assert not np.array_equal(plain.errors, averaged.errors)


def test_what_is_done_is_not_done_again(place, done):
    before = sorted(Path('work').rglob('*'))
    outcome = finish('plan.yaml')
    assert (outcome.done, outcome.waiting, outcome.failed) == (0, 0, {})
    assert sorted(Path('work').rglob('*')) == before
    # No checkpoint and no weights are left, as the plan keeps none.
    assert not [path for path in before if path.suffix in ('.pth', '.tmp')]


def test_the_table_names_nobody(place, done):
    names = {
        word
        for image in json.loads(Path(FACES, ANNOTATIONS).read_text())['images']
        for word in (image['subject'], image['file_name'])
    }
    with sqlite3.connect('work/results.sqlite') as db:
        text = '\n'.join(db.iterdump())
    for word in (*names, str(place)):
        assert word not in text


def test_a_job_goes_on_after_interrupts_and_kills(place, interruptible):
    """Ctrl-C, kill -9 of the plan, a cut checkpoint, kill -9 of the job."""
    path = write_plan(
        place, 'killed', work_dir='killed', steps=60, checkpoint_every=20,
        systems=dict(PLAN['systems'], held='held.py'),
        studies=dict(one=dict(systems=['held'], budgets=[4], seeds=[0])),
    )  # fmt: skip
    (job,) = open_jobs(*parts_of(path)[1:])
    folder = Path('killed/runs', job.key)

    def start(hold_at):
        """The plan and its job, which waits at a step."""
        Path(HELD).unlink(missing_ok=True)
        process = subprocess.Popen(
            command(path, '--jobs', '1'), cwd=place,
            env=surroundings(**{STEP: str(hold_at)}),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return process, held()

    def held():
        until(lambda: Path(HELD).is_file() and Path(HELD).read_text())
        return int(Path(HELD).read_text())

    process, child = start(20)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert 'The same command goes on from here.' in told
    assert 'Traceback' not in told
    assert not alive(child)

    process, child = start(40)
    process.kill()
    process.wait()
    # It does not outlive the plan, which may be started again at once.
    until(lambda: not alive(child), 20)
    # As a kill in the midst of writing leaves it.
    newest = folder / 'iter_40.pth'
    newest.write_bytes(newest.read_bytes()[:1000])

    process, child = start(40)
    os.kill(child, signal.SIGKILL)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert 'one held n=4 seed 0: failed (ended by SIGKILL' in told

    assert finish(path).done == 1
    log = (folder / 'log.txt').read_text()
    # Each went on from a checkpoint, the one that was cut off left aside.
    assert re.findall(r'resumed epoch: \d+, iter: (\d+)', log) == [
        *('20', '20', '40'),
    ]
    # Only the first began with the first step.
    assert re.findall(r'Iter\(train\) \[ *(1|60)/60\]', log) == ['1', '60']
    with sqlite3.connect('killed/results.sqlite') as db:
        resumed, seconds = db.execute(
            'SELECT resumed, seconds FROM runs'
        ).fetchone()
        assert db.execute('SELECT count(*) FROM failures').fetchone() == (0,)
    assert resumed == 3
    # All parts count.
    assert seconds > 0


def test_a_failure_is_one_line_and_the_others_go_on(place, done):
    (place / 'program.py').write_text(_PROGRAM)
    program = 'python program.py {data_root}/{ann_file} {test} {out} '
    systems = dict(
        PLAN['systems'],
        wrong=dict(
            config='plain.py', options={'model.head.in_channels': 7}
        ),
        own=dict(command=program + "''"),
        short=dict(command=program + "'one image'"),
    )  # fmt: skip
    studies = dict(main=dict(
        systems=['wrong', 'own', 'short', 'plain'], budgets=[4], seeds=[0],
    ))  # fmt: skip
    path = write_plan(place, 'failing', systems=systems, studies=studies)
    failed = compare(place, path, '--jobs', '1')
    assert failed.returncode == 1
    # `plain` was done by another plan of the same table.
    assert '1 runs done, 0 left' not in failed.stdout
    assert '1 runs done. Results' in failed.stdout
    errors = [
        line for line in failed.stderr.splitlines()
        if line.startswith('error: ')
    ]  # fmt: skip
    assert len(errors) == 2
    assert errors[0].startswith('error: main wrong n=4 seed 0: failed (')
    assert 'main short n=4 seed 0' in errors[1]
    assert 'no prediction for the image id=' in errors[1]
    assert all('log.txt' in line for line in errors)
    assert 'Traceback' not in failed.stderr
    # Shifted by (3, 4) pixels everywhere.
    own = records_of(path)['own', 4]
    np.testing.assert_allclose(own.errors, 5.0, atol=1e-3)
    with sqlite3.connect('work/results.sqlite') as db:
        told = db.execute('SELECT told FROM failures').fetchall()
    assert len(told) == 2
    # They do not drop out of the report unsaid.
    told = compare(place, path, '--report', 'failing_report')
    assert told.returncode == 0, told.stderr
    page = Path('failing_report/results.md').read_text()
    assert "2 of the plan's 4 runs are not done yet." in page
    assert 'Nothing is done yet of wrong, short.' in page
    for system in ('wrong', 'short'):
        assert f'{system}: a run failed (status ' in page
    # The next start tries again, and only those.
    systems['wrong'] = 'plain.py'
    systems['short'] = dict(command=program + "''")
    write_plan(place, 'failing', systems=systems, studies=studies)
    plan, jobs, table = parts_of(path)
    # `wrong` is now `plain`, `short` is `own`: done already.
    assert open_jobs(jobs, table) == []


def test_slurm_carries_the_plan_out_as_one_machine_does(place, done):
    path = write_plan(place, 'cluster', work_dir='cluster', studies=dict(
        main=dict(budgets=[4], seeds=[0]),
    ))  # fmt: skip
    told = compare(place, path, '--slurm', 'go.sh', '--tasks', '2')
    assert told.returncode == 0, told.stderr
    assert subprocess.run(['bash', '-n', 'go.sh']).returncode == 0
    (place / 'bin').mkdir()
    fake = place / 'bin' / 'sbatch'
    fake.write_text(f"""#!{sys.executable}
import os, subprocess, sys
words = sys.argv[1:]
with open('sbatch.log', 'a') as log:
    print(*words, file=log)
options = dict(w[2:].split('=', 1) for w in words if '=' in w[:12])
wrapped = words[words.index('--wrap') + 1]
if '--report' in wrapped:
    wrapped = wrapped.replace('--report', '--dry-run')
first, last = options.get('array', '0-0').split('-')
for task in range(int(first), int(last) + 1):
    env = dict(os.environ, SLURM_ARRAY_TASK_ID=str(task))
    with open(f'task-{{task}}.log', 'w') as log:
        subprocess.run(['bash', '-c', wrapped], env=env, check=True,
                       stdout=log, stderr=log)
print('17;cluster')
""")
    fake.chmod(0o755)
    env = surroundings()
    env['PATH'] = str(place / 'bin') + os.pathsep + env['PATH']
    run = subprocess.run(
        ['bash', 'go.sh', '--partition=gpu'],
        cwd=place, env=env, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    submitted = Path('sbatch.log').read_text().splitlines()
    assert len(submitted) == 2
    assert all('--partition=gpu' in line for line in submitted)
    assert '--array=0-1' in submitted[0]
    assert '--dependency=afterany:17 ' in submitted[1]
    # The last job has stored what the tasks left; nothing is to be done.
    plan, jobs, table = parts_of(path)
    assert collect(jobs, table, False) == 0
    assert open_jobs(jobs, table) == []
    # A run is the same again, in another folder and process.
    shared, alone = records_of(path), records_of('plan.yaml')
    assert {*shared} == {('plain', 4), ('averaged', 4)}
    for key, record in shared.items():
        np.testing.assert_array_equal(record.errors, alone[key].errors)
        assert record.config_hash == alone[key].config_hash


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['no.yaml'], ['no.yaml', 'does not exist']),
        (['plan.yaml', '--share', '3/3'], ['--share 3/3', 'I/N']),
        (['plan.yaml', '--jobs', '0'], ['--jobs 0']),
        (['plan.yaml', '--systems', 'FT'], ["'FT'", 'plain, averaged']),
        (['plan.yaml', '--slurm', 'a.sh', '--seeds', '9'], ['no seed 9']),
        (['plan.yaml', '--minutes', '-1'], ['--minutes -1']),
        (
            ['plan.yaml', '--report', '--systems', 'plain'],
            ['--report tells of all'],
        ),
    ],
)
def test_what_a_user_can_mend_is_one_line(place, done, arguments, words):
    told = compare(place, *arguments)
    assert told.returncode == 2
    last = told.stderr.strip().splitlines()[-1]
    assert last.startswith('error: ') and 'Traceback' not in told.stderr
    assert all(word in last for word in words)
