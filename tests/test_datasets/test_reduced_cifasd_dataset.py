"""Scaled-down photographs against the full ones."""

import copy
import os

import cv2
import numpy as np
import pytest
from landmark_set import landmark_content, smooth_noise, write_landmark_set

from mmpose_ctd.datasets import (
    CIFASDDataset,
    LoadLandmarkImage,
    ReducedCIFASDDataset,
)
from mmpose_ctd.errors import InputError

# 15.6 pixels of the photograph for each of the input.
WIDTH, HEIGHT, INPUT = 800, 1000, (64, 64)
# Grey levels. smooth_noise() is made of ramps of 133 pixels, of up to 1.5
# levels a pixel. Ramps are kept, a kink is rounded off: by its change of
# slope, 2.9, times a quarter of the 8 pixels that are averaged.
BOUND = 6
LOAD = dict(type='LoadLandmarkImage')
BOX = dict(type='GetBBoxCenterScale', padding=1.25)
FLIP = dict(type='RandomFlip', prob=0.5)
MOVE = dict(
    type='RandomBBoxTransform',
    shift_factor=0.1,
    shift_prob=1.0,
    scale_factor=(0.8, 1.2),
    rotate_factor=30.0,
    rotate_prob=1.0,
)
PACK = dict(type='PackLandmarkInputs')


def affine(use_udp=True):
    return dict(type='TopdownAffine', input_size=INPUT, use_udp=use_udp)


