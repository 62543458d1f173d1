"""Find problems of a data set before training.

mmpose_ctd check data/myset --html report.html

docs/check.md explains the checks, docs/label_less.md --labels. Exit status: 0
without errors (there may be warnings), 1 with errors, 2 if the set cannot be
read.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from mmpose_ctd.apis.command_line import run
from mmpose_ctd.datasets.checking import (
    CHECKS,
    Thresholds,
    check,
    findings_table,
)
from mmpose_ctd.datasets.checking.html_page import html_page
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from mmpose_ctd.option_fields import add_options


def parse_args() -> argparse.Namespace:
    checks = '\n'.join(f'  {name:15} {c.title}' for name, c in CHECKS.items())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f'checks:\n{checks}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('data_dir', help='folder of the data set')
    parser.add_argument(
        '--ann-file',
        help='annotation file, relative to DATA_DIR (default: the one that '
        'is there)',
    )
    parser.add_argument(
        '--img-dir',
        default='images',
        help='folder of the images, relative to DATA_DIR (default: images)',
    )
    parser.add_argument(
        '--html', metavar='FILE', help='write a page with pictures there'
    )
    parser.add_argument(
        '--json', metavar='FILE', help='write the findings there'
    )
    parser.add_argument(
        '--ignore',
        action='append',
        default=[],
        metavar='CHECK',
        help='leave a check out; may be repeated',
    )
    parser.add_argument(
        '--teacher',
        metavar='FILE',
        help='look for one person under two ids with this face-recognition '
        'network, such as checkpoints/sface.pth',
    )
    parser.add_argument(
        '--labels',
        metavar='DIR',
        help='rank likely misplaced points: a table and pictures there; needs '
        'mmpose_ctd download face-landmarker, or --predictions',
    )
    parser.add_argument(
        '--predictions',
        action='append',
        default=[],
        metavar='FILE.json',
        help='for --labels: what a trained model found on photographs that '
        'did not train it (tools/test.py --keypoints); may be repeated',
    )
    parser.add_argument(
        '--looks',
        type=int,
        default=40,
        metavar='N',
        help='points that --labels shows (default: %(default)s)',
    )
    parser.add_argument(
        '--show-ids',
        action='store_true',
        help='name subjects and files (default: the number of the record)',
    )
    add_options(parser, Thresholds)
    return parser.parse_args()


def main() -> None:
    options = vars(parse_args())
    page, data = options.pop('html'), options.pop('json')
    show_ids = options.pop('show_ids')
    labels, looks, predictions = (
        options.pop(name) for name in ('labels', 'looks', 'predictions')
    )
    if (predictions or looks != 40) and not labels:
        raise InputError(
            where='--looks' if looks != 40 else '--predictions',
            found='no --labels',
            expected='the folder of what is found',
        )
    if looks < 1:
        raise InputError(where=f'--looks {looks}', expected='1 or more')
    with Progress(transient=True) as progress:
        task = progress.add_task('Reading images', total=None)
        report = check(
            **options,
            on_file=lambda done, total: progress.update(
                task, completed=done, total=total
            ),
        )
    if report.findings:
        Console().print(findings_table(report, show_ids))
    print(report.summary())
    if data:
        content = report.as_json(show_ids)
        _write(data, json.dumps(content, indent=1, ensure_ascii=False))
    if page:
        _write(page, html_page(report, show_ids))
    if labels:
        _check_labels(labels, looks, predictions, options, show_ids)
    if not report.ok:
        sys.exit(1)


def _check_labels(
    folder: str,
    looks: int,
    predictions: list[str],
    options: dict,
    show_ids: bool,
) -> None:
    """Rank likely misplaced points, and write the first ones."""
    # It imports torch.
    from mmpose_ctd.apis.label_check import check_labels

    with Progress(transient=True) as progress:
        task = progress.add_task('Finding faces', total=None)
        found = check_labels(
            **{k: options[k] for k in ('data_dir', 'ann_file', 'img_dir')},
            predictions=predictions,
            on_face=lambda done, total: progress.update(
                task, completed=done, total=total
            ),
        )
    written = found.write(folder, looks, show_ids)
    first = ', '.join(
        f'{one.photo.shown(show_ids)} {one.landmark} {one.distance:.1f} px'
        for one in found.points[:3]
    )
    print(
        f'labels: {found.judged} of {found.photographs} photographs judged '
        'by fits that did not see them. Most suspicious (image, landmark, '
        f'distance in pixels of the image): {first}'
    )
    print(f'Written to {folder}: {", ".join(written)}. Look at the sheets.')


def _write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, f'{text}\n'.encode())
    print(f'Written to {path}.')


if __name__ == '__main__':
    run(main)
