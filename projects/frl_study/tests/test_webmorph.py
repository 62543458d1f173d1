"""From a checkout of WebMorph stimuli to the FRL faces' layout."""

import hashlib
import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from template_text import format_tem
from webmorph_checkout import edit_crops, git_blob, make_checkout, run, shown

from mmpose_ctd.datasets.annotation_formats.pts_tem import read_tem
from mmpose_ctd.errors import InputError
from projects.frl_study.webmorph.convert import convert
from projects.frl_study.webmorph.crop_picture import crop_points, square_of
from projects.frl_study.webmorph.recipe import load_recipe


@pytest.fixture
def checkout(tmp_path):
    return make_checkout(tmp_path)


def content_of(out, name='landmarks19'):
    return json.loads((out / f'annotations/{name}.json').read_text())


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
    src, out, folder = checkout
    path = src / 'inst/neutral_front/1_03.jpg'
    data = path.read_bytes()
    exif = b'Exif\0\0MM\0*\0\0\0\x08' + bytes(6) + b'SECRET'
    segment = b'\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif
    path.write_bytes(data[:2] + segment + data[2:])
    edit_crops(checkout, image_blob=git_blob(path))
    report = run(checkout)
    assert report.ok and report.findings == [] and report.written == 5
    files = {p.relative_to(out).as_posix() for p in out.rglob('*.*')}
    assert files == {
        *('LICENSE.md', 'README.md', 'frl189_names.txt'),
        *(f'annotations/landmarks{n}.json' for n in (19, 189)),
        'annotations/unlabelled.json',
        *(f'images/{n}.jpg' for n in ('a_1', 'a_2', 'b_eva', 'b_jan', 'as_1')),
        'splits/test.txt',
        *(f'splits/train_n00{n}_seed{s}.txt' for n in (1, 3) for s in (0, 1)),
    }
    assert (out / 'LICENSE.md').read_text() == 'the licence'
    assert 'DeBruine & Jones (2017)' in (out / 'README.md').read_text()
    # Metadata of the originals do not reach the crops.
    picture = (out / 'images/a_1.jpg').read_bytes()
    assert b'SECRET' not in picture and b'Exif' not in picture
    train = (out / 'splits/train_n003_seed1.txt').read_text()
    assert train.split() == ['a_1', 'b_eva', 'b_jan']
    # The template, the named points, the unlabelled.
    recipe = load_recipe(folder)
    few, every = content_of(out), content_of(out, 'landmarks189')
    without = content_of(out, 'unlabelled')
    assert few['images'] == every['images']
    assert [image['id'] for image in few['images']] == [1, 2, 3, 4]
    assert few['images'][0]['age'] == 24 and 'age' not in few['images'][1]
    assert [image['id'] for image in without['images']] == [5]
    assert 'annotations' not in without
    assert every['categories'][0]['keypoints'] == recipe.names
    assert few['categories'][0]['keypoints'] == list(recipe.landmarks)
    points = read_tem(src / recipe.crops[2].template)
    expected = crop_points(points, recipe.crops[2], 256)
    chosen = list(recipe.landmarks.values())
    for content, indices in ((every, range(189)), (few, chosen)):
        annotation = content['annotations'][2]
        assert annotation['image_id'] == 3
        keypoints = np.reshape(annotation['keypoints'], (-1, 3))
        np.testing.assert_array_equal(keypoints, expected[list(indices)])
        assert annotation['num_keypoints'] == (keypoints[:, 2] > 0).sum()


def test_crops_are_compared_with_the_published_ones(checkout):
    _, out, _ = checkout
    assert run(checkout, size=64).identical is None
    assert cv2.imread(str(out / 'images/a_1.jpg')).shape == (64, 64, 3)
    assert content_of(out)['images'][0]['width'] == 64
    run(checkout, force=True)
    data = (out / 'images/a_1.jpg').read_bytes()
    edit_crops(checkout, crop_sha256=hashlib.sha256(data).hexdigest()[:12])
    report = run(checkout, force=True)
    assert report.identical == 1 and '1 of 5 crops equal' in shown(report)


def test_missing_files_mean_that_nothing_is_written(checkout):
    src, out, _ = checkout
    (src / 'inst/neutral_front/1_03.jpg').unlink()
    (src / 'inst/3dsk/male/jan.tem').unlink()
    report = run(checkout)
    assert not report.ok and report.count('missing') == 2
    assert not out.exists() and len(list(src.parent.iterdir())) == 2
    text = shown(report)
    assert 'inst/neutral_front/1_03.jpg' in text
    assert 'inst/3dsk/male/jan.tem' in text
    assert '2 of 5 pictures' in text and 'fa8b78f' in text


