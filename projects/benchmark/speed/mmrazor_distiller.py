"""MMRazor's SingleTeacherDistill with the same networks and distance."""

import contextlib
import copy
import importlib
import io

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.registry import MODELS

from .opponents import plain_mmpose

__all__ = ['mmrazor_distiller', 'why_not_mmrazor']


def mmrazor_distiller(ctd: Config) -> Config:
    r"""Encoder distillation as a user of MMRazor configures it.

    Student and teacher are whole pose estimators, the maps are recorded at
    the backbones' outputs. ``L2Loss`` of normalised maps is twice the cosine
    distance:

    .. math::
        \| a / |a| - b / |b| \|^2 = 2 (1 - \cos(a, b))

    Args:
        ctd (Config): With one ``EncoderDistillLoss``; left as it is.

    Raises:
        ValueError: If its terms are others.
    """
    terms = list(ctd.model.regularizers.values())
    plain = len(terms) == 1 and set(terms[0]) <= {'type', 'loss_weight'}
    if not plain or terms[0].type != 'EncoderDistillLoss':
        raise ValueError('only a plain EncoderDistillLoss is translated')
    if 'backbone' not in ctd.model.teacher:
        raise ValueError('only a teacher given by its backbone is translated')
    cfg = plain_mmpose(ctd)
    student = cfg.model
    student.type = 'mmpose.TopdownPoseEstimator'
    teacher = copy.deepcopy(student)
    teacher.backbone = copy.deepcopy(ctd.model.teacher.backbone)
    maps = dict(type='mmrazor.ModuleOutputs', source='backbone')
    last = dict(recorder='maps', data_idx=-1)
    weight = terms[0].get('loss_weight', 1.0)
    cfg.model = dict(
        type='mmrazor.SingleTeacherDistill',
        architecture=student,
        teacher=teacher,
        distiller=dict(
            type='mmrazor.ConfigurableDistiller',
            student_recorders=dict(maps=maps),
            teacher_recorders=dict(maps=dict(maps)),
            distill_losses=dict(
                loss_ed=dict(type='mmrazor.L2Loss', loss_weight=weight / 2)
            ),
            loss_forward_mappings=dict(
                loss_ed=dict(
                    s_feature=dict(last, from_student=True),
                    t_feature=dict(last, from_student=False),
                )
            ),
        ),
    )
    return cfg


def why_not_mmrazor(ctd: Config) -> str:
    """Why MMRazor cannot run this here, in one line; empty if it can."""
    scope = DefaultScope.overwrite_default_scope('mmpose')
    try:
        with contextlib.redirect_stdout(io.StringIO()), scope:
            importlib.import_module('mmrazor.models')
            MODELS.build(mmrazor_distiller(ctd).model)
    # Another project's import on another stack may raise anything.
    except Exception as error:
        return ' '.join(f'{type(error).__name__}: {error}'.split())[:200]
    return ''
