"""A source whose maps are normalised as the student's are while it trains."""

from mmpose.registry import MODELS
from torch.nn.modules.batchnorm import _BatchNorm

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers import SourceModel

__all__ = ['BatchStatisticsSourceModel']


@MODELS.register_module()
class BatchStatisticsSourceModel(SourceModel):
    """A source whose encoder normalises by the batch that it sees.

    In training mode a student's BatchNorms use the mean and variance of its
    batch, a frozen source's those of its own training data. The two encoders
    then differ although their weights are the same, the more so the smaller
    the batch: a regulariser of maps starts above 0 and pulls at what no
    weight can reach. Here both use those of the batch, and it starts at 0;
    not beside a student that keeps its statistics (``norm_eval``,
    ``frozen``), nor one that shares them between processes (``sync_bn``).

    The weights stay frozen, and no statistics are kept. C_s, which student
    and source share, keeps its own.

    Args:
        **kwargs: Of :class:`SourceModel`; BatchNorms are not folded.

    Raises:
        InputError: If the encoder has no BatchNorm.
    """

    needs_a_batch = True

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs | dict(fold_batch_norms=False))
        norms = [
            m for m in self.backbone.modules() if isinstance(m, _BatchNorm)
        ]
        if not norms:
            raise InputError(
                'model.teacher: BatchStatisticsSourceModel is for encoders '
                f'with BatchNorm; {type(self.backbone).__name__} has none. '
                'Take a SourceModel.'
            )
        for norm in norms:
            # Without them torch takes the batch's, in inference mode too.
            norm.running_mean = norm.running_var = None
            norm.track_running_stats = False
