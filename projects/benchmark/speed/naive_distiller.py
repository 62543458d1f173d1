"""A distiller as it is usually written, to compare with."""

import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.models.teachers import build_source

__all__ = ['NaiveDistiller']


class NaiveDistiller(TopdownPoseEstimator):
    """A top-down model with the teacher as one of its modules.

    The terms are those of :class:`.CTDTopdownPoseEstimator`; the teacher runs
    as it was trained, BatchNorms and all. It has no bug that such distillers
    often have (a teacher whose BatchNorms train, with an image convention not
    its own).

    Args:
        teacher (dict): As of :class:`.CTDTopdownPoseEstimator`.
        regularizers (dict[str, dict]): As there.
        **kwargs: Arguments of ``TopdownPoseEstimator``.

    Raises:
        InputError: If a term compares weights; this one gives outputs only.
    """

    def __init__(
        self, *args, teacher: dict, regularizers: dict[str, dict], **kwargs
    ) -> None:
        super().__init__(*args, **kwargs)
        self.teacher = build_source(dict(teacher, fold_batch_norms=False))
        self.teacher.adapt_to(self.data_preprocessor)
        self.regularizers = torch.nn.ModuleDict(
            {name: MODELS.build(term) for name, term in regularizers.items()}
        )
        for name, term in self.regularizers.items():
            if term.needs_weights:
                raise InputError(
                    f'model.regularizers.{name}: {type(term).__name__} '
                    'compares weights; the naive distiller has outputs only. '
                    'Leave it out of the comparison: --systems ctd ft '
                    'mmpose_ft.'
                )

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """The head's losses and ``loss_<name>`` of every term.

        Args:
            inputs (Tensor): Images (N, 3, H, W), preprocessed.
            data_samples (list[PoseDataSample]): Their N samples.
        """
        feats = self.backbone(inputs)
        decoded = self.neck(feats) if self.with_neck else feats
        losses = self.head.loss(
            decoded, data_samples, train_cfg=self.train_cfg
        )
        terms = self.regularizers.values()
        teacher = self.teacher(inputs, any(t.needs_final for t in terms))
        for name, term in self.regularizers.items():
            student = SourceOutputs(tuple(feats))
            if term.needs_final:
                last = term.connect(feats[-1])
                final = self.teacher.classify((*feats[:-1], last))
                student = student._replace(final=final)
            losses[f'loss_{name}'] = term(student, teacher)
        return losses


# By a call: the package's own components are registered by its import alone,
# and this one is no component.
MODELS.register_module(module=NaiveDistiller, force=True)
