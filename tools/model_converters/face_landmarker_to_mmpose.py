"""Turn MediaPipe's face_landmarker.task into a teacher's checkpoint.

mmpose_ctd convert-face-landmarker IN.task OUT.pth

`mmpose_ctd download face-landmarker` does the same after getting the file.
"""

import argparse
import sys
from pathlib import Path

import mmpose_ctd  # noqa: F401  (makes MMPose importable)
from mmpose_ctd.errors import InputError


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'source',
        type=Path,
        metavar='IN.task',
        help='face_landmarker.task of MediaPipe, or the tflite file in it',
    )
    parser.add_argument(
        'target',
        type=Path,
        metavar='OUT.pth',
        help='the checkpoint to write; configs look for face_landmarker.pth',
    )
    parser.add_argument(
        '--force', action='store_true', help='replace OUT.pth if it exists'
    )
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    from mmpose_ctd.models.teachers.face_landmarker_checkpoint import (
        PUBLISHED_SHA256,
        convert_face_landmarker,
    )

    try:
        meta = convert_face_landmarker(
            args.source, args.target, force=args.force
        )
    except (InputError, OSError) as error:
        print(f'face_landmarker_to_mmpose: {error}', file=sys.stderr)
        return 1
    if meta['source_sha256'] != PUBLISHED_SHA256:
        print(
            f'face_landmarker_to_mmpose: warning: {args.source} is not the '
            f'published file (sha256 {meta["source_sha256"]}); its licence '
            'is recorded as unknown',
            file=sys.stderr,
        )
    print(f'{args.target}: written (licence: {meta["license"]})')
    return 0


if __name__ == '__main__':
    sys.exit(main())
