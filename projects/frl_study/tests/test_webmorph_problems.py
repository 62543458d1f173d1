"""What a conversion of WebMorph stimuli does with what it cannot use."""

import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from template_text import format_tem
from webmorph_checkout import make_checkout, run, shown

from mmpose_ctd.datasets.annotation_formats.webmorph_tem import read_tem
from mmpose_ctd.errors import InputError
from projects.frl_study.webmorph.convert import convert
from projects.frl_study.webmorph.recipe import load_recipe


@pytest.fixture
def checkout(tmp_path):
    return make_checkout(tmp_path)


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


def test_with_allow_missing_the_splits_lose_who_is_not_there(checkout):
    src, out, _ = checkout
    # Of a_1 only the smiling picture is left: no subject to train on.
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
    content = json.loads((out / 'annotations/landmarks19.json').read_text())
    assert [image['id'] for image in content['images']] == [2, 3, 4]
    assert 'INCOMPLETE: 4 of the 5' in (out / 'README.md').read_text()


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[-300] ^= 1
    path.write_bytes(data)


def lose_a_point(path):
    points, _ = read_tem(path)
    path.write_text(format_tem(points[1:]))


def move_a_point(path, to):
    points, _ = read_tem(path)
    points[7] = to
    path.write_text(format_tem(points))


@pytest.mark.parametrize(
    'suffix, harm, found, expected',
    [
        ('jpg', lambda p: p.write_bytes(b''), '0 bytes', 'a JPEG of 90'),
        ('jpg', lambda p: p.write_bytes(b'x' * 9), '9 bytes', 'a JPEG of 90'),
        ('jpg', lambda p: p.write_bytes(p.read_bytes()[:-200]), '', ''),
        ('jpg', flip_a_byte, 'a damaged or another version', 'git blob'),
        (
            'jpg',
            lambda p: cv2.imwrite(str(p), np.zeros((45, 90, 3), np.uint8)),
            '90x45 pixels',
            '90x90 pixels',
        ),
        (
            'tem',
            lambda p: p.write_text(p.read_text().rsplit('\n', 150)[0]),
            'the end after',
            'of 189',
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
        (
            'tem',
            lambda p: move_a_point(p, (5, 6)),
            'a damaged or another version',
            'git blob',
        ),
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
    # What is there can be had, but is not called all right.
    report = run(checkout, allow_missing=True)
    assert not report.ok and report.written == 4 and out.is_dir()
    assert not (out / 'images/a_2.jpg').exists()


def test_a_template_with_another_systems_line_ends_is_the_same(checkout):
    path = checkout[0] / 'inst/neutral_front/2_03.tem'
    path.write_bytes(path.read_bytes().replace(b'\n', b'\r\n'))
    assert run(checkout).ok


def test_unknown_pictures_are_named_and_left_out(checkout):
    src, out, _ = checkout
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


def test_a_full_folder_is_replaced_only_when_asked(checkout):
    src, out, _ = checkout
    out.mkdir()
    (out / 'LICENSE.md').write_text('older')
    with pytest.raises(InputError) as error:
        run(checkout)
    assert '--force' in error.value.cure
    assert (out / 'LICENSE.md').read_text() == 'older'
    assert run(checkout, force=True).ok
    assert (out / 'LICENSE.md').read_text() == 'the licence'
    (out / 'thesis.txt').write_text('mine')
    with pytest.raises(InputError) as error:
        run(checkout, force=True)
    assert 'thesis.txt' in error.value.found
    assert (out / 'thesis.txt').read_text() == 'mine'
    assert {p.name for p in src.parent.iterdir()} == {'src', 'recipe', 'out'}


def test_an_old_set_stays_when_the_new_one_cannot_be_made(
    checkout, monkeypatch
):
    src, out, _ = checkout
    run(checkout)
    before = (out / 'README.md').read_text()
    (src / 'inst/neutral_front/1_03.jpg').unlink()
    assert not run(checkout, force=True).ok
    assert (out / 'README.md').read_text() == before
    rename = Path.rename

    def refuse(path, target):
        if Path(target) == out and (path / 'images').is_dir():
            monkeypatch.undo()
            raise OSError('no')
        return rename(path, target)

    monkeypatch.setattr(Path, 'rename', refuse)
    with pytest.raises(OSError, match='no'):
        run(checkout, force=True, allow_missing=True)
    assert (out / 'README.md').read_text() == before
    assert {p.name for p in src.parent.iterdir()} == {'src', 'recipe', 'out'}


def test_a_folder_that_is_no_checkout_is_refused_with_the_cure(checkout):
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
def test_a_recipe_that_does_not_fit_says_where(
    checkout, file, old, new, message
):
    path = checkout[2] / file
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError) as error:
        load_recipe(checkout[2])
    assert file in str(error.value)
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


def test_the_tool_makes_a_set_and_does_not_overwrite_it(tool, checkout):
    src, out, recipe = checkout
    status, text, errors = tool(src, out, '--recipe', recipe, '--size', 64)
    assert status == 0 and '5 of 5 pictures' in text
    assert 'projects/frl_study/webmorph_to_coco.py' in errors
    content = json.loads((out / 'annotations/landmarks19.json').read_text())
    assert content['images'][0]['width'] == 64
    status, _, errors = tool(src, out, '--recipe', recipe)
    assert status == 1 and 'error: ' in errors and '--force' in errors


def test_the_tool_lists_what_the_published_set_lacks(tool, checkout):
    src, out, _ = checkout
    status, text, _ = tool(src, out)
    assert status == 1 and not out.exists()
    text = ' '.join(text.split())
    assert '304 of 304 pictures are missing or refused' in text
    assert 'debruine/webmorphR.stim at commit fa8b78f' in text
