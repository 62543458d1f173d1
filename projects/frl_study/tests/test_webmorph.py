"""From a checkout of WebMorph stimuli to the FRL faces' layout."""

import hashlib
import json

import cv2
import numpy as np
import pytest
from webmorph_checkout import edit_crops, git_blob, make_checkout, run, shown

from mmpose_ctd.datasets.annotation_formats.webmorph_tem import read_tem
from projects.frl_study.webmorph.convert import convert
from projects.frl_study.webmorph.crop_picture import crop_points, square_of
from projects.frl_study.webmorph.recipe import FRL_FACES, load_recipe


@pytest.fixture
def checkout(tmp_path):
    return make_checkout(tmp_path)


def test_points_move_with_the_pixels_they_mark(checkout):
    """Also outside the image, and at a size that enlarges."""
    crop = load_recipe(checkout[2]).crops[2]
    image = np.zeros((crop.height, crop.width, 3), np.uint8)
    image[40:44, 50:54] = 255
    centre = np.array([[51.5, 41.5]])
    for size in (45, 90, 270):
        out = square_of(crop, size).pixels(image)[..., 0].astype(float)
        ys, xs = np.mgrid[:size, :size]
        mass = [(out * xs).sum() / out.sum(), (out * ys).sum() / out.sum()]
        x, y, visible = crop_points(centre, crop, size)[0]
        np.testing.assert_allclose([x, y], mass, atol=0.02)
        assert visible == 2


def test_a_point_outside_the_crop_is_kept_but_invisible(checkout):
    crop = load_recipe(checkout[2]).crops[0]
    last = crop.side - 1
    points = np.array([[0, 0], [last, last], [-0.01, 5], [5, last + 0.01]])
    moved = crop_points(points + (crop.x, crop.y), crop, crop.side)
    np.testing.assert_allclose(moved[:, :2], points, atol=1e-9)
    assert moved[:, 2].tolist() == [2, 2, 0, 0]


def test_a_checkout_becomes_a_set(checkout):
    src, out, _ = checkout
    report = run(checkout)
    assert report.ok and report.findings == [] and report.written == 5
    files = {p.relative_to(out).as_posix() for p in out.rglob('*.*')}
    assert files == {
        'LICENSE.md',
        'README.md',
        'frl189_names.txt',
        'annotations/landmarks19.json',
        'annotations/landmarks189.json',
        'annotations/unlabelled.json',
        *(f'images/{n}.jpg' for n in ('a_1', 'a_2', 'b_eva', 'b_jan', 'as_1')),
        'splits/test.txt',
        *(f'splits/train_n00{n}_seed{s}.txt' for n in (1, 3) for s in (0, 1)),
    }
    assert (out / 'LICENSE.md').read_text() == 'the licence'
    assert 'DeBruine & Jones (2017)' in (out / 'README.md').read_text()
    names = (FRL_FACES / 'frl189_names.txt').read_text()
    assert (out / 'frl189_names.txt').read_text() == names
    splits = out / 'splits'
    assert (splits / 'train_n001_seed0.txt').read_text() == 'b_jan\n'
    assert (splits / 'train_n003_seed1.txt').read_text().split() == [
        'a_1',
        'b_eva',
        'b_jan',
    ]


def test_annotations_hold_the_template_and_the_named_points(checkout):
    src, out, folder = checkout
    run(checkout)
    recipe = load_recipe(folder)
    few, every, without = (
        json.loads((out / f'annotations/{name}.json').read_text())
        for name in ('landmarks19', 'landmarks189', 'unlabelled')
    )
    assert few['images'] == every['images']
    assert [image['id'] for image in few['images']] == [1, 2, 3, 4]
    assert few['images'][0]['age'] == 24 and 'age' not in few['images'][1]
    assert [image['id'] for image in without['images']] == [5]
    assert 'annotations' not in without
    assert every['categories'][0]['keypoints'] == recipe.names
    assert few['categories'][0]['keypoints'] == list(recipe.landmarks)
    points, _ = read_tem(src / recipe.crops[2].template)
    expected = crop_points(points, recipe.crops[2], 256)
    for content, indices in (
        (every, range(189)),
        (few, recipe.landmarks.values()),
    ):
        annotation = content['annotations'][2]
        assert annotation['image_id'] == 3
        keypoints = np.reshape(annotation['keypoints'], (-1, 3))
        np.testing.assert_array_equal(keypoints, expected[list(indices)])
        assert annotation['num_keypoints'] == (keypoints[:, 2] > 0).sum()


