"""Download a published network and convert it for the configs.

mmpose_ctd download sface

The checkpoint goes where configs look: $CTD_CHECKPOINTS, else checkpoints/.
The published file is kept in $XDG_CACHE_HOME/mmpose_ctd, else
~/.cache/mmpose_ctd; its sha256 is checked before anything reads it.
"""

import argparse
import sys
from pathlib import Path

import mmpose_ctd  # noqa: F401  (makes MMPose importable)
from mmpose_ctd.apis.download import PUBLISHED, download
from mmpose_ctd.apis.fetch import FetchError
from mmpose_ctd.errors import InputError


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('name', nargs='?', choices=list(PUBLISHED))
    parser.add_argument(
        '--list', action='store_true', help='show what can be downloaded'
    )
    parser.add_argument(
        '--out', type=Path, metavar='DIR', help='folder of the checkpoint'
    )
    parser.add_argument(
        '--onnx',
        type=Path,
        metavar='FILE',
        help='convert this published file; download nothing',
    )
    parser.add_argument(
        '--source',
        metavar='NAME',
        help='use only this source (--list names them)',
    )
    parser.add_argument(
        '--force', action='store_true', help='replace the checkpoint'
    )
    args = parser.parse_args(argv)
    if args.name is None and not args.list:
        parser.error(f'name one of: {", ".join(PUBLISHED)}; or use --list')
    return args


def show_list() -> None:
    for name, model in PUBLISHED.items():
        print(f'{name}: {model.title}')
        print(f'  licence    {model.license} ({model.homepage})')
        print(f'  download   {model.file}, {model.size / 1e6:.1f} MB')
        print(f'  sha256     {model.sha256}')
        print(f'  checkpoint {model.checkpoint}')
        for source in model.sources:
            print(f'  --source {source.name}: {source}')


def main(argv=None) -> int:
    args = parse_args(argv)
    if args.list:
        show_list()
        return 0
    try:
        download(
            args.name,
            out=args.out,
            original=args.onnx,
            source=args.source,
            force=args.force,
            say=lambda line: print(line, flush=True),
        )
    except KeyboardInterrupt:
        print('download: stopped; the next run resumes', file=sys.stderr)
        return 130
    except (FetchError, InputError, OSError) as error:
        print(f'download: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
