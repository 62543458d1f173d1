"""A control: a source that sees somebody else."""

from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.models.teachers import SourceModel

__all__ = ['ShuffledSourceModel']


@MODELS.register_module()
class ShuffledSourceModel(SourceModel):
    """A source whose outputs belong to another image of the batch.

    Image i is held against the source's view of image i - 1, and the first
    against the last's. What a regulariser gains with it, it gains from what
    the source says of any face, not of this one.

    In a batch that begins a new round through the images, one image may come
    twice, each with its own augmentation.
    """

    needs_a_batch = True

    def forward(self, inputs: Tensor, with_final: bool) -> SourceOutputs:
        """See :meth:`SourceModel.forward`."""
        return super().forward(inputs.roll(1, dims=0), with_final)
