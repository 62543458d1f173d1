"""The converter as a user types it."""

import json
import subprocess
import sys

import pytest
from webmorph_checkout import make_checkout


@pytest.fixture
def checkout(tmp_path):
    src, _, recipe = make_checkout(tmp_path)
    return src, recipe


@pytest.fixture
def tool(repo_root):
    path = repo_root / 'tools/dataset_converters/webmorph_to_coco.py'

    def run(*args):
        return subprocess.run(
            [sys.executable, str(path), *map(str, args)],
            capture_output=True,
            text=True,
        )

    return run


def test_the_tool_makes_a_set_and_will_not_overwrite_it(
    tool, checkout, tmp_path
):
    src, recipe = checkout
    out = tmp_path / 'deep/er/set'
    done = tool(src, out, '--recipe', recipe, '--size', 64)
    assert done.returncode == 0, done.stderr
    assert '5 of 5 pictures' in done.stdout
    assert 'converting' in done.stderr
    content = json.loads((out / 'annotations/landmarks19.json').read_text())
    assert content['images'][0]['width'] == 64
    assert [p.name for p in out.parent.iterdir()] == ['set']

    again = tool(src, out, '--recipe', recipe)
    assert again.returncode == 1
    assert 'error: ' in again.stderr and '--force' in again.stderr
    assert 'Traceback' not in again.stderr
    assert tool(src, out, '--recipe', recipe, '--force').returncode == 0


def test_the_tool_says_what_the_published_set_lacks(tool, checkout, tmp_path):
    src, _ = checkout
    out = tmp_path / 'set'
    done = tool(src, out)
    assert done.returncode == 1 and not out.exists()
    text = ' '.join(done.stdout.split())
    assert '304 of 304 pictures are missing or refused' in text
    assert 'debruine/webmorphR.stim at commit fa8b78f' in text


def test_a_wrong_folder_is_an_error_with_the_cure(tool, tmp_path):
    done = tool(tmp_path, tmp_path.parent / 'set')
    assert done.returncode == 1
    assert 'git clone https://github.com/debruine/' in done.stderr
    assert 'Traceback' not in done.stderr
