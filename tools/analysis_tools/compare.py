"""Run a comparison: systems x budgets of labels x seeds (x sites).

mmpose_ctd compare PLAN.yaml               run what is not done; report
mmpose_ctd compare PLAN.yaml --dry-run     list what is left, run nothing
mmpose_ctd compare PLAN.yaml --report DIR  only report what is done
mmpose_ctd compare PLAN.yaml --executor slurm --jobs 20
                                           on a cluster, see docs/compare.md

It may be killed at any time: the next start continues. Further options are
those of Snakemake, such as --cores 2.
"""

import argparse
import signal
import sys
from pathlib import Path

from rich.console import Console

from mmpose_ctd.apis.command_line import (
    import_mmpose_quietly,
    make_parser,
    run,
)
from mmpose_ctd.errors import InputError

# Where the configs of a plan import what projects/ registers.
sys.path.append(str(Path(__file__).resolve().parents[2]))


def parse_args() -> tuple[argparse.Namespace, list[str]]:
    parser = make_parser(__doc__, allow_abbrev=False)
    parser.add_argument('plan', help='a YAML file, see docs/compare.md')
    parser.add_argument(
        '--jobs',
        '-j',
        type=int,
        metavar='N',
        help='runs at a time (default: one a GPU, without GPUs one for each '
        "core, or for the plan's threads of them)",
    )
    for option, kind, what in (
        ('studies', str, "parts of the plan, 'search' among them"),
        ('systems', str, 'systems'),
        ('budgets', int, 'numbers of labels'),
        ('seeds', int, 'seeds'),
    ):
        parser.add_argument(
            f'--{option}', nargs='+', type=kind, help=f'only these {what}'
        )
    parser.add_argument(
        '--dry-run',
        '-n',
        action='store_true',
        help='list what is left, run nothing',
    )
    parser.add_argument(
        '--report',
        nargs='?',
        const='',
        metavar='DIR',
        help='only write tables and figures of what is done, there (default: '
        '<work_dir>/report)',
    )
    return parser.parse_known_args()


def main() -> None:
    args, options = parse_args()
    if args.jobs is not None and args.jobs < 1:
        raise InputError(
            where='--jobs', found=str(args.jobs), expected='1 or more'
        )
    from mmpose_ctd.apis.comparing.cells import Wanted
    from mmpose_ctd.apis.comparing.plan import read_plan

    plan = read_plan(args.plan)
    wanted = Wanted(args.studies, args.systems, args.budgets, args.seeds)
    wanted.check(plan)
    if args.report is not None and wanted != Wanted():
        raise InputError(
            where='--report',
            found='--studies, --systems, --budgets or --seeds beside it',
            expected='it alone: a report is about all that is done',
        )
    import_mmpose_quietly()
    from mmpose_ctd.apis.comparing.engine import (
        PlanWork,
        carry_out,
        default_jobs,
    )
    from mmpose_ctd.apis.comparing.report import report_plan

    work = PlanWork(plan, wanted)
    report = Path(args.report or Path(plan.work_dir, 'report'))
    if args.report is not None:
        if not work.num_done():
            print(f'No report yet: 0 of {len(work.left())} runs are done.')
            return
        print(*report_plan(work, report), sep='\n')
        return
    left = work.left()
    if args.dry_run:
        for one in left:
            print(one.cell.name)
        jobs = args.jobs or default_jobs(plan.threads)
        Console().print(work.overview(jobs))
        print(f'{len(left)} runs to do, {work.num_done()} done.')
        return
    status = carry_out(work, args.jobs, options) if left else 0
    work.look()
    failed = [
        f'error: {one.cell.name}: failed ({why}; see '
        f'{work.runs.folder / work.runs.name_of(one) / "log.txt"})'
        for one in work.left()
        if (why := work.runs.why_failed(one))
    ]
    print(*failed, sep='\n', end='\n' if failed else '', file=sys.stderr)
    done = len(left) - len(work.left())
    print(f'{done} runs done, {len(work.left())} left.')
    try:
        print(*report_plan(PlanWork(plan), report), sep='\n')
    except InputError as error:
        print(f'No report yet: {error}')
    sys.exit(1 if status or work.left() else 0)


def interruptible() -> None:
    """End at once when interrupted, or terminated as by a cluster."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        print('\nInterrupted. The same command continues.')
        sys.exit(130)


if __name__ == '__main__':
    run(interruptible)
