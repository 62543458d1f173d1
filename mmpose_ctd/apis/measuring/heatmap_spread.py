"""How sure a heat-map looks: numbers that may tell the error beforehand.

N: faces, K: landmarks, h x w: heat-map pixels.
"""

import numpy as np

__all__ = ['SPREADS', 'heatmap_spreads']

#: What may be taken from a heat-map. Each is above 0 and larger where the
#: heat-map is less sure.
SPREADS = ('moment', 'entropy', 'inverse_peak')

# Heat-maps of a squared loss have negative ripples, and a floor of small
# values all over that would drown the peak's own moments.
_FLOOR = 0.1
_LEAST = 1e-3


def heatmap_spreads(heatmaps: np.ndarray) -> dict[str, np.ndarray]:
    r"""Spread, entropy and height of the peaks.

    With :math:`q_x = \max(0, h_x - 0.1 \max h)`, :math:`p = q / \sum q` and
    m the place of the highest value:

    .. math::
        \text{moment} = \sqrt{\tfrac12 \sum_x p_x \lVert x - m \rVert^2},
        \quad \text{entropy} = \sqrt{e^{-\sum p \ln p} / (2 \pi e)},
        \quad \text{inverse\_peak} = 1 / \max h

    The first two are in heat-map pixels and equal to sigma for a Gaussian
    without floor; the moment sees a second peak far away, the entropy that
    there is one.

    Args:
        heatmaps (np.ndarray): (N, K, h, w).

    Returns:
        dict[str, np.ndarray]: Each of ``SPREADS``, shape (N, K), positive
        and finite.
    """
    heatmaps = np.asarray(heatmaps, dtype=np.float64)
    n, k, h, w = heatmaps.shape
    flat = np.nan_to_num(heatmaps).reshape(n, k, h * w)
    peak = flat.max(axis=-1)
    q = np.maximum(0, flat - _FLOOR * np.maximum(peak, 0)[..., None])
    total = q.sum(axis=-1)
    empty = total <= 0
    # A heat-map without any peak is as unsure as can be.
    p = np.where(
        empty[..., None], 1 / (h * w), q / np.where(empty, 1, total)[..., None]
    )
    at = flat.argmax(axis=-1)
    rows, columns = np.divmod(np.arange(h * w), w)
    squared = (rows - (at // w)[..., None]) ** 2 + (
        columns - (at % w)[..., None]
    ) ** 2
    moment = np.sqrt((p * squared).sum(axis=-1) / 2)
    logs = np.log(p, out=np.zeros_like(p), where=p > 0)
    entropy = np.sqrt(np.exp(-(p * logs).sum(axis=-1)) / (2 * np.pi * np.e))
    return dict(
        moment=np.maximum(moment, _LEAST),
        entropy=np.maximum(entropy, _LEAST),
        inverse_peak=1 / np.maximum(peak, _LEAST),
    )
