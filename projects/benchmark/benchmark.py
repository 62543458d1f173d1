"""What regularised training costs, beside what people use today.

python projects/benchmark/benchmark.py [--json FILE]
python projects/benchmark/benchmark.py --pair configs/ctd_ed_resnet50.py \\
    configs/ft_resnet50.py
python projects/benchmark/benchmark.py --grid batch_size=1,8,64 \\
    input_size=128,256,512
python projects/benchmark/benchmark.py configs/frl_faces/ft_sface.py \\
    configs/frl_faces/ctd_ed_sface.py

Without configs: a training step of CTD-ED and FT, ours (ctd, ft); of MMPose's
plain fine-tuning as its own configs run it (mmpose_ft); of a distiller with
the teacher as a submodule (naive_one_forward); and of MMRazor's
SingleTeacherDistill (mmrazor) where it can be imported. All in turn, each in a
process of its own, on the same images of noise; no data set is needed, and a
file of weights that is missing gives way to random ones, as time does not
depend on values. Then where the time of a step goes, peak memory, checkpoint
size, latency of inference, time of import, and how long a step waits for large
photographs to be loaded.

With configs: their training steps in turn, each in a process of its own on its
own data (with --noise on noise of the sizes of the first); ratios are to the
first.

On a GPU where torch finds one; CUDA_VISIBLE_DEVICES= keeps to the CPU.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
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
from projects.benchmark.speed.comparison import (
    GROUPS,
    SYSTEMS,
    Comparison,
    ratios_of,
)
from projects.benchmark.speed.opponents import (
    without_missing_weights,
    without_regularizers,
)
from projects.benchmark.speed.sizes import resized, sizes_of
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
    add('--rounds', type=int, default=7, help='measured steps (default: 7)')
    add('--threads', type=int, help="of torch (default: torch's own)")
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
        help='train the given configs on noise of the sizes of the first',
    )
    add(
        '--alone',
        action='store_true',
        help='processes one after another, not in turn: takes the memory of '
        'one',
    )
    add('--json', metavar='FILE', help='write machine, raw times and ratios')
    return parser.parse_args()


def load(path: str):
    """A config, read as tools/train.py reads it."""
    parser = argparse.ArgumentParser()
    add_config_options(parser)
    parser.set_defaults(config=path, keep_paths=True)
    return load_config(parser.parse_args([]))


def time_configs(args: argparse.Namespace, keep: Keep) -> None:
    names = [Path(path).stem for path in args.configs]
    if len(set(names)) < len(names):
        names = args.configs
    configs = {
        name: resized(load(path), args.batch_size, args.input_size)
        for name, path in zip(names, args.configs)
    }
    images = None
    if args.noise:
        for name, cfg in configs.items():
            configs[name], _ = without_missing_weights(cfg)
        images = configs[names[0]]
    times, missing = step_times_apart(configs, images, args.rounds, args.alone)
    show(spread_table('Seconds of a training step', times, names[:1], missing))
    ratios = ratios_of(times, names[:1])
    keep(dict(seconds=times, not_measured=missing, ratios=ratios))
    if missing and not args.noise:
        name, why = next(iter(missing.items()))
        raise InputError(where=name, found=why)


def load_pair(args: argparse.Namespace) -> tuple[Comparison, dict]:
    """Both configs at the sizes asked for, and what became of them."""
    if len(args.pair) > 2:
        raise InputError(f'--pair {" ".join(args.pair)}: expected one or two.')
    ctd = load(args.pair[0])
    ft = load(args.pair[1]) if args.pair[1:] else without_regularizers(ctd)
    random, configs = [], []
    for cfg in (ctd, ft):
        cfg, lost = without_missing_weights(cfg)
        random += [key for key in lost if key not in random]
        configs.append(resized(cfg, args.batch_size, args.input_size))
    settings = dict(
        configs=[Path(path).stem for path in args.pair],
        random_weights=random,
        **sizes_of(configs[0]),
    )
    if random:
        show(f'Random weights, as the file is not there: {", ".join(random)}.')
    systems = args.systems or SYSTEMS
    pair = Comparison(*configs, systems, args.rounds, args.alone)
    return pair, settings


def compare(args: argparse.Namespace, keep: Keep) -> None:
    pair, settings = load_pair(args)
    show(
        '{names}: batches of {batch_size} images of {input_size} pixels, '
        '{num_keypoints} landmarks.'.format(
            names=' against '.join(settings['configs']), **settings
        )
    )
    result = dict(settings=settings, ratios={})
    for group in args.only:
        raw, ratios, table = GROUPS[group](pair)
        show(table)
        result.update(raw)
        result['ratios'].update(ratios)
        # The next group may take long, or fail.
        keep(result)


def parse_grid(item: str) -> tuple[str, list[int] | list[str]]:
    key, _, text = item.partition('=')
    if key == 'teacher':
        return key, text.split(',')
    try:
        return key, [int(number) for number in text.split(',')]
    except ValueError:
        raise InputError(
            f'--grid {item}: expected batch_size, input_size or '
            'num_keypoints, and numbers, such as batch_size=1,8,64; or '
            f'teacher, and some of {",".join(TEACHERS)}.'
        ) from None


def changed(pair: Comparison, key: str, value: int | str) -> Comparison:
    """Both configs with one setting changed."""
    if key == 'teacher':
        ctd, ft = (with_teacher(cfg, value) for cfg in (pair.ctd, pair.ft))
    elif key in sizes_of(pair.ctd):
        ctd, ft = (resized(cfg, **{key: value}) for cfg in (pair.ctd, pair.ft))
    else:
        known = [*sizes_of(pair.ctd), 'teacher']
        raise InputError(
            f'--grid {key}=...: expected one of {", ".join(known)}.'
        )
    return replace(pair, ctd=ctd, ft=ft)


def grow(args: argparse.Namespace, keep: Keep) -> None:
    args.systems = args.systems or ['ctd', 'ft', 'mmpose_ft']
    pair, settings = load_pair(args)
    # All are made before the first is measured.
    grid = [
        (key, {value: changed(pair, key, value) for value in values})
        for key, values in map(parse_grid, args.grid)
    ]
    rows = []
    for key, points in grid:
        measured = {}
        for value, there in points.items():
            seconds, missing = there.step_seconds()
            measured[value] = seconds
            rows.append(
                dict(
                    sizes_of(there.ctd),
                    varied=key,
                    value=value,
                    seconds=seconds,
                    not_measured=missing,
                    ratios=ratios_of(seconds, ('ft', 'mmpose_ft')),
                )
            )
            keep(dict(settings=settings, grid=rows))
        show(growth_table('Seconds of a training step', key, measured))


def main() -> None:
    args = parse_args()
    for name in ('rounds', 'threads'):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise InputError(f'--{name} {value}: expected at least 1.')
    if args.json:
        os.makedirs(os.path.dirname(args.json) or '.', exist_ok=True)
    if args.threads:
        torch.set_num_threads(args.threads)
    machine = machine_class()
    show(
        '{cpu}, {cores} cores, {threads} threads; GPU: {gpu}; torch {torch}; '
        'load {load}'.format(**machine)
    )
    show(f'{args.rounds} rounds, in turn; median and spread.')
    effort = dict(rounds=args.rounds, alone=args.alone)

    def keep(result: dict) -> None:
        if args.json:
            content = dict(machine=machine, effort=effort) | result
            with open(args.json, 'w', encoding='utf-8') as file:
                json.dump(content, file, indent=1, default=list)

    if args.configs:
        time_configs(args, keep)
    elif args.grid:
        grow(args, keep)
    else:
        compare(args, keep)


if __name__ == '__main__':
    run(main)
