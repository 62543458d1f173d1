"""Compare best.py without and with a regulariser (ED) on a few faces.

Gets the source network, draws synthetic faces (or takes --data), trains both
with one seed on the same few labels, prints their errors and draws both.
"""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mmpose_ctd.apis.command_line import (
    import_mmpose_quietly,
    make_parser,
    run,
)

if TYPE_CHECKING:
    from rich.console import Console

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'frl_faces'
NUM_FACES = 100
# Pixels; a CPU takes a quarter of the time that 256 take.
INPUT_SIZE = 128
SYSTEMS = {
    'best.py (fine-tuning)': 'best.py',
    'best_ed.py (CTD-ED)': 'best_ed.py',
}


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument(
        '--data',
        type=Path,
        metavar='DIR',
        help='a prepared set with splits instead of synthetic faces',
    )
    parser.add_argument('--out', type=Path, default=Path('demo_out'))
    parser.add_argument(
        '--labels',
        type=int,
        default=20,
        help='subjects to train on, if the set has a split of so many '
        '(default: 20); otherwise all of splits/train.txt',
    )
    parser.add_argument(
        '--steps', type=int, default=300, help='training steps (default: 300)'
    )
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def synthetic_faces(root: Path, seed: int, console: 'Console') -> Path:
    """Draw the faces, unless they are there."""
    from rich.progress import Progress

    from mmpose_ctd.datasets.synthetic import make_synthetic_faces

    if not root.is_dir():
        with Progress(console=console) as bar:
            task = bar.add_task('drawing', total=NUM_FACES)
            make_synthetic_faces(
                root,
                num_subjects=NUM_FACES,
                seed=seed,
                on_image=lambda: bar.advance(task),
            )
    console.print(f'{NUM_FACES} synthetic faces: {root}')
    return root


def main() -> None:
    args = parse_args()
    import_mmpose_quietly()
    from rich.console import Console

    from mmpose_ctd.apis.error_tables import (
        paired_change,
        seed_table,
        terminal_table,
    )
    from mmpose_ctd.apis.side_by_side import draw_comparison, train_and_test
    from mmpose_ctd.apis.teacher_files import download

    console = Console(width=None if os.isatty(1) else 100)
    console.rule('1. The source, a network of 478 dense landmarks')
    download('face-landmarker', say=console.print)
    console.rule('2. Faces')
    root = args.data or synthetic_faces(
        args.out / 'synthetic_faces', args.seed, console
    )
    split = f'splits/train_n{args.labels:03d}_seed{args.seed}.txt'
    if not (root / split).is_file():
        split = 'splits/train.txt'
    console.rule('3. Training and testing')
    console.print(
        f'Trains on {split} of {root}, tests on its splits/test.txt.'
    )
    results = {
        name: train_and_test(
            str(CONFIGS / config),
            name,
            root,
            split,
            args.out / Path(config).stem,
            steps=args.steps,
            seed=args.seed,
            input_size=INPUT_SIZE,
        )
        for name, config in SYSTEMS.items()
    }
    console.rule('4. Result')
    reports = {name: [result.report] for name, result in results.items()}
    table = seed_table(reports, digits=2)
    # System, ME, AUC and FR at the threshold; a terminal is narrow.
    shown = (0, 2, 3, 4)
    table.headings[:] = [*(table.headings[i] for i in shown), 'training']
    for row, result in zip(table.rows, results.values()):
        row[:] = [*(row[i] for i in shown), f'{result.seconds:.0f} s']
    console.print(terminal_table(table))
    base, ours = reports.values()
    change, low, high = paired_change(ours, base)
    share = change / base[0]['metrics']['ME']['value']
    verdict = 'a difference' if low > 0 or high < 0 else 'no clear difference'
    console.print(
        f'With minus without ED on the same faces: {change:+.3f} '
        f'\\[{low:+.3f}, {high:+.3f}] ({share:+.1%}): {verdict} in this run. '
        'One seed proves nothing; see docs/results.md.'
    )
    draw_comparison(results, args.out)
    console.print(
        f'Pictures: {args.out}/ced.png (error distribution), '
        f'{args.out}/faces.png (predictions)'
    )


if __name__ == '__main__':
    run(main)
