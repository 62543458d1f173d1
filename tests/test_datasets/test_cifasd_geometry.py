"""Places of landmarks: mirrored, in the network's input, and back.

Coordinates are those of MMPose: 0 is the centre of the first pixel, so that
a mirrored x is w - 1 - x. W, H: size of the network input.
"""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmark_set import build_set, landmark_content, write_landmark_set
from mmengine.structures import InstanceData
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import KEYPOINT_CODECS
from scipy.ndimage import map_coordinates

NAMES = ['eye_R', 'nose', 'eye_L', 'left ear', 'right ear', 'scar_L']
MIRRORED = [2, 1, 0, 4, 3, 5]


def build(root, *pipeline, **changes):
    pairs = [('scar_L', 'scar_L')] if FLIP in pipeline else ()
    changes = dict(flip_pairs=pairs, pipeline=list(pipeline)) | changes
    return build_set(root, **changes)


def network_steps(size, heatmap=None, sigma=2.0):
    """The configs' steps after loading, for inputs of this (W, H)."""
    steps = [
        dict(type='GetBBoxCenterScale', padding=1.0),
        dict(type='TopdownAffine', input_size=size, use_udp=True),
    ]
    if heatmap:
        steps.append(
            dict(type='GenerateTarget', encoder=codec(size, heatmap, sigma))
        )
    return [*steps, dict(type='PackLandmarkInputs')]


def codec(size, heatmap, sigma):
    return dict(
        type='UDPHeatmap', input_size=size, heatmap_size=heatmap, sigma=sigma
    )


LOAD = dict(type='LoadImage')
FLIP = dict(type='RandomFlip', prob=1.0, direction='horizontal')


@pytest.fixture
def flip_root(tmp_path):
    """One 61x48 image, black but for a pixel of its own at each landmark."""
    content = landmark_content(1, NAMES, size=(61, 48))
    xy = np.array([[9, 5], [30, 20], [50, 6], [60, 30], [0, 31], [40, 47]])
    visible = np.array([2, 1, 0, 2, 2, 1])
    content['annotations'][0]['keypoints'] = (
        np.column_stack([xy, visible]).ravel().tolist()
    )
    write_landmark_set(tmp_path, content)
    image = np.zeros((48, 61, 3), np.uint8)
    image[xy[:, 1], xy[:, 0]] = 20 * np.arange(1, 7)[:, None]
    cv2.imwrite(str(tmp_path / 'images' / '001.png'), image)
    return tmp_path, xy, visible > 0


def test_a_flipped_face_has_its_partners_mirrored_landmarks(flip_root):
    root, xy, visible = flip_root
    packed = build(root, LOAD, FLIP, dict(type='PackLandmarkInputs'))[0]
    sample = packed['data_samples']
    assert sample.metainfo['flip_indices'] == MIRRORED
    expected = np.column_stack([61 - 1 - xy[:, 0], xy[:, 1]])[MIRRORED]
    flipped = sample.gt_instances.keypoints[0]
    np.testing.assert_array_equal(flipped, expected)
    np.testing.assert_array_equal(
        sample.gt_instances.keypoints_visible[0], visible[MIRRORED]
    )
    # The image agrees: at each new place lies the pixel of the partner.
    x, y = flipped.astype(int).T
    pixels = packed['inputs'][0].numpy()[y, x]
    np.testing.assert_array_equal(pixels, 20 * (np.array(MIRRORED) + 1))


def shown(image, size, left, top, side):
    """What UDP shows of the square (left, top, side): a linear map that
    sends its corners to the centres of the input's outermost pixels."""
    w, h = size
    x = left + np.arange(w) * side / (w - 1)
    y = top + np.arange(h) * side / (h - 1)
    grid = np.meshgrid(y, x, indexing='ij')
    channels = [
        map_coordinates(
            image[..., c].astype(float), grid, order=1, mode='grid-constant'
        )
        for c in range(3)
    ]
    return np.stack(channels)


