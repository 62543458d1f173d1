"""Finds landmarks with MediaPipe's FaceMesh, fitted to a few labelled faces.

python projects/facemesh/facemesh.py mesh --data-root data/frl_faces \
    --ann-file annotations/landmarks19.json --out meshes.npz
python projects/facemesh/facemesh.py score --mesh meshes.npz --method vertex \
    --data-root data/frl_faces --ann-file annotations/landmarks19.json \
    --train splits/train_n020_seed0.txt --test splits/test.txt

python projects/facemesh/facemesh.py landmarks --data-root data/frl_faces \
    --ann-file annotations/landmarks19.json annotations/unlabelled.json \
    --out annotations/mesh.json

What to measure a trained model against: README.md. A set to learn from
without labels: `landmarks` (projects/frl_study/recipe.md). `mesh` and
`landmarks` need the network: `mmpose_ctd download face-landmarker`. With
--average-with `score` judges a trained model and FaceMesh together.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmpose_ctd.apis.command_line import import_mmpose_quietly, run
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from projects.facemesh.face_meshes.find_meshes import (
    MAX_VIEWS,
    find_meshes,
)
from projects.facemesh.face_meshes.mesh_set import write_mesh_set
from projects.facemesh.face_meshes.methods import METHODS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest='command', required=True)
    mesh = commands.add_parser('mesh', help='find the mesh of every image')
    score = commands.add_parser(
        'score', help='fit to training faces, predict test faces'
    )
    landmarks = commands.add_parser(
        'landmarks', help='write a set whose landmarks are mesh vertices'
    )
    for command in (mesh, score, landmarks):
        command.add_argument(
            '--data-root', metavar='DIR', required=True, help='the set'
        )
    for command in (mesh, score):
        command.add_argument(
            '--ann-file',
            metavar='FILE',
            required=True,
            help='annotations, relative to it',
        )
    mesh.add_argument('--out', metavar='FILE.npz', required=True)
    landmarks.add_argument(
        '--ann-file',
        metavar='FILE',
        required=True,
        nargs='+',
        help='annotations, relative to it; further files may list images '
        'without labels',
    )
    landmarks.add_argument(
        '--out',
        metavar='FILE.json',
        required=True,
        help='the annotations to write, relative to --data-root',
    )
    for command in (mesh, landmarks):
        command.add_argument(
            '--checkpoint',
            metavar='FILE.pth',
            help='the network (default: what `mmpose_ctd download '
            'face-landmarker` wrote)',
        )
        command.add_argument(
            '--views',
            type=int,
            default=MAX_VIEWS,
            help='framings of a face whose median is taken '
            '(default: %(default)s)',
        )
        command.add_argument(
            '--image-prefix',
            default='images/',
            help='folder of the images in the set (default: %(default)s)',
        )
    score.add_argument('--mesh', metavar='FILE.npz', required=True)
    score.add_argument('--method', choices=METHODS, default='vertex')
    for split in ('train', 'test'):
        score.add_argument(
            f'--{split}',
            metavar='FILE',
            required=True,
            help=f'{split} subjects, one a line, relative to --data-root',
        )
    score.add_argument(
        '--average-with',
        metavar='FILE.json',
        help="a trained model's predictions of the test faces (tools/test.py "
        "--keypoints): judged is their average with FaceMesh's",
    )
    score.add_argument(
        '--share',
        type=float,
        default=0.2,
        help="FaceMesh's share in the average (default: %(default)s)",
    )
    score.add_argument(
        '--by-site',
        action='store_true',
        help="learn what the sites' annotators place differently",
    )
    score.add_argument(
        '--out', metavar='FILE.json', help='write the predictions there'
    )
    return parser.parse_args()


def find(args: argparse.Namespace) -> None:
    function, out = find_meshes, args.out
    if args.command == 'landmarks':
        function, out = write_mesh_set, os.path.join(args.data_root, out)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task('face meshes', total=None)
        meshes = function(
            args.data_root,
            args.ann_file,
            args.out,
            checkpoint=args.checkpoint,
            views=args.views,
            image_prefix=args.image_prefix,
            advance=lambda done, total: progress.update(
                task, completed=done, total=total
            ),
        )
    attempts = meshes.attempts
    print(
        f'{len(attempts)} images, {meshes.network}, {meshes.views} views, '
        f'{meshes.seconds:.0f} s. A face was found on {sum(attempts > 0)}, '
        f'of these on {sum(attempts > 1)} only at a further attempt; on '
        f'{sum(attempts == 0)} none. Written to {out}'
    )


def score(args: argparse.Namespace) -> None:
    if args.out and not args.out.endswith('.json'):
        raise InputError(f'--out {args.out}: expected a name ending in .json.')
    import_mmpose_quietly()
    from projects.facemesh.face_meshes.scoring import predict_and_score

    result = predict_and_score(
        args.data_root,
        args.ann_file,
        args.train,
        args.test,
        args.mesh,
        args.method,
        args.average_with,
        args.share,
        args.by_site,
    )
    me = result['reports'][0]['metrics']['ME']
    num_test, num_train = len(result['keypoints']), result['num_train']
    interval = (
        '' if me['low'] is None else f'[{me["low"]:.3f}, {me["high"]:.3f}]'
    )
    alone = args.average_with is None
    average = (
        ''
        if alone
        else f', {args.share:g} to average with {args.average_with}'
    )
    print(
        f'FaceMesh, {args.method}, {num_train} training faces'
        f'{average}: ME {me["value"]:.3f} px {interval} on {num_test} test '
        'faces'
    )
    for kind, missing, total, what in (
        ('training', result['missing_train'], num_train, 'left out'),
        (
            'test',
            result['missing_test'],
            num_test,
            'judged at the mean place' if alone else 'the model alone',
        ),
    ):
        if missing:
            print(
                f'no face was found on {len(missing)} of {total} {kind} '
                f'images: {what}'
            )
    if args.out:
        os.makedirs(os.path.dirname(args.out) or '.', exist_ok=True)
        write_whole(args.out, json.dumps(result, indent=1).encode())


def main() -> None:
    args = parse_args()
    (score if args.command == 'score' else find)(args)


if __name__ == '__main__':
    run(main)
