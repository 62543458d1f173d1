"""Whether a source knows its task on images, as a config shows them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.config import Config
from mmpose.registry import MODELS
from scipy.stats import mannwhitneyu
from torch import Tensor

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers import build_source


@dataclass(frozen=True)
class Recognition:
    """Of one output of the source.

    Two images are as alike as the cosine of their outputs is large.

    Attributes:
        first (float): Share of the images with another one of the same
            subject whose most similar other image is such a one.
        chance (float): What ``first`` would be of outputs that know nothing.
        auc (float): Probability that two images of one subject are more alike
            than two of two subjects, ties counting half; 0.5 is chance.
        probes (int): Images with another one of the same subject.
    """

    first: float
    chance: float
    auc: float
    probes: int


@torch.no_grad()
def teacher_recognition(
    cfg: Config, batches: Iterable[dict]
) -> dict[str, Recognition]:
    """How well the teacher of a config tells the subjects of images apart.

    A teacher of faces that does not is shown something else than it was
    trained on (another part of the photograph, faces too small), or its
    weights are not what they are taken for. Channels in the wrong order make
    little difference.

    Args:
        cfg (Config): With ``model.teacher``.
        batches (Iterable[dict]): Of a data loader, of images whose records
            have a ``subject``, several of whom have two images or more.

    Returns:
        dict[str, Recognition]: By ``map 1``, ``map 2`` ..., the encoder's
        maps as ED compares them, and ``final`` if there is a head.

    Raises:
        InputError: If there is no teacher, or one whose outputs depend on the
            batch; an image's record names no subject, or no subject has two
            images.
    """
    if not cfg.model.get('teacher'):
        raise InputError(
            'model.teacher is not set: there is nobody to examine. Give a '
            'config that has one.'
        )
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    teacher = build_source(cfg.model.teacher)
    if teacher.needs_a_batch:
        raise InputError(
            f'model.teacher.type={type(teacher).__name__}: what it says of an '
            'image depends on the batch. Examine the teacher itself: '
            '--cfg-options model.teacher.type=SourceModel.'
        )
    teacher.adapt_to(preprocessor)
    outputs: dict[str, list[Tensor]] = {}
    subjects: list[str] = []
    for batch in batches:
        data = preprocessor(batch, False)
        subjects += map(_subject, data['data_samples'])
        told = teacher(data['inputs'], teacher.head is not None)
        named = {f'map {i}': x for i, x in enumerate(told.feats, start=1)}
        if told.final is not None:
            named['final'] = told.final
        for name, value in named.items():
            outputs.setdefault(name, []).append(value.float().flatten(1))
    if not outputs:
        raise InputError('The training data hold no images.')
    return {
        name: recognition_of(torch.cat(parts), subjects)
        for name, parts in outputs.items()
    }


def recognition_of(outputs: Tensor, subjects: list[str]) -> Recognition:
    """How well outputs tell subjects apart.

    Args:
        outputs (Tensor): (N, D), of N images.
        subjects (list[str]): Whose they are.

    Raises:
        InputError: If no subject has two images, or there is one subject.
    """
    people = np.unique(subjects, return_inverse=True)[1]
    same = people[:, None] == people[None]
    others = ~np.eye(len(people), dtype=bool)
    probes = (same & others).any(1)
    if not probes.any() or same.all():
        raise InputError(
            f'train_dataloader.dataset: found {len(people)} image(s) and '
            f'{len(set(subjects))} subject(s); expected two subjects or '
            'more, and of some of them two images or more, '
            'without which nobody can be recognised. Unlabelled photographs '
            'of the same people serve too (PartlyLabelledDataset).'
        )
    unit = torch.nn.functional.normalize(outputs.double(), dim=1)
    alike = (unit @ unit.T).numpy()
    np.fill_diagonal(alike, -np.inf)
    nearest = alike.argmax(1)
    upper = np.triu(others)
    one, two = alike[upper & same], alike[upper & ~same]
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
            "train_dataloader.dataset: an image has no 'subject', so that "
            'nobody knows who is on which image. A CIFASDDataset takes it '
            'from the records of dataset.ann_file, and the pipeline has to '
            'end with PackLandmarkInputs, which lets it through.'
        )
    return str(subject)
