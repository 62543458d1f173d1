"""Download a published network and convert it for the configs.

mmpose_ctd download sface

The checkpoint is written to $CTD_CHECKPOINTS, else checkpoints/, where the
configs look for it. The published file is kept in $XDG_CACHE_HOME/mmpose_ctd,
else ~/.cache/mmpose_ctd; its sha256 is checked before anything reads it.
"""

import argparse
from pathlib import Path

from mmpose_ctd.apis.command_line import make_parser, run
from mmpose_ctd.apis.teacher_files import PUBLISHED, download


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument('name', nargs='?', choices=list(PUBLISHED))
    parser.add_argument(
        '--list', action='store_true', help='show what can be downloaded'
    )
    parser.add_argument(
        '--out', type=Path, metavar='DIR', help='folder of the checkpoint'
    )
    parser.add_argument(
        '--file',
        # Its name while SFace was the only network.
        '--onnx',
        type=Path,
        metavar='FILE',
        help='convert this published file; download nothing (faceres: the '
        '.bin, with the .json next to it)',
    )
    parser.add_argument(
        '--source',
        metavar='NAME',
        help='use only this source (--list names them)',
    )
    parser.add_argument(
        '--force', action='store_true', help='replace the checkpoint'
    )
    args = parser.parse_args()
    if args.name is None and not args.list:
        parser.error(f'name one of: {", ".join(PUBLISHED)}; or use --list')
    return args


def show_list() -> None:
    for name, model in PUBLISHED.items():
        print(f'{name}: {model.title}')
        print(f'  licence    {model.license} ({model.homepage})')
        print(f'  download   {model.file}, {model.size / 1e6:.1f} MB')
        for part in model.also:
            print(f'  with       {part.file}')
        print(f'  sha256     {model.sha256}')
        print(f'  checkpoint {model.checkpoint}')
        for source in model.sources:
            print(f'  --source {source.name}: {source}')


def main() -> None:
    args = parse_args()
    if args.list:
        show_list()
        return
    download(
        args.name,
        out=args.out,
        original=args.file,
        source=args.source,
        force=args.force,
        say=lambda line: print(line, flush=True),
    )


if __name__ == '__main__':
    run(main)