def test_another_size_scales_pictures_and_points(checkout):
    src, out, _ = checkout
    run(checkout, size=64)
    content = json.loads((out / 'annotations/landmarks19.json').read_text())
    small = np.reshape(content['annotations'][0]['keypoints'], (-1, 3))
    image = cv2.imread(str(out / 'images/a_1.jpg'))
    assert image.shape == (64, 64, 3)
    assert content['images'][0]['width'] == 64
    run(checkout, force=True)
    content = json.loads((out / 'annotations/landmarks19.json').read_text())
    large = np.reshape(content['annotations'][0]['keypoints'], (-1, 3))
    np.testing.assert_allclose(
        (small[:, :2] + 0.5) * 4, large[:, :2] + 0.5, atol=0.03
    )


def test_metadata_of_the_originals_do_not_reach_the_crops(checkout):
    src, out, _ = checkout
    path = src / 'inst/neutral_front/1_03.jpg'
    data = path.read_bytes()
    exif = b'Exif\0\0MM\0*\0\0\0\x08' + bytes(6) + b'SECRET'
    segment = b'\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif
    path.write_bytes(data[:2] + segment + data[2:])
    edit_crops(checkout, image_blob=git_blob(path))
    assert run(checkout).ok
    crop = (out / 'images/a_1.jpg').read_bytes()
    assert b'SECRET' not in crop and b'Exif' not in crop


def test_crops_are_compared_with_the_published_ones(checkout):
    run(checkout)
    data = (checkout[1] / 'images/a_1.jpg').read_bytes()
    digest = hashlib.sha256(data).hexdigest()[:12]
    edit_crops(checkout, crop_sha256=digest)
    report = run(checkout, force=True)
    assert report.identical == 1 and '1 of 5 crops equal' in shown(report)
    assert run(checkout, force=True, size=64).identical is None


def test_the_shipped_recipe_is_whole_and_its_splits_are_apart():
    recipe = load_recipe()
    labelled = {crop.subject for crop in recipe.crops if crop.labelled}
    assert len(recipe.crops) == 304 and len(labelled) == 202
    assert len(recipe.names) == 189 and len(recipe.landmarks) == 19
    assert len(recipe.splits) == 26 and len(recipe.splits['test']) == 60
    test = set(recipe.splits['test'])
    for seed in range(5):
        train = recipe.splits[f'train_n142_seed{seed}']
        assert test.isdisjoint(train) and test | set(train) == labelled
        for budget in (10, 20, 40, 80):
            name = f'train_n{budget:03d}_seed{seed}'
            assert recipe.splits[name] == train[:budget]


@pytest.mark.real_data
def test_the_shipped_recipe_is_the_published_set(shared_root):
    recipe, root = load_recipe(), shared_root / 'data/frl_faces'
    images = []
    for name in ('landmarks189', 'unlabelled'):
        content = json.loads((root / f'annotations/{name}.json').read_text())
        images += content['images']
    assert len(images) == len(recipe.crops)
    for image, crop in zip(images, recipe.crops):
        assert image['file_name'] == crop.file_name
        assert image['subject'] == crop.subject
        assert image['source_crop'] == [crop.x, crop.y, crop.side]
        assert image['source_size'] == [crop.width, crop.height]
        assert image.get('age') == crop.age and image['sex'] == crop.sex
        assert image['labelled'] == crop.labelled
        data = (root / 'images' / crop.file_name).read_bytes()
        assert hashlib.sha256(data).hexdigest()[:12] == crop.crop_sha256
    published = {p.stem: p.read_text() for p in (root / 'splits').iterdir()}
    ours = {k: '\n'.join(v) + '\n' for k, v in recipe.splits.items()}
    assert ours == published


@pytest.mark.real_data
def test_real_originals_become_the_published_images_and_points(
    shared_root, tmp_path
):
    """Annotations to the last digit; pixels but for the JPEG coder."""
    root, out = shared_root / 'data/frl_faces', tmp_path / 'out'
    report = convert(
        shared_root / 'data/frl_raw',
        out,
        load_recipe(),
        allow_missing=True,
        progress=False,
    )
    assert report.ok and report.written == 4
    for name in ('landmarks19', 'landmarks189'):
        path = f'annotations/{name}.json'
        ours, published = (
            json.loads((folder / path).read_text()) for folder in (out, root)
        )
        chosen = {image['id'] for image in ours['images']}
        assert len(chosen) == 4
        for key, identifier in (('images', 'id'), ('annotations', 'image_id')):
            published[key] = [
                item for item in published[key] if item[identifier] in chosen
            ]
        assert ours == published
    for path in sorted((out / 'images').iterdir()):
        ours = cv2.imread(str(path)).astype(int)
        published = cv2.imread(str(root / 'images' / path.name)).astype(int)
        assert np.abs(ours - published).mean() < 0.5
        assert np.abs(ours - published).max() <= 8
    for name in ('LICENSE.md', 'frl189_names.txt'):
        assert (out / name).read_bytes() == (root / name).read_bytes()
