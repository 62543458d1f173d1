"""Times training steps of several configs, in turn in one process.

python tools/benchmark.py configs/frl_faces/ft_sface.py \\
    configs/frl_faces/ctd_ed_sface.py

Ratios are to the first config. Loading of images is not in the step.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from mmpose_ctd.apis.command_line import load_config, run
from mmpose_ctd.apis.step_time import step_times
from mmpose_ctd.errors import InputError


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('configs', nargs='+', help='files of configs/')
    parser.add_argument(
        '--rounds',
        type=int,
        default=7,
        help='measured steps of each config (default: 7)',
    )
    parser.add_argument('--json', metavar='FILE', help='write all times there')
    return parser.parse_args()


def load(path: str):
    """A config, read as tools/train.py reads it."""
    return load_config(
        argparse.Namespace(
            config=path,
            work_dir=None,
            cfg_options={},
            show=False,
            show_dir=None,
            launcher='none',
            local_rank=0,
            keep_paths=True,
        )
    )


def main() -> None:
    args = parse_args()
    if args.rounds < 1:
        raise InputError(f'--rounds {args.rounds}: expected at least 1.')
    if args.json:
        os.makedirs(os.path.dirname(args.json) or '.', exist_ok=True)
    names = [Path(path).stem for path in args.configs]
    if len(set(names)) < len(names):
        names = args.configs
    configs = {n: load(p) for n, p in zip(names, args.configs)}
    times = step_times(configs, args.rounds)
    first = next(iter(times.values()))
    table = Table(
        title=f'Seconds of a training step, {args.rounds} each, in turn; '
        f'{torch.get_num_threads()} threads',
        title_justify='left',
    )
    for heading in ('config', 'median', 'fastest', 'slowest', 'ratio'):
        justify = 'left' if heading == 'config' else 'right'
        table.add_column(heading, justify=justify)
    ratios = {
        name: float(np.median(t) / np.median(first))
        for name, t in times.items()
    }
    for name, t in times.items():
        cells = (np.median(t), t.min(), t.max(), ratios[name])
        table.add_row(name, *(f'{cell:.2f}' for cell in cells))
    Console(width=None if os.isatty(1) else 100).print(table)
    if args.json:
        content = dict(
            seconds={n: t.tolist() for n, t in times.items()}, ratios=ratios
        )
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump(content, file, indent=1)


if __name__ == '__main__':
    run(main)
