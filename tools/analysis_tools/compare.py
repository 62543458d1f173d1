"""Carries a comparison out: systems x budgets of labels x seeds (x sites).

mmpose_ctd compare PLAN.yaml               everything that is not done yet
mmpose_ctd compare PLAN.yaml --dry-run     what that is, and how long
mmpose_ctd compare PLAN.yaml --report DIR  tables and figures of what is
                                                done
mmpose_ctd compare PLAN.yaml --slurm FILE  as array jobs, see
                                                docs/compare.md

It may be killed at any time: the next start goes on where it was.
"""

import argparse
import signal
import sys
from pathlib import Path

from rich.console import Console

from mmpose_ctd.apis.command_line import import_mmpose_quietly, run
from mmpose_ctd.errors import InputError

# Where the configs of a plan import what projects/ registers.
sys.path.append(str(Path(__file__).resolve().parents[2]))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('plan', help='a YAML file, see docs/compare.md')
    parser.add_argument(
        '--jobs',
        type=int,
        metavar='N',
        help='runs side by side (default: one a GPU, without GPUs one for '
        "each core, or for the plan's threads of them)",
    )
    parser.add_argument(
        '--minutes', type=float, metavar='M', help='begin no run after M'
    )
    for option, kind, told in (
        ('studies', str, "parts of the plan, 'search' among them"),
        ('systems', str, 'systems'),
        ('budgets', int, 'numbers of labels'),
        ('seeds', int, 'seeds'),
    ):
        parser.add_argument(
            f'--{option}', nargs='+', type=kind, help=f'only these {told}'
        )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        '--dry-run', action='store_true', help='list what is left, run nothing'
    )
    what.add_argument(
        '--report',
        nargs='?',
        const='',
        metavar='DIR',
        help='write tables and figures there (default: <work_dir>/report)',
    )
    what.add_argument(
        '--slurm', metavar='FILE', help='write a Slurm script there'
    )
    what.add_argument(
        '--share',
        metavar='I/N',
        help='do part I (from 0) of N, as a task of an array does',
    )
    parser.add_argument(
        '--tasks',
        type=int,
        default=16,
        metavar='N',
        help='tasks of the array of --slurm (default: 16)',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmpose_ctd.apis.comparing.choice import Choice
    from mmpose_ctd.apis.comparing.plan_file import read_plan

    if args.jobs is not None and args.jobs < 1:
        raise InputError(f'--jobs {args.jobs}: expected 1 or more.')
    if args.minutes is not None and args.minutes < 0:
        raise InputError(f'--minutes {args.minutes}: expected 0 or more.')
    plan = read_plan(args.plan)
    choice = Choice(
        *(
            None if given is None else tuple(given)
            for given in (args.studies, args.systems, args.budgets, args.seeds)
        )
    )
    choice.check(plan)
    if args.report is not None and choice != Choice():
        raise InputError(
            '--report tells of all that is done; --studies, --systems, '
            '--budgets and --seeds choose what is to be done.'
        )
    if args.slurm:
        from mmpose_ctd.apis.comparing.slurm import write_slurm

        write_slurm(
            plan,
            Path(args.slurm),
            args.tasks,
            Path(__file__).resolve(),
            chosen_options(args),
        )
        print(f'Written to {args.slurm}; `bash {args.slurm}` submits it.')
        return
    import_mmpose_quietly()
    from mmpose_ctd.apis.comparing import carry_out as work
    from mmpose_ctd.apis.comparing.jobs import JobList
    from mmpose_ctd.apis.comparing.missing_files import missing_files
    from mmpose_ctd.apis.comparing.results_table import ResultsTable
    from mmpose_ctd.apis.comparing.workers import default_places

    jobs, table = JobList(plan), ResultsTable(plan.table)
    if args.share is None:
        work.collect(jobs, table, plan.keep_weights)
    places = args.jobs or default_places(plan.threads)
    if args.report is None:
        left = (
            *work.open_jobs(jobs, table, choice),
            *work.later_jobs(jobs, table, choice),
        )
        for sentence in missing_files(left):
            print(f'warning: {sentence}', file=sys.stderr)
    if args.dry_run:
        from mmpose_ctd.apis.comparing.overview import overview

        Console().print(overview(plan, jobs, table, places, choice))
        return
    if args.report is not None:
        from mmpose_ctd.apis.comparing.plan_report import write_report

        out = Path(args.report or plan.work_dir / 'report')
        for path in write_report(plan, jobs, table, out):
            print(path)
        return
    share = None if args.share is None else share_of(args.share)
    outcome = work.carry_out(
        plan,
        jobs,
        table,
        places,
        share,
        minutes=args.minutes,
        choice=choice,
    )
    told = f'{outcome.done} runs done'
    if outcome.waiting:
        told += f', {outcome.waiting} left'
    print(f'{told}. Results: {plan.table}')
    if outcome.failed:
        told = '\n'.join(f'error: {one}' for one in outcome.failed.values())
        print(told, file=sys.stderr)
        sys.exit(1)


def chosen_options(args: argparse.Namespace) -> list[str]:
    """What was chosen of the plan, as words of a command line."""
    words = []
    for name in ('studies', 'systems', 'budgets', 'seeds'):
        chosen = getattr(args, name)
        if chosen is not None:
            words += [f'--{name}', *map(str, chosen)]
    return words


def share_of(text: str):
    """``'3/16'`` -> part 3 of 16."""
    from mmpose_ctd.apis.comparing.carry_out import Share

    index, sign, count = text.partition('/')
    if not (sign and index.isdigit() and count.isdigit()) or not (
        int(index) < int(count)
    ):
        raise InputError(
            f'--share {text}: expected I/N with I from 0 to N - 1, as 0/16.'
        )
    return Share(int(index), int(count))


def interruptible() -> None:
    """Ends in peace when interrupted or asked to, as by a cluster."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        print('\nInterrupted. The same command goes on from here.')
        sys.exit(130)


if __name__ == '__main__':
    run(interruptible)
