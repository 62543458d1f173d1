"""Makes a set of a folder of photographs and points clicked in some tool.

    mmpose_ctd prepare photographs/ points.tps \\
        --landmarks names.txt --table subjects.csv --out data/myset

docs/prepare.md shows each format. Exit status: 0 when all records are in the
set, 1 when some are left out, 2 when nothing could be made.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from mmpose_ctd.apis.command_line import run
from mmpose_ctd.datasets.annotation_formats import FORMATS
from mmpose_ctd.datasets.preparation import (
    SUBJECT_FOLDERS,
    UNITS,
    PrepareOptions,
    Report,
    check_preview,
    findings_table,
    finished_set,
    prepare,
    summary,
    write_preview,
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('images', metavar='IMAGES', help='folder of photographs; only read')
    add('points', metavar='POINTS', help='file or folder of points')
    add('--out', required=True, metavar='DIR', help='the set, a new folder')
    add(
        '--format',
        choices=FORMATS,
        help='format of the points (default: found out)',
    )
    add('--dry-run', action='store_true', help='tell, but write nothing')
    add('--quiet', action='store_true', help='no progress bar')

    points = parser.add_argument_group('points')
    add = points.add_argument
    add(
        '--landmarks',
        metavar='FILE.txt',
        help="a landmark's name a line, in the order of clicking; or lines "
        'name=number, name=label',
    )
    add(
        '--count-from',
        type=int,
        choices=(0, 1),
        help='what numbers in that file count from',
    )
    add(
        '--frame',
        choices=('auto', 'upright', 'stored'),
        default='auto',
        help='where EXIF turns a photograph: were the points clicked in the '
        'upright picture or in the stored pixels (default: what the size in '
        'the record fits, else upright)',
    )
    add(
        '--unit',
        metavar='UNIT',
        help='what coordinates are in: px, share (0 to 1), percent, permille, '
        'scaled (pixels multiplied by SCALE= of tps files), or a number, the '
        'pixels in one unit (default: px, refused where they do not look like '
        'it)',
    )
    add(
        '--first-pixel',
        type=float,
        choices=(0, 0.5, 1),
        help='coordinate of the centre of the corner pixel (default: that of '
        'the format)',
    )
    add(
        '--y-axis',
        choices=('up', 'down'),
        help='direction of y (default: up for tps, else down)',
    )
    add(
        '--zero-is-missing',
        action='store_true',
        help='points at exactly 0, 0 are missing',
    )
    add(
        '--decimal-mark',
        choices=('point', 'comma'),
        help='in tables, tps files and --table: with "comma", 1,034 is 1.034 '
        'and 1.034 is 1034 (default: what the numbers show; refused where '
        'they do not)',
    )
    add(
        '--photograph-from',
        choices=('id',),
        help="id: ID= of a tps file is the photograph's name where IMAGE= is "
        'absent',
    )
    add(
        '--duplicates',
        choices=('first', 'last'),
        default='first',
        help='which of several records of a photograph is used '
        '(default: first)',
    )

    add(
        '--image-root',
        nargs='+',
        default=[],
        metavar='FOLDER',
        help='what POINTS and the table call the folder IMAGES, such as '
        'C:/study/photos; needed where they name folders that are '
        'not below it',
    )

    people = parser.add_argument_group('subjects, sites, scale')
    add = people.add_argument
    add(
        '--table',
        metavar='FILE.csv',
        help='columns image, subject, site, mm_per_px, age, sex',
    )
    add(
        '--keep-columns',
        nargs='+',
        default=[],
        metavar='TITLE',
        help='further columns of the table to take over',
    )
    add(
        '--subject-pattern',
        metavar='REGEX',
        help='on file names; what is in brackets is the subject',
    )
    add(
        '--subject-from',
        choices=SUBJECT_FOLDERS,
        help='folder: each folder in IMAGES is a subject; where folders lie '
        'in folders, the outer one (first-folder) or the inner one '
        '(last-folder)',
    )
    add(
        '--subject-codes',
        action='store_true',
        help='write s0001, s0002 ... instead of the subjects',
    )
    add('--site', metavar='NAME', help='the site of all photographs')
    add(
        '--site-from',
        choices=('folder',),
        help='the folders in IMAGES are sites',
    )
    add(
        '--scale-points',
        nargs=2,
        default=[],
        metavar=('A', 'B'),
        help='the ends of a ruler or sticker',
    )
    add('--scale-length-mm', type=float, metavar='MM', help='its length')
    add(
        '--scale-unit',
        choices=UNITS,
        help='unit of SCALE= in tps files, which is not used without',
    )

    pictures = parser.add_argument_group('pictures')
    add = pictures.add_argument
    add(
        '--crop',
        choices=('face', 'landmarks', 'none'),
        default='face',
        help='what is cut out: around the detected face, around the '
        'landmarks, or the whole photograph (default: face)',
    )
    add(
        '--margin',
        type=float,
        help='added on each side, as a share of the longer side of face or '
        'landmarks (default: 0.35, 0.5)',
    )
    add(
        '--size',
        type=int,
        default=256,
        help='side in pixels; 0 keeps what was cut out (default: 256)',
    )
    add(
        '--enlarge',
        action='store_true',
        help='enlarge what is smaller (default: it stays smaller)',
    )
    add(
        '--image-format',
        choices=('jpg', 'png'),
        default='jpg',
        help='(default: jpg)',
    )
    add('--quality', type=int, default=95, help='of JPEGs (default: 95)')
    add(
        '--preview',
        metavar='FOLDER',
        help='draw the points on the pictures there, twenty on a sheet',
    )

    private = parser.add_argument_group('names')
    add = private.add_argument
    add(
        '--mapping',
        metavar='FILE.csv',
        help='write there which picture is whose; keep it to yourself',
    )
    add(
        '--names-in-report',
        action='store_true',
        help='name files in DIR/report.csv (default: record numbers alone)',
    )
    return parser.parse_args()


def make(args: argparse.Namespace, options: PrepareOptions) -> Report:
    return prepare(
        args.images,
        args.points,
        args.out,
        options,
        format_name=args.format,
        landmarks=args.landmarks,
        count_from=args.count_from,
        table=args.table,
        mapping=args.mapping,
        names_in_report=args.names_in_report,
        dry_run=args.dry_run,
        progress=not args.quiet,
    )


def draw_preview(args: argparse.Namespace, prepared: Path) -> None:
    try:
        sheets = write_preview(prepared, Path(args.preview), not args.quiet)
    except KeyboardInterrupt:
        print('\nInterrupted. The set is complete; the same command draws it.')
        sys.exit(130)
    print(f'Look at the {sheets} sheets in {args.preview}.')


def main() -> None:
    args = parse_args()
    options = PrepareOptions(
        crop=args.crop,
        margin=args.margin,
        size=args.size or None,
        enlarge=args.enlarge,
        image_format=args.image_format,
        quality=args.quality,
        frame=args.frame,
        unit=args.unit,
        first_pixel=args.first_pixel,
        y_axis=args.y_axis,
        zero_is_missing=args.zero_is_missing,
        decimal_mark=args.decimal_mark,
        photograph_from=args.photograph_from,
        scale_points=tuple(args.scale_points),
        scale_length_mm=args.scale_length_mm,
        scale_unit=args.scale_unit,
        duplicates=args.duplicates,
        site=args.site,
        site_from=args.site_from,
        subject_from=args.subject_from,
        subject_pattern=args.subject_pattern,
        subject_codes=args.subject_codes,
        keep_columns=tuple(args.keep_columns),
        image_root=tuple(args.image_root),
    )
    if args.preview is not None:
        check_preview(Path(args.preview))
        complete = finished_set(Path(args.out), options)
        if complete is not None and not args.dry_run:
            print(f'note: {args.out} is complete; only its preview is drawn.')
            draw_preview(args, Path(args.out))
            sys.exit(0 if complete else 1)
    try:
        report = make(args, options)
    except KeyboardInterrupt:
        print('\nInterrupted. The same command goes on from here.')
        sys.exit(130)
    # A pipe has no width of its own; 80 columns would cut the table.
    console = Console(width=None if sys.stdout.isatty() else 120)
    table = findings_table(report, every=args.dry_run)
    if table is not None:
        console.print(table)
    for note in report.notes:
        print(f'note: {note}')
    for warning in report.warnings:
        print(f'WARNING: {warning}', file=sys.stderr)
    print(summary(report))
    if report.out is not None:
        print(
            f'Written to {args.out}: annotations, images, report.csv, '
            'report.json'
        )
        if args.preview is not None:
            draw_preview(args, report.out)
    sys.exit(report.exit_status)


if __name__ == '__main__':
    run(main)
