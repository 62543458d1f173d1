import json
import time
from dataclasses import replace
from pathlib import Path

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
from mmpose_ctd.datasets.synthetic.hair import STYLES
from mmpose_ctd.datasets.synthetic.imaging import MARGIN
from mmpose_ctd.datasets.synthetic.people import sample_person

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / 'shared' / 'data' / 'frl_faces'
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


# --- the picture ----------------------------------------------------------


def test_a_face_is_a_bgr_image_with_19_landmarks():
    image, points = render_face(0)
    assert image.shape == (256, 256, 3) and image.dtype == np.uint8
    assert points.shape == (19, 2) and points.dtype == np.float64
    assert np.isfinite(points).all()


@pytest.mark.parametrize('seed', [3, np.random.SeedSequence(3)])
def test_same_seed_same_face(seed):
    first, second = (render_face(np.random.default_rng(seed)) for _ in '12')
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_seed_generator_and_parameters_agree():
    by_seed = render_face(5)[0]
    np.testing.assert_array_equal(
        by_seed, render_face(np.random.default_rng(5))[0]
    )
    np.testing.assert_array_equal(by_seed, render_face(sample_params(5))[0])


def test_every_hair_style_can_be_drawn():
    params = sample_params(1)
    for style in ('bald', *STYLES):
        person = replace(params.person, hair_style=style)
        image, _ = render_face(replace(params, person=person), 96)
        assert image.std() > 10


def test_faces_vary():
    people = [sample_person(np.random.default_rng(i)) for i in range(200)]
    luminance = np.array([p.skin for p in people]) @ [0.2126, 0.7152, 0.0722]
    assert luminance.min() < 0.05 and luminance.max() > 0.45
    assert {p.hair_style for p in people} == {'bald', *STYLES}
    depth = [p.shape.philtrum_depth for p in people]
    assert min(depth) < 0.2 and max(depth) > 0.9
    faces = np.stack([render_face(i, 64)[0] for i in range(6)]).astype(float)
    for i in range(5):
        assert np.abs(faces[i] - faces[i + 1]).mean() > 10


def test_a_face_takes_little_time():
    render_face(0)
    start = time.process_time()
    for i in range(5):
        render_face(i)
    assert (time.process_time() - start) / 5 < 0.4


# --- the landmarks are exact ----------------------------------------------


@pytest.mark.parametrize('seed', range(6))
def test_pixels_and_landmarks_go_through_the_same_map(seed):
    """Sampled at a landmark's pixel, the pixel grid gives the landmark."""
    params = sample_params(seed)
    shape, to = projection(params)
    face = landmarks(shape)
    pixels = to.to_image(face).astype(np.float32)
    np.testing.assert_allclose(to.to_face(to.to_image(face)), face, atol=1e-6)
    for axis, grid in enumerate(to.grid(256)):
        # A smooth map: fit a plane to the 4x4 pixels around the landmark.
        for k, (u, v) in enumerate(pixels):
            c, r = int(u) - 1, int(v) - 1
            ys, xs = np.mgrid[r : r + 4, c : c + 4]
            terms = np.stack([
                np.ones(16), xs.ravel() - u, ys.ravel() - v,
                (xs.ravel() - u) ** 2, (ys.ravel() - v) ** 2,
                (xs.ravel() - u) * (ys.ravel() - v),
            ], 1)  # fmt: skip
            values = grid[r : r + 4, c : c + 4].ravel()
            here = np.linalg.lstsq(terms, values, rcond=None)[0][0]
            assert abs(here - face[k, axis]) * to.scale < 0.01


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
    params = clean(sample_params(seed))
    params = clean(
        params, roll=0.0, yaw=0.0, pitch=0.0, scale=0.45, centre=(0.5, 0.25),
        lip_gap=0.0,
    )  # fmt: skip
    shape = replace(params.person.shape, asymmetry=(0.0, 0.0, 0.0, 0.0))
    person = replace(
        params.person, makeup=0.0, beard=False, stubble=0.0, shape=shape,
        hair_style='bald',
    )  # fmt: skip
    return replace(params, person=person)


@pytest.mark.parametrize('seed', range(4))
def test_lip_landmarks_lie_on_the_border_of_the_painted_vermilion(seed):
    params = frontal(seed)
    points = truth(params)
    colour = tuple(np.clip(1.6 - 2 * np.array(params.person.lips), 0.02, 0.9))
    inside = painted_change(params, lips=tuple(map(float, colour))) > 0.25
    rows, columns = np.nonzero(inside)
    mouth = [INDEX['cheilion_R'], INDEX['cheilion_L']]
    np.testing.assert_allclose(
        [columns.min(), columns.max()], points[mouth, 0], atol=2.5
    )
    for name in ('crista_philtri_R', 'labrale_superius', 'crista_philtri_L'):
        x, y = points[INDEX[name]]
        column = np.nonzero(inside[:, round(x)])[0]
        assert abs(column.min() - 0.5 - y) < 1.5, name
    x, y = points[INDEX['labrale_inferius']]
    assert abs(rows.max() + 0.5 - y) < 1.5


