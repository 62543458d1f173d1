"""Sends a plan to a cluster, as array jobs of Slurm."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from mmpose_ctd.errors import InputError

from .plan import Plan

__all__ = ['write_slurm']

_SCRIPT = """\
#!/usr/bin/env bash
# {title}: submits the plan to Slurm as arrays of {tasks} tasks.
#
#   bash {name} [arguments of sbatch, such as --partition=gpu --gres=gpu:1]
#
# Submitted again it does what is not done yet. All machines need this folder.
set -euo pipefail
cd {here}

submit() {{
    # Each begins when the one before has ended, whatever became of it.
    local after=()
    if [ -n "$1" ]; then after=(--dependency="afterany:$1"); fi
    local id
    # `set -e` does not reach into $(submit ...).
    id=$(sbatch --parsable --cpus-per-task={threads} \\
        --output={logs}/slurm-%A-%a.txt \\
        ${{after[@]+"${{after[@]}}"}} "${{@:2}}") || {{
        echo 'error: sbatch refused; what was submitted before stays' >&2
        return 1
    }}
    # With several clusters it is <id>;<cluster>.
    echo "${{id%%;*}}"
}}

mkdir -p {logs}
TOOL={tool}
REPORT={report}
JOB=
{steps}
echo "submitted; the last job is $JOB"
"""
_ARRAY = """\
# {what}
JOB=$(submit "$JOB" --array=0-{last} --job-name={job} "$@" \\
    --wrap "$TOOL --share \\$SLURM_ARRAY_TASK_ID/{tasks} --jobs 1")
"""
_SINGLE = """\
# {what}
JOB=$(submit "$JOB" --job-name={job} "$@" --wrap "{words}")
"""


def write_slurm(
    plan: Plan,
    path: Path,
    tasks: int,
    tool: Path,
    options: Sequence[str] = (),
) -> None:
    """Write a script that submits a plan.

    The search's trials are an array, the runs that use its choices another;
    between them one job stores the results, at the end one writes the
    report.

    Args:
        plan (Plan): The plan.
        path (Path): Of the script.
        tasks (int): Tasks of an array.
        tool (Path): mmpose_ctd compare.
        options (Sequence[str]): Of the tool, such as ``--seeds 0 1``.

    Raises:
        InputError: If there is less than one task.
    """
    if tasks < 1:
        raise InputError(f'--tasks {tasks}: expected 1 or more.')
    name = plan.path.stem
    steps = []
    if plan.search is not None:
        steps += [
            _array('the search', f'{name}-search', tasks),
            _single('its results', f'{name}-collect', '$TOOL --dry-run'),
        ]
    steps += [
        _array('all other runs', f'{name}-runs', tasks),
        _single('tables and figures', f'{name}-report', '$REPORT'),
    ]
    words = sys.executable, str(tool), str(plan.path)
    text = _SCRIPT.format(
        title=plan.title,
        tasks=tasks,
        name=path.name,
        here=shlex.quote(str(Path.cwd())),
        threads=plan.threads,
        logs=shlex.quote(str(plan.work_dir / 'slurm')),
        tool=shlex.quote(shlex.join([*words, *options])),
        # It tells of all that is done.
        report=shlex.quote(shlex.join([*words, '--report'])),
        steps=''.join(steps),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')


def _array(what: str, job: str, tasks: int) -> str:
    return _ARRAY.format(
        what=what, job=shlex.quote(job), last=tasks - 1, tasks=tasks
    )


def _single(what: str, job: str, words: str) -> str:
    return _SINGLE.format(what=what, job=shlex.quote(job), words=words)
