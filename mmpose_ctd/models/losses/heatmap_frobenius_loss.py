"""L_R: regression loss of the heat-maps."""

from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError


@MODELS.register_module()
class HeatmapFrobeniusLoss(nn.Module):
    r"""Squared Frobenius norm of the heat-maps' error, equation (1).

    .. math::
        L_R = \frac{1}{N} \sum_i \sum_k w_{ik}
        \| D_t(E_t(x_i))_k - H_{ik} \|_F^2

    summed over landmarks and heat-map pixels, averaged over images; w is 0
    for invisible landmarks. Source: Fu et al., MLMI 2020 (arXiv 2009.13635).
    It equals MMPose's ``KeypointMSELoss`` times K * h * w.

    Args:
        loss_weight (float): Weight of the term. Defaults to 1.0.
        labelled_only (bool): Whether N counts only images with a landmark of
            weight above 0. Use it for batches with unlabelled images.
            Defaults to ``False``.
    """

    def __init__(
        self, loss_weight: float = 1.0, labelled_only: bool = False
    ) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.labelled_only = labelled_only

    def forward(
        self,
        output: Tensor,
        target: Tensor,
        target_weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Loss of a batch.

        Args:
            output (Tensor): Predicted heat-maps (N, K, h, w).
            target (Tensor): True heat-maps H (N, K, h, w).
            target_weights (Tensor, optional): Landmark weights w, (N, K), or
                (N, K, h, w) for single pixels.
            mask (Tensor, optional): Valid pixels, (N, K, h, w) or
                (N, 1, h, w).

        Returns:
            Tensor: A scalar.

        Raises:
            InputError: If the shapes of output and target differ.
        """
        if output.shape != target.shape:
            raise InputError(
                where='model.head',
                found=f'heat-maps (K, h, w) = {tuple(output.shape[1:])}',
                expected=f'{tuple(target.shape[1:])}, as of dataset and codec',
                cure='Set model.head.out_channels to the number of landmarks '
                "K, and codec.heatmap_size to the head's output size.",
            )
        error = (output.float() - target.float()).square()
        number = output.shape[0]
        if target_weights is not None:
            if self.labelled_only:
                labelled = target_weights.flatten(1).amax(1) > 0
                number = labelled.sum().clamp_min(1)
            missing = error.dim() - target_weights.dim()
            error = error * target_weights[(...,) + (None,) * missing]
        if mask is not None:
            error = error * mask
        return self.loss_weight * error.sum() / number
