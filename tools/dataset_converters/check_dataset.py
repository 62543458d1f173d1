"""Looks for what ruins a data set before anybody trains on it.

mmpose_ctd check data/myset --html report.html

docs/check.md explains every check. Exit status: 0 if there is no error
(there may be warnings), 1 if there is one, 2 if the set cannot be read.
"""

import argparse
import json
import os
import sys
from dataclasses import fields
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from mmpose_ctd.apis.command_line import run
from mmpose_ctd.datasets.annotation_file import find_annotation_file
from mmpose_ctd.datasets.checking import (
    CHECKS,
    Survey,
    Thresholds,
    findings_table,
    run_checks,
)
from mmpose_ctd.datasets.checking.html_page import html_page
from mmpose_ctd.errors import MissingFileError


def parse_args() -> argparse.Namespace:
    checks = '\n'.join(f'  {c.name:15} {c.title}' for c in CHECKS.values())
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
        '--show-ids',
        action='store_true',
        help='name subjects and files (default: the number of the record)',
    )
    for item in fields(Thresholds):
        parser.add_argument(
            '--' + item.name.replace('_', '-'),
            type=type(item.default),
            default=item.default,
            metavar='NUMBER',
            help=f'{item.metadata["help"]} (default: %(default)s)',
        )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    root = Path(args.data_dir)
    if not root.is_dir():
        raise MissingFileError(f'The folder {str(root)!r} does not exist.')
    thresholds = Thresholds(
        **{item.name: getattr(args, item.name) for item in fields(Thresholds)}
    )
    ann_file = args.ann_file or find_annotation_file(
        root, cure='Name it with --ann-file.'
    )
    with Progress(transient=True) as progress:
        task = progress.add_task('Reading images')
        survey = Survey(
            root,
            ann_file,
            args.img_dir,
            teacher=args.teacher,
            on_file=lambda: progress.advance(task),
        )
        progress.update(task, total=len(survey.photos))
        report = run_checks(survey, thresholds, args.ignore)
    console = Console()
    if report.findings:
        console.print(findings_table(report, args.show_ids))
    print(report.summary())
    if args.json:
        content = report.as_json(args.show_ids)
        _write(args.json, json.dumps(content, indent=1, ensure_ascii=False))
    if args.html:
        _write(args.html, html_page(report, thresholds, args.show_ids))
    if not report.ok:
        sys.exit(1)


def _write(path: str, text: str) -> None:
    """Write a file as a whole, or not at all."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f'.{file.name}.part')
    try:
        draft.write_text(text + '\n', encoding='utf-8')
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)
    print(f'Written to {file}.')


if __name__ == '__main__':
    run(main)
