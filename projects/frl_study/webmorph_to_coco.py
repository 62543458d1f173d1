"""Makes the FRL faces from a checkout of debruine/webmorphR.stim.

    git clone https://github.com/debruine/webmorphR.stim
    git -C webmorphR.stim checkout fa8b78f
    python projects/frl_study/webmorph_to_coco.py webmorphR.stim data/frl_faces

Exit status: 0 when the set was made and no file was refused, else 1.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmpose_ctd.errors import InputError
from projects.frl_study.webmorph.convert import (
    convert,
    findings_table,
    summary,
)
from projects.frl_study.webmorph.recipe import load_recipe


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('src', help='checkout of the repository')
    parser.add_argument('out', help='folder of the set, new or empty')
    parser.add_argument(
        '--size',
        type=int,
        default=256,
        help='side of the crops in pixels; 256 is the published one '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--allow-missing',
        action='store_true',
        help='make the set without missing pictures; splits lose subjects',
    )
    parser.add_argument(
        '--force', action='store_true', help='replace an existing set'
    )
    parser.add_argument(
        '--recipe',
        metavar='DIR',
        help='crops, splits and names of another set (default: FRL faces)',
    )
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    try:
        recipe = load_recipe(args.recipe) if args.recipe else load_recipe()
        report = convert(
            args.src,
            args.out,
            recipe,
            size=args.size,
            allow_missing=args.allow_missing,
            force=args.force,
        )
    except (InputError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('Interrupted; nothing was written.', file=sys.stderr)
        return 130
    if report.findings:
        Console().print(findings_table(report))
    print(summary(report))
    return 0 if report.ok else 1


if __name__ == '__main__':
    sys.exit(main())