def test_with_allow_missing_the_splits_lose_subjects(checkout):
    src, out, _ = checkout
    # Only the smiling picture of a_1 is left: no subject to train on.
    (src / 'inst/neutral_front/1_03.jpg').unlink()
    report = run(checkout, allow_missing=True)
    assert report.ok and report.written == 4
    splits = {p.stem: p.read_text() for p in (out / 'splits').iterdir()}
    assert splits == {
        'test': 'a_2\n',
        'train_n001_seed0': 'b_jan\n',
        'train_n003_seed0': 'b_jan\nb_eva\n',
        'train_n003_seed1': 'b_eva\nb_jan\n',
    }
    lost = {f.file: f.found for f in report.findings if f.kind == 'split'}
    assert lost == {
        'splits/train_n001_seed1.txt': 'none; not written',
        'splits/train_n003_seed0.txt': '2 subjects',
        'splits/train_n003_seed1.txt': '2 subjects',
    }
    assert [i['id'] for i in content_of(out)['images']] == [2, 3, 4]
    assert 'INCOMPLETE: 4 of the 5' in (out / 'README.md').read_text()


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[-300] ^= 1
    path.write_bytes(data)


def lose_a_point(path):
    path.write_text(format_tem(read_tem(path)[1:]))


def move_a_point(path, to):
    points = read_tem(path)
    points[7] = to
    path.write_text(format_tem(points))


@pytest.mark.parametrize(
    'suffix, harm, found, expected',
    [
        ('jpg', lambda p: p.write_bytes(b''), '0 bytes', 'a JPEG of 90'),
        ('jpg', lambda p: p.write_bytes(p.read_bytes()[:-200]), '', ''),
        ('jpg', flip_a_byte, 'a damaged or another version', 'git blob'),
        (
            'jpg',
            lambda p: cv2.imwrite(str(p), np.zeros((45, 90, 3), np.uint8)),
            '90x45 pixels',
            '90x90 pixels',
        ),
        ('tem', lose_a_point, '188 points', '189 points'),
        (
            'tem',
            lambda p: move_a_point(p, (float('nan'), 1)),
            "'nan 1.0'",
            'point 8 of 189',
        ),
        (
            'tem',
            lambda p: move_a_point(p, (5, -2000)),
            'point 7 at (5, -2000), far outside',
            'points within 90x90',
        ),
        ('tem', lambda p: move_a_point(p, (5, 6)), 'a damaged', 'git blob'),
    ],
)
def test_an_unusable_file_is_refused_and_the_rest_still_checked(
    checkout, suffix, harm, found, expected
):
    src, out, _ = checkout
    path = src / f'inst/neutral_front/2_03.{suffix}'
    harm(path)
    report = run(checkout)
    (finding,) = report.findings
    assert finding.kind == 'refused'
    assert finding.file == path.relative_to(src).as_posix()
    assert found in finding.found and expected in finding.expected
    assert not report.ok and not out.exists()
    report = run(checkout, allow_missing=True)
    assert not report.ok and report.written == 4
    assert not (out / 'images/a_2.jpg').exists()


def test_other_line_ends_and_unknown_pictures(checkout):
    src = checkout[0]
    path = src / 'inst/neutral_front/2_03.tem'
    path.write_bytes(path.read_bytes().replace(b'\n', b'\r\n'))
    zoo = [f'zoo/{i}.jpg' for i in range(9)]
    for name in ('neutral_front/7_03.jpg', *zoo):
        path = src / 'inst' / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b'')
    report = run(checkout)
    assert report.ok and report.count('left out') == 10
    text = shown(report)
    assert 'inst/neutral_front/7_03.jpg' in text
    assert 'inst/zoo: 9 (0.jpg, 1.jpg, 2.jpg, ...)' in text


def test_an_existing_set_is_replaced_whole_or_not(checkout, monkeypatch):
    src, out, _ = checkout
    out.mkdir()
    readme = out / 'README.md'
    readme.write_text('older')
    with pytest.raises(InputError) as error:
        run(checkout)
    assert '--force' in error.value.cure
    (out / 'thesis.txt').write_text('mine')
    with pytest.raises(InputError) as error:
        run(checkout, force=True)
    assert 'thesis.txt' in error.value.found
    assert (out / 'thesis.txt').read_text() == 'mine'
    (out / 'thesis.txt').unlink()
    rename = Path.rename

    def refuse(path, target):
        if Path(target) == out and (path / 'images').is_dir():
            monkeypatch.undo()
            raise OSError('no')
        return rename(path, target)

    monkeypatch.setattr(Path, 'rename', refuse)
    with pytest.raises(OSError, match='no'):
        run(checkout, force=True)
    assert readme.read_text() == 'older'
    assert run(checkout, force=True).ok
    assert 'DeBruine' in readme.read_text()
    assert {p.name for p in src.parent.iterdir()} == {'src', 'recipe', 'out'}


