"""The scripts dist_train, dist_test and slurm_train as a user types them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from toy_models import ED, model_config, teacher_file
from toy_tool import write_toy_config
from two_processes import free_port

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / 'tools'
# What a stand-in for a program does: it tells what it was given.
TELL = r"""#!/usr/bin/env bash
printf '%s\n' "$@" > "$SPY"
env | grep -E '^(MASTER|RANK|LOCAL_RANK|WORLD|PYTHONPATH)' | sort >> "$SPY"
"""


def call(command, place, *path, **environment):
    """Run a command; programs are looked for in ``path`` first."""
    known = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}
    places = [*map(str, path), str(Path(sys.executable).parent)]
    known['PATH'] = ':'.join([*places, os.environ['PATH']])
    return subprocess.run(
        [str(part) for part in command],
        cwd=place,
        env=dict(known, OMP_NUM_THREADS='1', **environment),
        capture_output=True,
        text=True,
        timeout=300,
    )


def program(place, name, text=TELL):
    folder = place / 'programs'
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return folder


def told(place, *command, **environment):
    """The words that python is given, and its environment."""
    programs = program(place, 'python')
    spy = place / 'spy.txt'
    done = call(command, place, programs, SPY=str(spy), **environment)
    assert done.returncode == 0, done.stderr
    return spy.read_text().splitlines()


def test_dist_train_has_the_defaults_of_mmpose(tmp_path):
    words = told(
        tmp_path, TOOLS / 'dist_train.sh', 'c.py', 4, '--work-dir', 'two words'
    )
    assert words[: words.index('two words') + 1] == [
        *('-m', 'torch.distributed.run', '--nnodes=1', '--node_rank=0'),
        *('--master_addr=127.0.0.1', '--nproc_per_node=4'),
        *('--master_port=29500', str(TOOLS / 'train.py'), 'c.py'),
        *('--launcher', 'pytorch', '--work-dir', 'two words'),
    ]
    assert f'PYTHONPATH={TOOLS}/..' in words


def test_several_machines_are_named_by_the_environment(tmp_path):
    words = told(
        tmp_path,
        *(TOOLS / 'dist_test.sh', 'c.py', 'w.pth', 4, '--out', 'm.json'),
        NNODES='3',
        NODE_RANK='2',
        PORT='1234',
        MASTER_ADDR='node0',
    )
    assert words[2:7] == [
        *('--nnodes=3', '--node_rank=2', '--master_addr=node0'),
        *('--nproc_per_node=4', '--master_port=1234'),
    ]
    assert words[7:14] == [
        *(str(TOOLS / 'test.py'), 'c.py', 'w.pth', '--launcher', 'pytorch'),
        *('--out', 'm.json'),
    ]


def test_slurm_gets_the_words_of_mmpose(tmp_path):
    programs, spy = program(tmp_path, 'srun'), tmp_path / 'spy.txt'
    done = call(
        [TOOLS / 'slurm_train.sh', *('part', 'job', 'c.py', 'dir', '--amp')],
        tmp_path,
        programs,
        SPY=str(spy),
        GPUS='16',
        GPUS_PER_NODE='4',
        SRUN_ARGS='--time 60 --exclusive',
        PORT='1234',
    )
    assert done.returncode == 0, done.stderr
    words = spy.read_text().splitlines()
    assert words[: words.index('--launcher=slurm') + 1] == [
        *('-p', 'part', '--job-name=job', '--ntasks=16'),
        *('--cpus-per-task=5', '--kill-on-bad-exit=1', '--gres=gpu:4'),
        *('--ntasks-per-node=4', '--time', '60', '--exclusive'),
        *('python', '-u', str(TOOLS / 'train.py'), 'c.py'),
        *('--work-dir=dir', '--amp', '--launcher=slurm'),
    ]
    # Where mmengine's Slurm launcher looks for the port.
    assert 'MASTER_PORT=1234' in words


SRUN = """#!/usr/bin/env bash
# Task 1 of 2, started as Slurm starts it.
while [ "$1" != bash ]; do echo "$1" >> "$SPY.srun"; shift; done
export SLURM_PROCID=1 SLURM_LOCALID=0 SLURM_NTASKS=2
export SLURM_JOB_NODELIST='node[7-8]'
exec "$@"
"""
SCONTROL = """#!/usr/bin/env bash
[ "$*" = 'show hostnames node[7-8]' ] && printf 'node7\\nnode8\\n'
"""


def test_slurm_tasks_on_cpus_are_told_who_they_are(tmp_path):
    program(tmp_path, 'srun', SRUN)
    program(tmp_path, 'scontrol', SCONTROL)
    script = TOOLS / 'slurm_train.sh'
    words = told(
        tmp_path,
        *(script, 'part', 'job', 'c.py', 'dir'),
        GPUS='2',
        GPUS_PER_NODE='0',
    )
    assert {
        *('LOCAL_RANK=0', 'MASTER_ADDR=node7', 'MASTER_PORT=29500'),
        *('RANK=1', 'WORLD_SIZE=2', f'PYTHONPATH={TOOLS}/..'),
    } <= {*words}
    assert words[:5] == [
        *('-u', str(TOOLS / 'train.py'), 'c.py', '--work-dir=dir'),
        '--launcher=pytorch',
    ]
    assert 'gres' not in (tmp_path / 'spy.txt.srun').read_text()


@pytest.mark.slow
def test_two_processes_train_and_test(tmp_path):
    """test_distributed compares their numbers with those of one process."""
    teacher = teacher_file(tmp_path / 'teacher.pth')
    frozen = ['backbone.stages.*.1']
    model = model_config(teacher, regularizers=ED, frozen=frozen)
    write_toy_config(tmp_path / 'toy.py', model)
    tests = dict(
        PYTHONPATH=str(ROOT / 'tests' / 'helpers'), PORT=str(free_port())
    )
    for command in (
        [
            *(TOOLS / 'dist_train.sh', 'toy.py', 2, '--work-dir', 'two'),
            *('--cfg-options', 'train_dataloader.batch_size=2'),
            'train_dataloader.num_workers=1',
        ],
        [
            *(TOOLS / 'dist_test.sh', 'toy.py', 'two/epoch_2.pth', 2),
            *('--out', 'two.json'),
            # One process has an image less.
            *('--cfg-options', 'test_dataloader.dataset.length=7'),
            'test_dataloader.batch_size=2',
        ],
    ):
        done = call(command, tmp_path, **tests)
        assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / 'two.json').read_text())
    assert report['metrics']['landmark/ME'] > 0