def pipeline(*between, use_udp=True):
    return [LOAD, BOX, *between, affine(use_udp), PACK]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Six photographs without fine detail, with boxes of a third of them."""
    content = landmark_content(size=(WIDTH, HEIGHT))
    for i, annotation in enumerate(content['annotations']):
        # The last ones reach beyond the photograph.
        annotation['bbox'] = [40 + 100 * i, 30 + 130 * i, 300, 340]
    for image in content['images']:
        image['mm_per_px'] = 0.1
    return write_landmark_set(tmp_path_factory.mktemp('set'), content)


def both(root, steps, crop='bbox', **options):
    """The plain data set and the reduced one."""
    shared = dict(
        data_root=str(root), ann_file='annotations/landmarks.json', crop=crop
    )
    steps = copy.deepcopy(steps)
    return (
        CIFASDDataset(pipeline=steps, **shared),
        ReducedCIFASDDataset(pipeline=steps, **shared, **options),
    )


def sample(dataset, i, seed=0):
    np.random.seed(seed)
    return dataset[i]


def pixels(item):
    return item['inputs'].numpy().astype(int)


CASES = [
    (crop, between, use_udp)
    for crop in ('image', 'bbox')
    for between in ((), (FLIP, MOVE), (MOVE, FLIP))
    for use_udp in (True, False)
]


@pytest.mark.parametrize(('crop', 'between', 'use_udp'), CASES)
def test_without_fine_detail_the_input_is_the_same(
    root, crop, between, use_udp
):
    plain, reduced = both(root, pipeline(*between, use_udp=use_udp), crop)
    for i in range(6):
        # Twice: made, and found.
        for seed in (i, i + 10):
            full = pixels(sample(plain, i, seed))
            ours = pixels(sample(reduced, i, seed))
            difference = np.abs(full - ours)
            assert difference.max() <= BOUND
            assert difference.mean() < 0.5
            # Not since all is grey.
            assert full.std() > 20


@pytest.mark.parametrize('between', [(), (FLIP, MOVE)])
def test_coordinates_are_those_of_the_photograph_bit_by_bit(root, between):
    plain, reduced = both(root, pipeline(*between))
    for i in range(6):
        full = sample(plain, i, i)['data_samples']
        ours = sample(reduced, i, i)['data_samples']
        assert ours.metainfo.keys() == full.metainfo.keys()
        for key in full.metainfo_keys():
            np.testing.assert_array_equal(
                np.asarray(ours.metainfo[key]), np.asarray(full.metainfo[key])
            )
        assert ours.ori_shape == (HEIGHT, WIDTH)
        assert ours.mm_per_px == 0.1
        for key, value in full.gt_instances.items():
            np.testing.assert_array_equal(ours.gt_instances[key], value)


def centroids(image):
    """Centre of the light in a picture with one spot, (2,)."""
    weight = image.sum(0).astype(float)
    y, x = np.indices(weight.shape)
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


def test_a_spot_stays_within_a_fiftieth_of_an_input_pixel(tmp_path):
    content = landmark_content(num_images=2, size=(WIDTH, HEIGHT))
    root = write_landmark_set(tmp_path, content)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for i, (px, py) in enumerate([(391.3, 512.8), (250.0, 700.4)]):
        # Several input pixels wide, so that the plain input shows all of it.
        spot = 250 * np.exp(-((x - px) ** 2 + (y - py) ** 2) / 2 / 40**2)
        name = content['images'][i]['file_name']
        cv2.imwrite(
            str(root / 'images' / name), np.repeat(spot[..., None], 3, 2)
        )
    plain, reduced = both(root, pipeline(FLIP, MOVE), crop='image')
    for i in range(2):
        for seed in range(6):
            full = centroids(pixels(sample(plain, i, seed)))
            ours = centroids(pixels(sample(reduced, i, seed)))
            assert np.abs(full - ours).max() < 0.02


def test_a_photograph_as_small_as_the_input_stays_as_it_is(tmp_path):
    root = write_landmark_set(tmp_path, landmark_content())
    for crop in ('image', 'bbox'):
        plain, reduced = both(root, pipeline(FLIP, MOVE), crop)
        for i in range(6):
            # The crop's corner is added to the matrix: last bits.
            difference = pixels(sample(plain, i)) - pixels(sample(reduced, i))
            assert np.abs(difference).max() <= (0 if crop == 'image' else 1)


def test_noise_of_the_photograph_is_averaged(tmp_path):
    content = landmark_content(num_images=2, size=(WIDTH, HEIGHT))
    root = write_landmark_set(tmp_path, content)
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3))
    cv2.imwrite(str(root / 'images/001.png'), noise.astype(np.uint8))
    plain, reduced = both(root, pipeline(), crop='image')
    inside = (slice(None), slice(20, 44), slice(20, 44))
    assert pixels(sample(plain, 0))[inside].std() > 45
    assert pixels(sample(reduced, 0))[inside].std() < 15


def decodings(monkeypatch):
    """Counts how many photographs are decoded from now on."""
    count, decode = [], LoadLandmarkImage._read

    def spy(*args, **kwargs):
        count.append(1)
        return decode(*args, **kwargs)

    monkeypatch.setattr(LoadLandmarkImage, '_read', spy)
    return count


@pytest.mark.parametrize('folder', [True, False])
def test_a_photograph_is_decoded_once(root, tmp_path, monkeypatch, folder):
    cache_dir = str(tmp_path / 'kept') if folder else None
    _, reduced = both(root, pipeline(FLIP, MOVE), cache_dir=cache_dir)
    count = decodings(monkeypatch)
    first = [pixels(reduced[i]) for i in range(6)]
    assert len(count) == len(first) == 6
    for seed in range(3):
        for i in range(6):
            sample(reduced, i, seed)
    assert len(count) == 6
    # Another run finds the folder's, not the memory's.
    _, again = both(root, pipeline(FLIP, MOVE), cache_dir=cache_dir)
    again[0]
    assert len(count) == (6 if folder else 7)


def test_a_full_memory_keeps_no_more(root, monkeypatch):
    # Two of 6 pictures of some 130x130x3 bytes.
    plain, reduced = both(root, pipeline(), memory_mb=0.12)
    count = decodings(monkeypatch)
    for _ in range(2):
        for i in range(6):
            difference = pixels(reduced[i]) - pixels(plain[i])
            assert np.abs(difference).max() <= BOUND
    # 12 of the plain one.
    assert 12 + 6 < len(count) < 12 + 12


def test_what_changes_is_read_anew(tmp_path, monkeypatch):
    content = landmark_content(num_images=2, size=(WIDTH, HEIGHT))
    # Bitmaps are all of one size.
    content['images'][0]['file_name'] = '001.bmp'
    root = write_landmark_set(tmp_path, content)
    cache_dir = str(tmp_path / 'kept')

    def make(**options):
        steps = options.pop('steps', pipeline())
        options = dict(crop='image', cache_dir=cache_dir) | options
        return both(root, steps, **options)[1]

    before = pixels(make()[0])
    count = decodings(monkeypatch)
    make()[0]
    assert len(count) == 0
    make(detail=3.0)[0]
    make(steps=pipeline(MOVE))[0]
    make(crop='bbox')[0]
    make(steps=[dict(LOAD, imdecode_backend='pillow'), *pipeline()[1:]])[0]
    assert len(count) == 4
    path = root / 'images' / '001.bmp'
    state = path.stat()

    def age(later):
        times = state.st_atime_ns, state.st_mtime_ns + later
        os.utime(path, ns=times)

    cv2.imwrite(str(path), smooth_noise(WIDTH, HEIGHT, seed=99))
    age(later=1)
    assert path.stat().st_size == state.st_size
    after = pixels(make()[0])
    assert len(count) == 5
    assert np.abs(after - before).max() > 20
    # As young as at first, one byte longer.
    path.write_bytes(path.read_bytes() + b' ')
    age(later=0)
    assert np.array_equal(pixels(make()[0]), after)
    assert len(count) == 6


def test_a_folder_names_nothing_and_nothing_lies_beside_photographs(
    root, tmp_path
):
    before = sorted(root.rglob('*'))
    _, reduced = both(root, pipeline(), cache_dir=str(tmp_path / 'kept'))
    reduced[0]
    assert sorted(root.rglob('*')) == before
    (file,) = (tmp_path / 'kept').iterdir()
    assert len(file.stem) == 64 and {*file.stem} <= {*'0123456789abcdef'}
    assert (file.stat().st_mode & 0o077) == 0
    assert ((tmp_path / 'kept').stat().st_mode & 0o077) == 0
    assert b'001' not in file.read_bytes()[:128]
    # Deleted, cut off or damaged, it is made again.
    whole, made = file.read_bytes(), np.load(file)['picture']
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damage in (b'', whole[:200], bytes(flipped)):
        file.write_bytes(damage)
        reduced[0]
        assert np.array_equal(np.load(file)['picture'], made)
    file.unlink()
    (tmp_path / 'kept').rmdir()
    reduced[0]
    assert np.array_equal(np.load(file)['picture'], made)


def test_an_exif_orientation_is_applied_and_dropped(tmp_path):
    content = landmark_content(num_images=1, size=(WIDTH, HEIGHT))
    content['images'][0]['file_name'] = '001.jpg'
    root = write_landmark_set(tmp_path, content)
    upright = smooth_noise(WIDTH, HEIGHT, seed=5)
    turned = cv2.rotate(upright, cv2.ROTATE_90_COUNTERCLOCKWISE)
    _, jpeg = cv2.imencode('.jpg', turned)
    # Orientation 6: turn it clockwise. Big-endian TIFF, one entry.
    tiff = b'MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0'
    exif = b'Exif\0\0' + tiff
    block = b'\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif
    data = jpeg.tobytes()
    (root / 'images/001.jpg').write_bytes(data[:2] + block + data[2:])
    cache = tmp_path / 'kept'
    plain, reduced = both(root, pipeline(), crop='image', cache_dir=str(cache))
    for _ in range(2):
        difference = pixels(sample(plain, 0)) - pixels(sample(reduced, 0))
        assert np.abs(difference).max() <= BOUND
    (file,) = cache.iterdir()
    assert b'Exif' not in file.read_bytes()


def test_an_image_of_another_size_than_its_record_is_refused(tmp_path):
    content = landmark_content(num_images=1, size=(WIDTH, HEIGHT))
    root = write_landmark_set(tmp_path, content)
    cv2.imwrite(str(root / 'images/001.png'), smooth_noise(WIDTH + 2, HEIGHT))
    _, reduced = both(root, pipeline())
    for _ in range(2):
        with pytest.raises(InputError, match='802x1000.*800x1000'):
            reduced[0]


def test_a_damaged_photograph_is_named(tmp_path):
    root = write_landmark_set(tmp_path, landmark_content(num_images=1))
    _, reduced = both(root, pipeline())
    (root / 'images/001.png').write_bytes(b'no image')
    with pytest.raises(InputError, match='001.png: cannot be read'):
        reduced[0]
    (root / 'images/001.png').unlink()
    with pytest.raises(InputError, match='001.png: cannot be read'):
        reduced[0]


def test_a_crop_beyond_what_was_kept_is_refused(root):
    _, reduced = both(root, pipeline())
    box = reduced.pipeline.transforms[1]
    box.padding = 2.0
    with pytest.raises(InputError, match='only x .* was kept'):
        reduced[0]


@pytest.mark.parametrize(
    ('steps', 'words'),
    [
        ([LOAD, BOX, PACK], '0 TopdownAffine'),
        ([LOAD, affine(), PACK], '0 GetBBoxCenterScale'),
        ([BOX, affine(), PACK], "begins with 'GetBBoxCenterScale'"),
        (pipeline(dict(type='RandomHalfBody')), r"\['RandomHalfBody'\]"),
    ],
)
def test_a_pipeline_it_cannot_follow_is_refused(root, steps, words):
    with pytest.raises(InputError, match=words):
        both(root, steps)


def test_options_that_cannot_be_used_are_refused(root, tmp_path):
    with pytest.raises(InputError, match='detail=0.5'):
        both(root, pipeline(), detail=0.5)
    (tmp_path / 'file').write_text('')
    _, reduced = both(root, pipeline(), cache_dir=str(tmp_path / 'file'))
    with pytest.raises(InputError, match='dataset.cache_dir'):
        reduced[0]