@pytest.mark.parametrize('seed', range(4))
def test_canthi_lie_at_the_ends_of_the_painted_eyes(seed):
    params = frontal(seed)
    points = truth(params)
    change = painted_change(params, sclera=(0.1, 0.9, 0.1)) > 0.1
    _, columns = np.nonzero(change)
    middle = points[INDEX['subnasale'], 0]
    for ends, names in (
        (columns[columns < middle], ('exocanthion_R', 'endocanthion_R')),
        (columns[columns > middle], ('endocanthion_L', 'exocanthion_L')),
    ):
        x = points[[INDEX[name] for name in names], 0]
        # The colour fades towards the caruncle and the lashes.
        assert -1 < ends.min() - x[0] < 5
        assert -1 < x[1] - ends.max() < 5


@pytest.mark.parametrize('seed', range(4))
def test_gnathion_lies_on_the_edge_of_the_chin(seed):
    params = frontal(seed)
    x, y = truth(params)[INDEX['gnathion']]
    # A beard grows down to the edge of the chin, and not on the neck.
    person = replace(params.person, beard=True, stubble=1.0)
    change = painted_change(
        replace(params, person=person), hair=(0.05, 0.9, 0.05)
    )
    column = np.nonzero(change[:, round(x)] > 0.1)[0]
    assert abs(column.max() + 0.5 - y) < 1.5


def test_a_shifted_crop_shifts_pixels_and_landmarks_alike():
    params = clean(sample_params(2))
    cx, cy = params.imaging.centre
    moved = clean(params, centre=(cx + 8 / 256, cy + 4 / 256))
    image, points = render_face(params)
    image2, points2 = render_face(moved)
    np.testing.assert_allclose(points2 - points, [[8, 4]] * 19, atol=1e-9)
    left, top = points.min(0).astype(int)
    right, bottom = points.max(0).astype(int)
    difference = np.abs(
        image[top:bottom, left:right].astype(float)
        - image2[top + 4 : bottom + 4, left + 8 : right + 8]
    )
    assert difference.mean() < 0.2


def test_roll_and_scale_turn_and_stretch_the_landmarks():
    params = sample_params(4)
    points = truth(params)
    imaging = params.imaging
    centre = np.array(imaging.centre) * 256 - 0.5
    turned = truth(
        clean(params, roll=imaging.roll + 0.1, scale=imaging.scale * 1.2)
    )
    cos, sin = np.cos(0.1), np.sin(0.1)
    rotation = np.array([[cos, -sin], [sin, cos]])
    expected = centre + 1.2 * (points - centre) @ rotation.T
    np.testing.assert_allclose(turned, expected, atol=1e-6)


def test_size_scales_pixels_and_landmarks_alike():
    params = clean(sample_params(6), blur=0.004)
    small, points = render_face(params, 128)
    large, points2 = render_face(params, 256)
    np.testing.assert_allclose((points + 0.5) * 2 - 0.5, points2, atol=1e-6)
    shrunk = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA)
    left, top = points.min(0).astype(int)
    right, bottom = points.max(0).astype(int)
    area = np.s_[top:bottom, left:right]
    difference = small[area].astype(float) - shrunk[area]
    assert np.abs(difference).mean() < 5


def mirrored(params):
    """Left and right exchanged, but for the noise."""
    person, imaging = params.person, params.imaging
    asymmetry = tuple(-a for a in person.shape.asymmetry)
    shape = replace(person.shape, asymmetry=asymmetry)
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


@pytest.mark.parametrize('seed', range(4))
def test_a_mirrored_face_is_the_mirror_image(seed):
    params = clean(sample_params(seed))
    image, points = render_face(params)
    image2, points2 = render_face(mirrored(params))
    expected = points[SWAP] * [-1, 1] + [255, 0]
    np.testing.assert_allclose(points2, expected, atol=1e-9)
    difference = image[:, ::-1].astype(float) - image2
    assert np.abs(difference).mean() < 0.5


# --- the landmarks are plausible ------------------------------------------


@settings(max_examples=60, deadline=None)
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
    axis = points[:, 3] - points[:, 0]
    width = np.linalg.norm(axis, axis=1)
    cos, sin = (axis / width[:, None]).T
    origin = (points[:, 1:2] + points[:, 2:3]) / 2
    x, y = np.moveaxis(points - origin, -1, 0)
    turned = np.stack(
        [cos[:, None] * x + sin[:, None] * y,
         cos[:, None] * y - sin[:, None] * x], -1,
    )  # fmt: skip
    return turned / width[:, None, None], width


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason=f'no real faces at {REAL}')
def test_mean_proportions_are_those_of_real_faces():
    content = json.loads((REAL / 'annotations/landmarks19.json').read_text())
    assert content['categories'][0]['keypoints'] == list(LANDMARKS)
    real = np.array([a['keypoints'] for a in content['annotations']])
    real, width = proportions(real.reshape(-1, 19, 3)[..., :2])
    made = np.stack([truth(sample_params(i)) for i in range(300)])
    made, made_width = proportions(made)
    np.testing.assert_allclose(made.mean(0), real.mean(0), atol=0.02)
    ratio = made.std(0).mean() / real.std(0).mean()
    assert 0.5 < ratio < 1.5
    assert abs(made_width.mean() - width.mean()) < 5