def test_a_folder_that_is_not_a_checkout_is_refused(checkout):
    src, out, folder = checkout
    recipe = load_recipe(folder)

    def refused(src, out, size=64) -> InputError:
        with pytest.raises(InputError) as error:
            convert(src, out, recipe, size=size)
        return error.value

    error = refused(src / 'inst', out)
    assert 'inst/' in error.found and 'checkout fa8b7' in error.expected
    assert 'lie in one another' in refused(src, src / 'out').found
    assert refused(src, out, size=0).where == 'size'
    (src / 'LICENSE.md').unlink()
    assert 'no LICENSE.md' in refused(src, out).found


@pytest.mark.parametrize(
    'file, old, new, message',
    [
        ('crops.csv', 'a_1.jpg', '../a_1.jpg', 'row 2.*a bare file_name'),
        ('crops.csv', 'b_jan.jpg', 'a_2.jpg', 'a file_name occurs twice'),
        ('crops.csv', ',neutral,1', ',neutral,yes', "row 2.*KeyError('yes')"),
        ('crops.csv', 'sex,width', 'width', 'the columns'),
        ('frl189_names.txt', '1,  ', '2,  ', 'expected 1, "name"'),
        ('set.json', '"commit"', '"hash"', "the key 'commit' is missing"),
        ('set.json', '{', '[', 'Expecting'),
        ('set.json', '129', '189', 'past the 189 points'),
        ('set.json', '["a_2"]', '["a_9"]', "split test.*'a_9'"),
    ],
)
def test_a_recipe_that_does_not_fit(checkout, file, old, new, message):
    path = checkout[2] / file
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError) as error:
        load_recipe(checkout[2])
    assert file in error.value.where
    for part in message.split('.*'):
        assert part in str(error.value)


@pytest.fixture
def tool(repo_root, monkeypatch, capsys):
    """Runs the tool at its old path; gives exit status, output, errors."""
    path = repo_root / 'tools/dataset_converters/webmorph_to_coco.py'

    def run_tool(*args):
        monkeypatch.setattr(sys, 'argv', [str(path), *map(str, args)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(path), run_name='__main__')
        return end.value.code, *capsys.readouterr()

    return run_tool


def test_the_tool(tool, checkout):
    src, out, recipe = checkout
    status, text, _ = tool(src, out)
    assert status == 1 and not out.exists()
    text = ' '.join(text.split())
    assert '304 of 304 pictures are missing or refused' in text
    status, text, errors = tool(src, out, '--recipe', recipe, '--size', 64)
    assert status == 0 and '5 of 5 pictures' in text
    assert 'projects/frl_study/webmorph_to_coco.py' in errors
    status, _, errors = tool(src, out, '--recipe', recipe)
    assert status == 1 and 'error: ' in errors and '--force' in errors


def test_the_recipe_of_the_frl_faces_is_whole():
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
def test_the_recipe_is_the_published_set(shared_root):
    recipe, root = load_recipe(), shared_root / 'data/frl_faces'
    images = content_of(root, 'landmarks189')['images']
    images += content_of(root, 'unlabelled')['images']
    for image, crop in zip(images, recipe.crops, strict=True):
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
def test_real_originals_become_the_published_images(shared_root, tmp_path):
    """Annotations to the last digit; pixels except for the JPEG coder."""
    root, out = shared_root / 'data/frl_faces', tmp_path / 'out'
    src = shared_root / 'data/frl_raw'
    report = convert(
        src, out, load_recipe(), allow_missing=True, progress=False
    )
    assert report.ok and report.written == 4
    for name in ('landmarks19', 'landmarks189'):
        ours, published = content_of(out, name), content_of(root, name)
        chosen = {image['id'] for image in ours['images']}
        for key, identifier in (('images', 'id'), ('annotations', 'image_id')):
            published[key] = [
                item for item in published[key] if item[identifier] in chosen
            ]
        assert ours == published
    for path in sorted((out / 'images').iterdir()):
        ours = cv2.imread(str(path)).astype(int)
        published = cv2.imread(str(root / 'images' / path.name)).astype(int)
        assert np.abs(ours - published).max() <= 8
    for name in ('LICENSE.md', 'frl189_names.txt'):
        assert (out / name).read_bytes() == (root / name).read_bytes()
