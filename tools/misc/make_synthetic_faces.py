"""Make a data set of synthetic faces with exact anatomical landmarks."""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from mmpose_ctd.datasets.synthetic import (
    ANNOTATIONS,
    LANDMARKS,
    make_synthetic_faces,
)
from mmpose_ctd.visualization import landmark_sheet


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out', help='folder to make')
    parser.add_argument('--num-subjects', type=int, default=100)
    parser.add_argument(
        '--size', type=int, default=256, help='side of the images in pixels'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--force', action='store_true', help='replace a data set in OUT'
    )
    parser.add_argument(
        '--preview',
        metavar='FILE',
        help='write a contact sheet, every other face with its landmarks',
    )
    return parser.parse_args()


def write_preview(root: Path, file: Path) -> None:
    """Write a contact sheet of the data set's first images."""
    content = json.loads((root / ANNOTATIONS).read_text())
    records = content['images'][:25]
    images = [
        cv2.imread(str(root / 'images' / r['file_name'])) for r in records
    ]
    points = [
        np.reshape(annotation['keypoints'], (-1, 3)) * (1, 1, i % 2)
        for i, annotation in enumerate(content['annotations'][:25])
    ]
    titles = [record['subject'] for record in records]
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet = landmark_sheet(images, points, LANDMARKS, titles)
    if not cv2.imwrite(str(file), sheet):
        raise OSError(f'could not write the preview to {file}')


def main() -> int:
    args = parse_args()
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns) as progress:
            task = progress.add_task(
                'Synthetic faces', total=args.num_subjects
            )
            root = make_synthetic_faces(
                args.out,
                num_subjects=args.num_subjects,
                size=args.size,
                seed=args.seed,
                force=args.force,
                on_image=lambda: progress.advance(task),
            )
        print(f'{args.num_subjects} faces in {root}')
        if args.preview:
            write_preview(root, Path(args.preview))
            print(f'Contact sheet in {args.preview}')
    except (OSError, ValueError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
