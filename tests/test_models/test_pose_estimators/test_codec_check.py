"""check_codec(): heat-maps lie where the landmarks are, or are refused."""

import numpy as np
import pytest
from mmpose.codecs import MSRAHeatmap, SimCCLabel, UDPHeatmap
from torch import nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.pose_estimators.codec_check import check_codec


class Head(nn.Module):
    def __init__(self, decoder):
        super().__init__()
        self.decoder = decoder


def udp(sigma, side=96):
    return UDPHeatmap((side, side), (side // 4, side // 4), sigma=sigma)


def peak_is_at(sigma):
    """Whether the codec's heat-map is largest at its landmark."""
    heatmap = udp(sigma).encode(
        # Pixel (12, 10) of the heat-map: UDP counts from centre to centre.
        np.array([[[12 * 95 / 23, 10 * 95 / 23]]], 'f'),
        np.ones((1, 1), 'f'),
    )['heatmaps'][0]
    return np.unravel_index(heatmap.argmax(), heatmap.shape) == (10, 12)


@pytest.mark.parametrize('sigma', np.arange(1, 3.01, 0.125))
def test_exactly_the_misplaced_heatmaps_are_refused(sigma):
    if peak_is_at(sigma):
        check_codec(Head(udp(sigma)))
    else:
        with pytest.raises(InputError, match=f'sigma={sigma:g} .*multiple'):
            check_codec(Head(udp(sigma)))


@pytest.mark.parametrize('side', [64, 96, 112, 128, 160, 192, 256])
def test_our_own_sigma_is_right_at_every_size(side):
    check_codec(Head(udp(round(2 + side / 128) / 2, side)))


def test_the_cure_that_is_told_works():
    with pytest.raises(InputError) as told:
        check_codec(Head(udp(1.75)))
    cure = float(str(told.value).rsplit('such as ', 1)[1].rstrip('.'))
    check_codec(Head(udp(cure)))


@pytest.mark.parametrize(
    'decoder',
    [
        None,
        MSRAHeatmap((96, 96), (24, 24), sigma=2),
        MSRAHeatmap((96, 96), (24, 24), sigma=2, unbiased=True),
        SimCCLabel((96, 96)),
    ],
)
def test_other_heads_are_left_alone(decoder):
    check_codec(Head(decoder))
    check_codec(None)