def shows(found, expected):
    """Equal but for rounding; these images change so slowly that half a pixel
    beside it is far off. Some OpenCVs interpolate in steps of 1/32 pixel,
    which shows where black begins."""
    return np.mean(np.abs(found - expected) > 1.0) < 0.03


@pytest.mark.parametrize(
    'image_size, size, square',
    [
        ((256, 256), (128, 128), (0, 0, 256)),
        # A photograph that is no square is shown whole, in its middle.
        ((80, 60), (64, 64), (0, -10, 80)),
        ((60, 80), (64, 64), (-10, 0, 80)),
    ],
)
def test_a_whole_image_crop_shows_the_whole_image(
    tmp_path, image_size, size, square
):
    root = write_landmark_set(
        tmp_path, landmark_content(1, NAMES, size=image_size)
    )
    packed = build(root, LOAD, *network_steps(size))[0]
    image = cv2.imread(str(root / 'images' / '001.png'))
    found = packed['inputs'].numpy()
    left, top, side = square
    assert shows(found, shown(image, size, left, top, side))
    # This would tell a crop that is shifted, or ends at w - 1.
    assert not shows(found, shown(image, size, left + 0.5, top, side))
    assert not shows(found, shown(image, size, left, top, side - 1))


def test_a_box_beyond_the_image_keeps_its_centre_and_size(tmp_path):
    content = landmark_content(1, NAMES, size=(120, 90))
    content['annotations'][0]['bbox'] = [80, -10, 60, 60]
    root = write_landmark_set(tmp_path, content)
    packed = build(root, LOAD, *network_steps((60, 60)), crop='bbox')[0]
    meta = packed['data_samples'].metainfo
    np.testing.assert_array_equal(meta['input_center'], [110, 20])
    np.testing.assert_array_equal(meta['input_scale'], [60, 60])


@pytest.fixture(scope='module')
def round_trip_sets(tmp_path_factory):
    """Datasets, and the square (left, top, side) that each one crops."""
    sets = []
    for size, whole in (
        ((256, 256), (0, 0, 256)),
        ((320, 200), (0, -60, 320)),
    ):
        content = landmark_content(1, NAMES, size=size)
        content['annotations'][0]['bbox'] = [40, 20, 160, 170]
        root = write_landmark_set(tmp_path_factory.mktemp('set'), content)
        steps = [LOAD, *network_steps((256, 256), (64, 64))]
        sets.append((build(root, *steps), whole))
        sets.append((build(root, *steps, crop='bbox'), (35, 20, 170)))
    return sets


@settings(max_examples=25, deadline=None)
@given(
    which=st.integers(0, 3),
    places=st.lists(
        st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9)),
        min_size=6,
        max_size=6,
    ),
)
def test_heatmaps_give_the_image_coordinates_back(
    round_trip_sets, which, places
):
    dataset, (left, top, side) = round_trip_sets[which]
    truth = np.array([places]) * side + [left, top]
    info = dataset.get_data_info(0)
    info['keypoints'] = truth.astype(np.float32)
    sample = dataset.pipeline(info)['data_samples']
    encoder = KEYPOINT_CODECS.build(codec((256, 256), (64, 64), 2.0))
    heatmaps = sample.gt_fields.heatmaps.numpy()
    keypoints, scores = encoder.decode(heatmaps)
    # MMPose's own way back from the input to the image.
    predicted = InstanceData(keypoints=keypoints, keypoint_scores=scores)
    TopdownPoseEstimator.add_pred_to_datasample(
        SimpleNamespace(test_cfg={}), [predicted], None, [sample]
    )
    found = sample.pred_instances.keypoints
    pixels = np.linalg.norm(found - truth, axis=-1)
    # In pixels of the input.
    assert pixels.max() * 256 / side < 0.05
    # Truth itself stays what the file says.
    np.testing.assert_allclose(sample.gt_instances.keypoints, truth, rtol=1e-6)
