"""What regularised training costs, beside what people use today.

python projects/benchmark/benchmark.py [--quick] [--json FILE]
python projects/benchmark/benchmark.py --pair configs/ctd_ed_resnet50.py \\
    configs/ft_resnet50.py
python projects/benchmark/benchmark.py --grid batch_size=1,8,64 \\
    input_size=128,256,512
python projects/benchmark/benchmark.py configs/frl_faces/ft_sface.py \\
    configs/frl_faces/ctd_ed_sface.py

Without configs: a training step of CTD-ED and FT, ours (ctd, ft); of MMPose's
plain fine-tuning as its own configs run it (mmpose_ft); of a distiller with
the teacher as a submodule and a second forward of the student (naive), with
one forward (naive_one_forward), and in our precision and layout
(naive_our_settings); and of MMRazor's SingleTeacherDistill where it can be
imported. All in turn, each in a process of its own, on the same images of
noise; no data set is needed, and a file of weights that is missing gives way
to random ones, as time does not depend on values. Then where the time of a
step goes, peak memory, checkpoint size, latency of inference, time of import,
and how long a step waits for large photographs to be loaded.

With configs: their training steps in turn in one process, each on its own
data; ratios are to the first. With --noise on noise, each in its own process.

On a GPU where torch finds one; CUDA_VISIBLE_DEVICES= keeps to the CPU.
"""

import argparse
import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmpose_ctd.apis.command_line import (
    add_config_options,
    load_config,
    run,
)
from mmpose_ctd.errors import InputError
from mmpose_ctd.machine import machine_class
from projects.benchmark.speed.comparison import SYSTEMS, ratios_of
from projects.benchmark.speed.groups import (
    GROUPS,
    QUICK,
    Effort,
    Pair,
    measure,
    time_steps,
)
from projects.benchmark.speed.opponents import (
    without_missing_weights,
    without_regularizers,
)
from projects.benchmark.speed.sizes import resized, sizes_of
from projects.benchmark.speed.step_time import step_times
from projects.benchmark.speed.steps_apart import step_times_apart
from projects.benchmark.speed.tables import growth_table, show, spread_table
from projects.benchmark.speed.teacher_sizes import TEACHERS, with_teacher

# Writes what has been measured so far.
Keep = Callable[[dict], None]
CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'frl_faces'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('configs', nargs='*', help='time steps of these instead')
    add(
        '--pair',
        nargs='+',
        metavar='CONFIG',
        default=[str(CONFIGS / f'{n}_sface.py') for n in ('ctd_ed', 'ft')],
        help='the regularised config and its FT; given alone, its FT is '
        'itself without regularisers (default: configs/frl_faces/'
        'ctd_ed_sface.py ft_sface.py)',
    )
    add('--batch-size', type=int, help="images (default: the config's)")
    add('--input-size', type=int, help="pixels (default: the config's)")
    add('--num-keypoints', type=int, help="K (default: the config's)")
    add('--rounds', type=int, help='measured steps of each (default: 7)')
    add('--threads', type=int, help="of torch (default: torch's own)")
    add(
        '--quick',
        action='store_true',
        help='small and short: checks the machinery, not the time',
    )
    add(
        '--only',
        nargs='+',
        choices=GROUPS,
        default=list(GROUPS),
        help='what to measure (default: all)',
    )
    add(
        '--systems',
        nargs='+',
        choices=SYSTEMS,
        metavar='NAME',
        default=list(SYSTEMS),
        help=f'rows of the tables (default: all): {", ".join(SYSTEMS)}',
    )
    add(
        '--grid',
        nargs='+',
        metavar='KEY=N,N',
        help='how the steps of ctd, ft and mmpose_ft (or --systems) grow '
        'with batch_size, input_size, num_keypoints or teacher, one at a '
        'time',
    )
    add(
        '--noise',
        action='store_true',
        help='train the given configs on noise of the sizes of the first, '
        'each in a process of its own',
    )
    add(
        '--one-process',
        action='store_true',
        help='all training steps in one process (default: each system in '
        'its own, as what one sets for its process would help the others)',
    )
    add(
        '--alone',
        action='store_true',
        help='these processes one after another, not in turn: takes the '
        'memory of one',
    )
    add(
        '--pause',
        type=float,
        help='seconds that stand for a step while loading is timed '
        '(default: 0.5)',
    )
    add('--json', metavar='FILE', help='write machine, raw times and ratios')
    return parser.parse_args()


def load(path: str):
    """A config, read as tools/train.py reads it."""
    parser = argparse.ArgumentParser()
    add_config_options(parser)
    parser.set_defaults(config=path, keep_paths=True)
    return load_config(parser.parse_args([]))


def time_configs(args: argparse.Namespace, effort: Effort, keep: Keep) -> None:
    names = [Path(path).stem for path in args.configs]
    if len(set(names)) < len(names):
        names = args.configs
    configs = {n: load(p) for n, p in zip(names, args.configs)}
    missing = {}
    if args.noise:
        configs = {
            n: without_missing_weights(cfg)[0] for n, cfg in configs.items()
        }
        times, missing = step_times_apart(
            configs,
            configs[names[0]],
            effort.rounds,
            effort.warm_up,
            effort.alone,
        )
    else:
        times = step_times(configs, effort.rounds, effort.warm_up)
    show(spread_table('Seconds of a training step', times, names[:1], missing))
    keep(
        dict(
            seconds={n: t.tolist() for n, t in times.items()},
            not_measured=missing,
            ratios=ratios_of('seconds', times, names[:1]),
        )
    )


