"""Turn a published file of VGGFace2 into a teacher's checkpoint.

mmpose_ctd convert-vggface2 IN OUT.pth

IN is any of the published files of ResNet-50 and SE-ResNet-50: a pickle with
torchvision's names, a dag .pth, a Keras .h5. The tool recognises it by its
content and runs nothing in it.
"""

import argparse
import sys
from pathlib import Path

import mmpose_ctd  # noqa: F401  (makes MMPose importable)
from mmpose_ctd.errors import InputError


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'source', type=Path, metavar='IN', help='the published file'
    )
    parser.add_argument(
        'target',
        type=Path,
        metavar='OUT.pth',
        help='the checkpoint to write; configs look for vggface2_resnet50.pth',
    )
    parser.add_argument(
        '--force', action='store_true', help='replace OUT.pth if it exists'
    )
    parser.add_argument(
        '--bn-eps',
        type=float,
        default=1e-5,
        metavar='EPS',
        help='epsilon of BatchNorm that the variances of IN are meant for; '
        "default: 1e-5, that of VGGFace2's networks (docs/teachers.md says "
        'when to give another)',
    )
    return parser.parse_args()


def _as_config(config: dict | None) -> str:
    if config is None:
        return 'None'
    arguments = ', '.join(f'{key}={value!r}' for key, value in config.items())
    return f'dict({arguments})'


def main() -> int:
    args = parse_args()
    from mmpose_ctd.models.teachers.vggface2_checkpoint import (
        convert_vggface2,
    )

    try:
        meta = convert_vggface2(
            args.source, args.target, force=args.force, bn_eps=args.bn_eps
        )
    except (InputError, OSError) as error:
        print(f'vggface2_to_mmpose: {error}', file=sys.stderr)
        return 1
    print(
        f'{args.source}: {meta["source_format"]}, '
        f'{meta["source_channel_order"].upper()} input'
    )
    print(f'{args.target}: written, for RGB input. In the config:')
    for part in ('backbone', 'head'):
        print(f'  model.teacher.{part}={_as_config(meta[part])}')
    if meta['head'] is None:
        print(
            'vggface2_to_mmpose: warning: the file has no final layers: '
            'regularisers of the encoder, such as EncoderDistillLoss, can '
            'use it, ClassifierDistillLoss cannot',
            file=sys.stderr,
        )
    elif meta['classes'] not in (None, 8631):
        print(
            f'vggface2_to_mmpose: warning: {meta["classes"]} classes; '
            "VGGFace2's networks are published with 8631",
            file=sys.stderr,
        )
    return 0


if __name__ == '__main__':
    sys.exit(main())
