"""Pictures of synthetic faces, and landmarks that are exact."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ctd.datasets.synthetic import (
    LANDMARKS,
    render_face,
    sample_params,
)
from mmpose_ctd.datasets.synthetic.anatomy import landmarks
from mmpose_ctd.datasets.synthetic.parameters import MARGIN, sample_person
from mmpose_ctd.datasets.synthetic.surroundings import STYLES

INDEX = {name: i for i, name in enumerate(LANDMARKS)}
SWAP = [
    INDEX[name[:-1] + 'RL'['LR'.index(name[-1])]]
    if name[-2:] in ('_R', '_L')
    else INDEX[name]
    for name in LANDMARKS
]


def clean(params, **imaging):
    """The picture without what the camera adds to it."""
    imaging = dict(blur=0.0, noise=0.0, jpeg=None) | imaging
    return replace(params, imaging=replace(params.imaging, **imaging))


def projection(params, size=256):
    shape = params.imaging.express(params.person.shape)
    return shape, params.imaging.projection(shape, size)


def truth(params, size=256):
    """The landmarks, without drawing the face."""
    shape, to = projection(params, size)
    return to.to_image(landmarks(shape))


# --- the picture ------------------------------------------------------------


def test_a_face_is_a_bgr_image_with_19_landmarks():
    image, points = render_face(5, 96)
    assert image.shape == (96, 96, 3) and image.dtype == np.uint8
    assert points.shape == (19, 2) and points.dtype == np.float64
    assert np.isfinite(points).all()
    # A seed, a generator and the parameters give the same face.
    for source in (np.random.default_rng(5), sample_params(5)):
        again, again_points = render_face(source, 96)
        np.testing.assert_array_equal(image, again)
        np.testing.assert_array_equal(points, again_points)


@pytest.mark.parametrize('style', ['bald', *STYLES])
def test_every_hair_style_can_be_drawn(style):
    params = sample_params(1)
    person = replace(params.person, hair_style=style)
    assert render_face(replace(params, person=person), 64)[0].std() > 10


def test_faces_vary():
    people = [sample_person(np.random.default_rng(i)) for i in range(150)]
    luminance = np.array([p.skin for p in people]) @ [0.2126, 0.7152, 0.0722]
    assert luminance.min() < 0.05 and luminance.max() > 0.45
    assert {p.hair_style for p in people} == {'bald', *STYLES}
    depth = [p.shape.philtrum_depth for p in people]
    assert min(depth) < 0.2 and max(depth) > 0.9
    faces = [render_face(i, 48)[0].astype(float) for i in range(4)]
    for one, other in zip(faces, faces[1:]):
        assert np.abs(one - other).mean() > 10


# --- the landmarks are exact ------------------------------------------------


@pytest.mark.parametrize('seed', range(3))
def test_pixels_and_landmarks_go_through_the_same_map(seed):
    """Sampled at a landmark's pixel, the pixel grid gives the landmark."""
    params = sample_params(seed)
    shape, to = projection(params)
    face = landmarks(shape)
    pixels = to.to_image(face)
    np.testing.assert_allclose(to.to_face(pixels), face, atol=1e-6)
    for axis, grid in enumerate(to.grid(256)):
        here = cv2.remap(
            grid, *pixels.astype('f4').T, interpolation=cv2.INTER_LINEAR
        )
        assert np.abs(here[:, 0] - face[:, axis]).max() * to.scale < 0.02


def painted_change(params, size=256, **person):
    """Where the picture changes when the person's looks do, (H, W)."""
    other = replace(params, person=replace(params.person, **person))
    first, second = (
        render_face(p, size)[0].astype(float) for p in (params, other)
    )
    change = np.abs(first - second).sum(-1)
    return change / change.max()


def frontal(seed):
    """A face without makeup, seen large and straight from the front."""
    params = clean(
        sample_params(seed), roll=0.0, yaw=0.0, pitch=0.0, scale=0.45,
        centre=(0.5, 0.25), lip_gap=0.0,
    )  # fmt: skip
    shape = replace(
        params.person.shape, lean=0.0, mouth_tilt=0.0, brow_tilt=0.0,
        larger=0.0,
    )  # fmt: skip
    person = replace(
        params.person, makeup=0.0, beard=False, stubble=0.0, shape=shape,
        hair_style='bald',
    )  # fmt: skip
    return replace(params, person=person)


@pytest.mark.parametrize('seed', range(2))
def test_landmarks_lie_on_the_edges_of_what_is_painted(seed):
    params = frontal(seed)
    points = dict(zip(LANDMARKS, truth(params)))
    # The border of the vermilion.
    inside = painted_change(params, lips=(0.05, 0.5, 0.05)) > 0.25
    rows, columns = np.nonzero(inside)
    for name, edge in (('R', columns.min()), ('L', columns.max())):
        assert abs(edge - points[f'cheilion_{name}'][0]) < 5
    for name in ('crista_philtri_R', 'labrale_superius', 'crista_philtri_L'):
        x, y = points[name]
        column = np.nonzero(inside[:, round(x)])[0]
        assert abs(column.min() - 0.5 - y) < 1.5, name
    assert abs(rows.max() + 0.5 - points['labrale_inferius'][1]) < 1.5
    # The ends of the eyes; the colour fades towards caruncle and lashes.
    change = painted_change(params, sclera=(0.1, 0.9, 0.1)) > 0.1
    _, columns = np.nonzero(change)
    middle = points['subnasale'][0]
    for ends, first, last in (
        (columns[columns < middle], 'exocanthion_R', 'endocanthion_R'),
        (columns[columns > middle], 'endocanthion_L', 'exocanthion_L'),
    ):
        assert -1 < ends.min() - points[first][0] < 5
        assert -1 < points[last][0] - ends.max() < 5
    # A beard grows down to the edge of the chin, and not on the neck.
    x, y = points['gnathion']
    person = replace(params.person, beard=True, stubble=1.0)
    change = painted_change(
        replace(params, person=person), hair=(0.05, 0.9, 0.05)
    )
    column = np.nonzero(change[:, round(x)] > 0.1)[0]
    assert abs(column.max() + 0.5 - y) < 1.5


