"""Make the file of weights that a release carries, and fill its model card.

python tools/misc/release_weights.py work_dirs/best/iter_1200.pth ERRORS.json \
    --name best_frl_n020 --card docs/model_card_best.md --out release

`mmpose_ctd test CONFIG CHECKPOINT --out ERRORS.json` writes ERRORS.json. The
released file has weights and metadata, neither the optimiser's state nor the
log. In the card, the text between `<!-- errors -->` and `<!-- end -->` is
replaced.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mmpose_ctd.apis.command_line import make_parser, run

if TYPE_CHECKING:
    from argparse import Namespace

_BLOCK = re.compile(r'(<!-- errors -->\n).*?(<!-- end -->)', re.DOTALL)
#: What inference and the comparison of people need.
_KEPT = ('state_dict', 'meta')


def parse_args() -> 'Namespace':
    parser = make_parser(__doc__)
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('errors', type=Path, help='of its test')
    parser.add_argument('--name', required=True, help='of the released file')
    parser.add_argument('--card', type=Path, required=True)
    parser.add_argument('--out', type=Path, required=True, help='folder')
    return parser.parse_args()


def released(checkpoint: Path, folder: Path, name: str) -> Path:
    """Write ``NAME-xxxxxxxx.pth``, named by the sha256 of its content."""
    import hashlib

    from mmpose_ctd.checkpoint_file import checkpoint_bytes, read_checkpoint
    from mmpose_ctd.files import write_whole

    content = read_checkpoint(
        checkpoint, 'CHECKPOINT', 'Give a checkpoint of tools/train.py.'
    )
    kept = {key: content[key] for key in _KEPT if key in content}
    data = checkpoint_bytes(kept)
    digest = hashlib.sha256(data).hexdigest()
    file = folder / f'{name}-{digest[:8]}.pth'
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(file, data)
    return file


def errors_text(weights: Path, report: dict) -> str:
    """The card's tables: errors by site and by landmark.

    Args:
        weights (Path): The released file.
        report (dict): Of ``LandmarkErrorMetric``.
    """
    from mmpose_ctd.apis.error_tables import (
        Table,
        markdown_table,
        metric_cell,
        metric_heading,
        number,
    )
    from mmpose_ctd.files import sha256_of

    names = list(report['metrics'])
    groups = dict(all=report) | report.get('per_site', {})
    sites = Table(
        '',
        ['site', 'people', *(metric_heading(name, report) for name in names)],
        [
            [
                site,
                str(group['num_subjects']),
                *(metric_cell(n, [group['metrics'][n]], 2) for n in names),
            ]
            for site, group in groups.items()
        ],
    )
    landmarks = Table(
        '',
        ['landmark', *(metric_heading(n, report) for n in ('ME', 'FR'))],
        [
            [name, number(found['ME']), number(100 * found['FR'], 1)]
            for name, found in report['per_landmark'].items()
        ],
    )
    return (
        f'File: `{weights.name}`, {weights.stat().st_size / 1e6:.1f} MB, '
        f'sha256 `{sha256_of(weights)}`.\n\n'
        f'Tested on {report["num_images"]} photographs of '
        f'{report["num_subjects"]} people who did not train it. In brackets: '
        '95 % intervals over people.\n\n'
        f'{markdown_table(sites)}\n\n{markdown_table(landmarks)}\n'
    )


def main() -> None:
    args = parse_args()
    import json

    from mmpose_ctd.apis.error_tables import read_report
    from mmpose_ctd.errors import InputError, MissingFileError
    from mmpose_ctd.files import file_hash, write_whole

    report = read_report(args.errors)
    for option, file in (
        ('CHECKPOINT', args.checkpoint),
        ('--card', args.card),
    ):
        if not file.is_file():
            raise MissingFileError(
                where=f'{option} {file}', found='no such file'
            )
    # Earlier versions did not write it.
    tested = json.loads(args.errors.read_text('utf-8')).get('checkpoint')
    if tested not in (None, file_hash(args.checkpoint)):
        raise InputError(
            where=str(args.errors),
            found=f'errors of another checkpoint (sha256 {tested})',
            expected=f'those of {args.checkpoint}',
            cure='Test it, and give what --out writes.',
        )
    card = args.card.read_text(encoding='utf-8')
    if not _BLOCK.search(card):
        raise InputError(
            where=str(args.card),
            expected='<!-- errors --> and, below it, <!-- end -->',
        )
    weights = released(args.checkpoint, args.out, args.name)
    text = errors_text(weights, report)
    card = _BLOCK.sub(lambda found: f'{found[1]}{text}{found[2]}', card)
    write_whole(args.card, card.encode())
    print(f'{weights}: written\n{args.card}: errors of {args.errors}')


if __name__ == '__main__':
    run(main)
