"""Check that the teacher recognises the people of the training images.

python projects/frl_study/diagnostics/teacher_recognition.py \\
    projects/frl_study/configs/recipe/unlabelled.py --cfg-options \\
    train_dataloader.dataset.split=splits/train_n142_seed0.txt

A teacher that regularises should know its own task on these images, as this
config shows them to it. Needed: two or more images of some subjects; they may
be unlabelled. Nothing is trained and nothing is written.
"""

from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from rich.console import Console
from rich.table import Table
from scipy.stats import mannwhitneyu
from torch import Tensor

from mmpose_ctd.apis.command_line import (
    add_config_options,
    load_config,
    make_parser,
    run,
)
from mmpose_ctd.apis.config_file import quiet_logs
from mmpose_ctd.errors import InputError


@dataclass(frozen=True)
class Recognition:
    """Recognition by one output of the source.

    The similarity of two images is the cosine of their outputs.

    Attributes:
        first (float): Of the images with another image of the same subject,
            the share whose most similar image is of that subject.
        chance (float): Expected ``first`` for random outputs.
        auc (float): Probability that two images of one subject are more
            similar than two of two subjects, ties counting half; 0.5 is
            chance.
        probes (int): Images with another image of the same subject.
    """

    first: float
    chance: float
    auc: float
    probes: int


@torch.no_grad()
def teacher_recognition(
    cfg: Config, batches: Iterable[dict]
) -> dict[str, Recognition]:
    """Measure how well the teacher of a config recognises subjects.

    Low values for a teacher of faces mean that the images differ from those
    it was trained on (another crop, faces too small), or that its weights are
    wrong. Swapped colour channels make little difference.

    Args:
        cfg (Config): With ``model.teacher``.
        batches (Iterable[dict]): Of a data loader; records have a
            ``subject``, some of whom have two images or more.

    Returns:
        dict[str, Recognition]: For ``map 1``, ``map 2`` ... of the encoder,
        and ``final`` if there is a head.

    Raises:
        InputError: If there is no teacher, its outputs depend on the batch, an
            image has no subject, or no subject has two images.
    """
    if not cfg.model.get('teacher'):
        raise InputError(
            where='model.teacher',
            found='not set',
            cure='Use a config that has a teacher.',
        )
    # It imports MMPose, which load_config does quietly.
    from mmpose_ctd.models.teachers import build_source

    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    teacher = build_source(cfg.model.teacher)
    if teacher.needs_a_batch:
        raise InputError(
            where=f'model.teacher.type={type(teacher).__name__}',
            found='its outputs depend on the batch',
            cure='Test the teacher itself: --cfg-options '
            'model.teacher.type=SourceModel',
        )
    teacher.adapt_to(preprocessor)
    outputs: dict[str, list[Tensor]] = {}
    subjects: list[str] = []
    for batch in batches:
        data = preprocessor(batch, False)
        subjects += map(_subject, data['data_samples'])
        found = teacher(data['inputs'], teacher.head is not None)
        named = {f'map {i}': x for i, x in enumerate(found.feats, start=1)}
        if found.final is not None:
            named['final'] = found.final
        for name, value in named.items():
            outputs.setdefault(name, []).append(value.float().flatten(1))
    if not outputs:
        raise InputError(where='train_dataloader', found='no images')
    return {
        name: recognition_of(torch.cat(parts), subjects)
        for name, parts in outputs.items()
    }


def recognition_of(outputs: Tensor, subjects: list[str]) -> Recognition:
    """Measure how well outputs separate subjects.

    Args:
        outputs (Tensor): (N, D), of N images.
        subjects (list[str]): The N subjects.

    Raises:
        InputError: If no subject has two images, or there is one subject.
    """
    people = np.unique(subjects, return_inverse=True)[1]
    same = people[:, None] == people[None]
    others = ~np.eye(len(people), dtype=bool)
    probes = (same & others).any(1)
    if not probes.any() or same.all():
        raise InputError(
            where='train_dataloader.dataset',
            found=f'{len(people)} image(s) and {len(set(subjects))} '
            'subject(s)',
            expected='two subjects or more, some with two images or more',
            cure='Add unlabelled photographs of the same people '
            '(PartlyLabelledDataset).',
        )
    unit = torch.nn.functional.normalize(outputs.double(), dim=1)
    similar = (unit @ unit.T).numpy()
    np.fill_diagonal(similar, -np.inf)
    nearest = similar.argmax(1)
    upper = np.triu(others)
    one, two = similar[upper & same], similar[upper & ~same]
    return Recognition(
        float(same[np.arange(len(people)), nearest][probes].mean()),
        float(((same & others).sum(1) / (len(people) - 1))[probes].mean()),
        float(mannwhitneyu(one, two).statistic / (len(one) * len(two))),
        int(probes.sum()),
    )


def _subject(sample) -> str:
    subject = sample.metainfo.get('subject')
    if subject is None:
        raise InputError(
            where='train_dataloader.dataset',
            found="an image has no 'subject'",
            cure='Add it to the records of dataset.ann_file, and end the '
            'pipeline with PackLandmarkInputs.',
        )
    return str(subject)


def parse_args() -> Namespace:
    parser = make_parser(__doc__)
    parser.add_argument('config', help='a config with a teacher')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    # It imports MMPose, which load_config does quietly.
    from mmpose_ctd.apis.feature_extractor import plain_training_data

    init_default_scope(cfg.get('default_scope', 'mmpose'))
    data = plain_training_data(cfg, unlabelled=True)
    with quiet_logs():
        found = teacher_recognition(cfg, data)
    probes = next(iter(found.values())).probes
    table = Table(
        title=f'{len(data.dataset)} images, {probes} of a subject with others'
    )
    table.add_column('teacher')
    for name in ('nearest is the same person', 'by chance', 'AUC of pairs'):
        table.add_column(name, justify='right')
    for name, one in found.items():
        table.add_row(
            name, f'{one.first:.1%}', f'{one.chance:.1%}', f'{one.auc:.3f}'
        )
    Console().print(table)


if __name__ == '__main__':
    run(main)
