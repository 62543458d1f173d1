"""mmpose_ctd compare with the real tools, in processes of their own.

Most of the time goes into the imports of these; what can be asked of one is
asked of it.
"""

import json
import re
import signal
import subprocess
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
from faked_plan import until
from holding_hook import HELD, STEP

from mmpose_ctd.apis.comparing.engine import PlanWork
from mmpose_ctd.apis.comparing.plan import read_plan

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
if fault != 'no file':
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
    """A plan that was carried out as a user does it.

    One system, which is also tested with flipped images.
    """
    path = write_plan(place, studies=dict(
        main=dict(systems=['plain'], budgets=[4], seeds=[0]),
        flip=dict(systems=['plain'], budgets=[4], seeds=[0],
                  vary={'model.test_cfg.flip_test': [True]}),
    ))  # fmt: skip
    return compare(place, path, '--cores', '1')


def metrics_of(folder='work'):
    files = Path(folder, 'runs').glob('*/metrics.json')
    found = [json.loads(file.read_text()) for file in files]
    return {(one['system'], one['variant']): one for one in found}


def test_a_plan_is_carried_out(place, done):
    assert done.returncode == 0, done.stderr + done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].startswith('[1/2] ')
    assert lines[1].startswith('[2/2] flip plain flip_test=True n=4 seed 0: ')
    assert '2 runs done, 0 left.' in lines
    assert 'work/report/results.md' in lines
    found = metrics_of()
    assert {*found} == {('plain', ''), ('plain', 'flip_test=True')}
    for one in found.values():
        # 8 test subjects, one image each.
        assert np.shape(one['errors']) == (8, 19)
        assert one['subjects'] == [*range(8)]
        assert {*one['sites']} == {'north', 'south'}
        assert one['seconds'] > 0 and one['test_seconds'] > 0
        assert len(one['landmarks']) == 19 and one['steps'] == 4
        assert {'torch', 'cpu'} <= {*one['environment']} and one['commit']
    # The same test set, so that they can be compared in pairs.
    assert len({one['test_set'] for one in found.values()}) == 1
    # The other test had the first one's weights: the same training.
    plain, flipped = found['plain', ''], found['plain', 'flip_test=True']
    assert flipped['seconds'] == plain['seconds']
    assert flipped['errors'] != plain['errors']


def test_what_is_done_is_not_done_again(place, done):
    work = PlanWork(read_plan('plan.yaml'))
    assert work.left() == []
    # Only weights that another run tests are kept; they name no folder.
    (kept,) = Path('work').rglob('*.pth')
    assert kept.name == 'weights.pth'
    assert str(place).encode() not in kept.read_bytes()
    assert not [*Path('work').rglob('*.tmp')]


def test_results_and_report_name_nobody(place, done):
    names = {
        word
        for image in json.loads(Path(FACES, ANNOTATIONS).read_text())['images']
        for word in (image['subject'], image['file_name'])
    }
    files = [*Path('work/runs').glob('*/metrics.json')]
    files += [
        file
        for file in Path('work/report').iterdir()
        if file.suffix in ('.md', '.html', '.csv')
    ]
    assert len(files) == 5
    for file in files:
        text = file.read_text()
        assert not [word for word in (*names, str(place)) if word in text]


def test_a_killed_training_goes_on_from_its_checkpoint(place, done):
    path = write_plan(
        place, 'killed', work_dir='killed', steps=60, checkpoint_every=20,
        systems=dict(PLAN['systems'], held='held.py'),
        studies=dict(one=dict(systems=['held'], budgets=[4], seeds=[0])),
    )  # fmt: skip
    process = subprocess.Popen(
        command(path, '--cores', '1'), cwd=place,
        env=surroundings(**{STEP: '40'}), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: Path(HELD).is_file() and Path(HELD).read_text(), 300)
    child = int(Path(HELD).read_text())
    process.send_signal(signal.SIGKILL)
    process.wait()
    # It does not outlive the plan, which may be started again at once.
    until(lambda: not alive(child), 20)
    (folder,) = Path('killed/runs').iterdir()
    # As a kill in the midst of writing leaves it.
    newest = folder / 'iter_40.pth'
    newest.write_bytes(newest.read_bytes()[:1000])
    again = compare(place, path, '--cores', '1')
    assert again.returncode == 0, again.stderr + again.stdout
    assert '1 runs done, 0 left.' in again.stdout
    log = (folder / 'log.txt').read_text()
    assert re.findall(r'resumed epoch: \d+, iter: (\d+)', log) == ['20']
    # Only the first began with the first step.
    assert re.findall(r'Iter\(train\) \[ *(1|60)/60\]', log) == ['1', '60']
    assert [one['seconds'] > 0 for one in metrics_of('killed').values()]


def test_a_failure_is_one_line_and_the_report_names_it(place, done):
    (place / 'program.py').write_text(_PROGRAM)
    program = 'python program.py {data_root}/{ann_file} {test} {out} '
    systems = dict(
        PLAN['systems'],
        own=dict(command=program + "''"),
        short=dict(command=program + "'one image'"),
        silent=dict(command=program + "'no file'"),
        absent=dict(command='no_such_program {out}'),
    )
    names = ['own', 'short', 'silent', 'absent', 'plain']
    studies = dict(main=dict(systems=names, budgets=[4], seeds=[0]))
    path = write_plan(place, 'failing', systems=systems, studies=studies)
    failed = compare(place, path, '--cores', '1')
    assert failed.returncode == 1
    # `plain` was done by another plan of the same folder.
    assert '1 runs done, 3 left.' in failed.stdout
    errors = [
        line for line in failed.stderr.splitlines()
        if line.startswith('error: ')
    ]  # fmt: skip
    words = {
        'short': 'no prediction; expected one for every',
        'silent': 'did not write its {out} file',
        'absent': "'no_such_program' cannot be started",
    }
    for line, (system, reason) in zip(errors, words.items(), strict=True):
        assert line.startswith(f'error: main {system} n=4 seed 0: failed (')
        assert reason in line and 'log.txt' in line
    assert 'Traceback' not in failed.stderr
    # Shifted by (3, 4) pixels everywhere.
    own = metrics_of()['own', '']
    np.testing.assert_allclose(own['errors'], 5.0, atol=1e-3)
    page = Path('work/report/results.md').read_text()
    assert "3 of the plan's 5 runs are not done yet." in page
    for system in words:
        assert f'{system}: a run failed' in page
    # The next start tries again, and only those that are not done.
    systems['short'] = dict(command=program + "''")
    write_plan(place, 'failing', systems=systems, studies=studies)
    left = PlanWork(read_plan(path)).left()
    # `short` is now `own`.
    assert [run.cell.system for run in left] == ['silent', 'absent']


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['no.yaml'], ['no.yaml', 'does not exist']),
        (['plan.yaml', '--systems', 'FT'], ["'FT'", 'plain, averaged']),
        (['plan.yaml', '--report', '--systems', 'plain'], ['--report']),
    ],
)
def test_what_a_user_can_mend_is_one_line(place, done, arguments, words):
    told = compare(place, *arguments)
    assert told.returncode == 2
    last = told.stderr.strip().splitlines()[-1]
    assert last.startswith('error: ') and 'Traceback' not in told.stderr
    assert all(word in last for word in words)