def face_area(points):
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return np.s_[int(top) : int(bottom), int(left) : int(right)]


def test_shift_roll_scale_and_size_move_pixels_and_landmarks_together():
    params = clean(sample_params(2), blur=0.004)
    image, points = render_face(params)
    cx, cy = params.imaging.centre
    moved = clean(params, blur=0.004, centre=(cx + 8 / 256, cy + 4 / 256))
    other, other_points = render_face(moved)
    np.testing.assert_allclose(other_points - points, [[8, 4]] * 19, atol=1e-9)
    difference = image.astype(float) - np.roll(other, (-4, -8), (0, 1))
    assert np.abs(difference[face_area(points)]).mean() < 0.2

    centre = np.array(params.imaging.centre) * 256 - 0.5
    turned = truth(
        clean(
            params,
            roll=params.imaging.roll + 0.1,
            scale=params.imaging.scale * 1.2,
        )
    )
    cos, sin = np.cos(0.1), np.sin(0.1)
    rotation = np.array([[cos, -sin], [sin, cos]])
    expected = centre + 1.2 * (points - centre) @ rotation.T
    np.testing.assert_allclose(turned, expected, atol=1e-6)

    small, small_points = render_face(params, 128)
    np.testing.assert_allclose((small_points + 0.5) * 2 - 0.5, points)
    shrunk = cv2.resize(image, (128, 128), interpolation=cv2.INTER_AREA)
    difference = small.astype(float) - shrunk
    assert np.abs(difference[face_area(small_points)]).mean() < 5


def mirrored(params):
    """Left and right exchanged, but for the noise."""
    person, imaging = params.person, params.imaging
    s = person.shape
    shape = replace(
        s, lean=-s.lean, mouth_tilt=-s.mouth_tilt, brow_tilt=-s.brow_tilt,
        larger=-s.larger,
    )  # fmt: skip
    (x, *centre), (gaze, *above) = imaging.centre, imaging.gaze
    left, *light = imaging.light
    return replace(
        params,
        person=replace(person, shape=shape, handed=-person.handed),
        imaging=replace(
            imaging,
            centre=(1 - x, *centre),
            roll=-imaging.roll,
            yaw=-imaging.yaw,
            light=(-left, *light),
            gaze=(-gaze, *above),
        ),
    )


@pytest.mark.parametrize('seed', range(2))
def test_a_mirrored_face_is_the_mirror_image(seed):
    params = clean(sample_params(seed))
    image, points = render_face(params, 160)
    image2, points2 = render_face(mirrored(params), 160)
    expected = points[SWAP] * [-1, 1] + [159, 0]
    np.testing.assert_allclose(points2, expected, atol=1e-9)
    difference = image[:, ::-1].astype(float) - image2
    assert np.abs(difference).mean() < 0.5


# --- the landmarks are plausible --------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(['north', 'south', 'x']))
def test_landmarks_lie_inside_and_in_anatomical_order(seed, name):
    params = sample_params(seed, name)
    points = truth(params)
    assert points.min() >= MARGIN * 256 - 0.51
    assert points.max() <= (1 - MARGIN) * 256 - 0.49
    assert abs(params.imaging.roll) < np.radians(12.5)
    x, y = (points - points[INDEX['subnasale']]).T
    cos, sin = np.cos(params.imaging.roll), np.sin(params.imaging.roll)
    x, y = cos * x + sin * y, cos * y - sin * x
    for right in (n for n in LANDMARKS if n.endswith('_R')):
        assert x[INDEX[right]] < x[INDEX[right[:-1] + 'L']], right
    assert (np.diff(x[:4]) > 0).all()
    downwards = (
        'endocanthion_R', 'subnasale', 'philtrum_top_R', 'philtrum_bottom_R',
        'labrale_superius', 'stomion', 'labrale_inferius', 'gnathion',
    )  # fmt: skip
    assert (np.diff(y[[INDEX[name] for name in downwards]]) > 0).all()


def proportions(points):
    """Upright faces (N, 19, 2) in biocular widths from the endocanthia."""
    axis = (points[:, 3] - points[:, 0]) @ (1, 1j)
    origin = (points[:, 1:2] + points[:, 2:3]) / 2
    turned = (points - origin) @ (1, 1j) / axis[:, None]
    return np.stack([turned.real, turned.imag], -1), np.abs(axis)


@pytest.mark.real_data
def test_mean_proportions_are_those_of_real_faces(shared_root):
    file = shared_root / 'data/frl_faces/annotations/landmarks19.json'
    content = json.loads(file.read_text())
    assert content['categories'][0]['keypoints'] == list(LANDMARKS)
    real = np.array([a['keypoints'] for a in content['annotations']])
    real, width = proportions(real.reshape(-1, 19, 3)[..., :2])
    made = np.stack([truth(sample_params(i)) for i in range(200)])
    made, made_width = proportions(made)
    np.testing.assert_allclose(made.mean(0), real.mean(0), atol=0.02)
    ratio = made.std(0).mean() / real.std(0).mean()
    assert 0.5 < ratio < 1.5
    assert abs(made_width.mean() - width.mean()) < 5
