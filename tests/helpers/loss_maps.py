"""Random feature maps for tests of regularisers."""

import numpy as np
import torch

from mmpose_ctd.models import SourceOutputs

N, C, H, W = 3, 4, 5, 6


def maps(seed, *shape):
    """A map in float64, (N, C, H, W) unless another shape is given."""
    return torch.from_numpy(
        np.random.default_rng(seed).normal(size=shape or (N, C, H, W))
    )


def outputs(*feats):
    return SourceOutputs(tuple(feats))


def value_of(loss, ours, theirs):
    """The loss of two maps, a float."""
    return loss(outputs(ours), outputs(theirs)).item()


def gradient_is_right(loss, ours, theirs):
    """Whether autograd agrees with differences, the parameters' included."""
    return torch.autograd.gradcheck(
        lambda x, *_: loss(outputs(x), outputs(theirs)),
        (ours.requires_grad_(), *loss.parameters()),
    )