def load_pair(args: argparse.Namespace) -> tuple[Pair, dict]:
    """Both configs at the sizes asked for, and what became of them."""
    if len(args.pair) > 2:
        raise InputError(f'--pair {" ".join(args.pair)}: expected one or two.')
    ctd = load(args.pair[0])
    ft = load(args.pair[1]) if args.pair[1:] else without_regularizers(ctd)
    random, configs = [], []
    for cfg in (ctd, ft):
        cfg, lost = without_missing_weights(cfg)
        random += [key for key in lost if key not in random]
        configs.append(
            resized(cfg, args.batch_size, args.input_size, args.num_keypoints)
        )
    pair = Pair(*configs)
    settings = dict(
        configs=[Path(path).stem for path in args.pair],
        random_weights=random,
        **sizes_of(pair.ctd),
    )
    if random:
        show(f'Random weights, as the file is not there: {", ".join(random)}.')
    return pair, settings


def compare(args: argparse.Namespace, effort: Effort, keep: Keep) -> None:
    pair, settings = load_pair(args)
    show(
        '{names}: batches of {batch_size} images of {input_size} pixels, '
        '{num_keypoints} landmarks.'.format(
            names=' against '.join(settings['configs']), **settings
        )
    )
    result = dict(settings=settings, ratios={})
    for group in args.only:
        measured, table = measure(group, pair, effort, args.systems)
        show(table)
        ratios = measured.pop('ratios')
        result.update(measured)
        result['ratios'].update(ratios)
        # The next group may take long, or fail.
        keep(result)


def at(pair: Pair, key: str, value: int | str) -> Pair:
    """Both configs with one setting changed."""
    if key == 'teacher':
        return Pair(*(with_teacher(cfg, value) for cfg in pair))
    return Pair(*(resized(cfg, **{key: value}) for cfg in pair))


def parse_grid(item: str, pair: Pair) -> tuple[str, list[int] | list[str]]:
    key, _, numbers = item.partition('=')
    if key == 'teacher':
        names = numbers.split(',')
        for name in names:
            with_teacher(pair.ctd, name)
        return key, names
    try:
        values = [int(number) for number in numbers.split(',')]
    except ValueError:
        values = []
    if key not in sizes_of(pair.ctd) or not values:
        raise InputError(
            f'--grid {item}: expected batch_size, input_size or '
            'num_keypoints, and numbers, such as batch_size=1,8,64; or '
            f'teacher, and some of {",".join(TEACHERS)}.'
        )
    for value in values:
        resized(pair.ctd, **{key: value})
    return key, values


def grow(args: argparse.Namespace, effort: Effort, keep: Keep) -> None:
    pair, settings = load_pair(args)
    systems = args.systems
    if systems == list(SYSTEMS):
        systems = ['ctd', 'ft', 'mmpose_ft']
    rows = []
    # All are read before the first is measured.
    for key, values in [parse_grid(item, pair) for item in args.grid]:
        points = []
        for value in values:
            there = at(pair, key, value)
            seconds, missing = time_steps(there, effort, systems)
            points.append((value, seconds))
            rows.append(
                dict(
                    sizes_of(there.ctd),
                    varied=key,
                    value=value,
                    seconds={n: t.tolist() for n, t in seconds.items()},
                    not_measured=missing,
                    ratios=ratios_of('seconds', seconds),
                )
            )
            keep(dict(settings=settings, grid=rows))
            # Runners are rings: the next point needs their memory.
            gc.collect()
        show(growth_table('Seconds of a training step', key, points))


def main() -> None:
    args = parse_args()
    for name in ('rounds', 'threads'):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise InputError(f'--{name} {value}: expected at least 1.')
    if args.pause is not None and not args.pause >= 0:
        raise InputError(f'--pause {args.pause}: expected 0 s or more.')
    if args.json:
        os.makedirs(os.path.dirname(args.json) or '.', exist_ok=True)
    if args.threads:
        torch.set_num_threads(args.threads)
    effort = QUICK if args.quick else Effort()
    if args.rounds:
        effort = effort._replace(rounds=args.rounds)
    if args.one_process:
        effort = effort._replace(apart=False)
    effort = effort._replace(alone=args.alone)
    if args.pause is not None:
        effort = effort._replace(pause=args.pause)
    if args.quick:
        args.batch_size = args.batch_size or 2
        args.input_size = args.input_size or 64
    machine = machine_class()
    show(
        '{cpu}, {cores} cores, {threads} threads; GPU: {gpu}; torch {torch}; '
        'load {load}'.format(**machine)
    )
    show(f'{effort.rounds} rounds, in turn; median and spread.')

    def keep(result: dict) -> None:
        if args.json:
            content = dict(machine=machine, effort=effort._asdict()) | result
            with open(args.json, 'w', encoding='utf-8') as file:
                json.dump(content, file, indent=1)

    if args.configs:
        time_configs(args, effort, keep)
    elif args.grid:
        grow(args, effort, keep)
    else:
        compare(args, effort, keep)


if __name__ == '__main__':
    run(main)
