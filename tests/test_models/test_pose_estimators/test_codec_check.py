"""check_codec(): heat-maps lie where the landmarks are, or are refused."""

import re

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


SIGMAS = sorted({*np.arange(1, 3.01, 0.125), 4 / 3, 5 / 3, 7 / 3})


def udp(sigma, side=192):
    return UDPHeatmap((side, side), (side // 4, side // 4), sigma=sigma)


def every_peak_is_in_its_place(codec):
    """Whether each heat-map is largest where its landmark is."""
    width = codec.heatmap_size[0]
    cells = np.arange(1, 13)
    # UDP counts from the first pixel's centre to the last one's.
    points = cells[:, None] * (codec.input_size[0] - 1) / (width - 1)
    points = np.repeat(points, 2, axis=1)[None].astype('f')
    maps = codec.encode(points, np.ones(points.shape[:2], 'f'))['heatmaps']
    peaks = maps.reshape(len(cells), -1).argmax(axis=1)
    return (peaks == cells * width + cells).all()


@pytest.mark.parametrize('sigma', SIGMAS)
def test_exactly_the_misplaced_heatmaps_are_refused(sigma):
    codec = udp(sigma)
    if every_peak_is_in_its_place(codec):
        check_codec(Head(codec))
    else:
        with pytest.raises(InputError) as error:
            check_codec(Head(codec))
        # The cure works.
        thirds = re.search(r'to (\d+) / 3', error.value.cure).group(1)
        check_codec(Head(udp(int(thirds) / 3)))


@pytest.mark.parametrize('side', range(64, 513, 16))
def test_our_own_sigma_is_right_at_every_size(side):
    codec = udp(round(3 + side * 3 / 256) / 3, side)
    assert every_peak_is_in_its_place(codec)
    check_codec(Head(codec))


@pytest.mark.parametrize(
    'decoder',
    [
        None,
        MSRAHeatmap((96, 96), (24, 24), sigma=2),
        MSRAHeatmap((96, 96), (24, 24), sigma=1.5, unbiased=True),
        SimCCLabel((96, 96)),
    ],
)
def test_other_heads_are_left_alone(decoder):
    check_codec(Head(decoder))
    check_codec(None)
