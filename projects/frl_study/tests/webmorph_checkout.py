"""A small checkout in the layout of debruine/webmorphR.stim."""

import csv
import hashlib
import io
import json
import shutil

import cv2
import numpy as np
from rich.console import Console
from template_text import format_tem

from projects.frl_study.webmorph.convert import (
    convert,
    findings_table,
    summary,
)
from projects.frl_study.webmorph.recipe import FRL_FACES, load_recipe

# The columns of crops.csv up to `side`, an empty one as `-`.
PICTURES = """
a_1.jpg inst/neutral_front/1_03.jpg a_1 london neutral 1 24 female 90 90 9 8 70
a_2.jpg inst/neutral_front/2_03.jpg a_2 london neutral 1 - male 90 90 4 12 64
b_eva.jpg inst/3dsk/female/eva.jpg b_eva 3dsk neutral 1 - female 80 96 -7 20 90
b_jan.jpg inst/3dsk/male/jan.jpg b_jan 3dsk neutral 1 - male 80 96 2 30 75
as_1.jpg inst/smiling/1_08.jpg a_1 london smiling 0 24 female 90 90 5 5 80
"""


def git_blob(path):
    data = path.read_bytes()
    return hashlib.sha1(b'blob %d\0' % len(data) + data).hexdigest()[:12]


def make_checkout(tmp_path):
    """Five small pictures and their recipe.

    Returns:
        tuple[Path, Path, Path]: The checkout, the folder of a set to be, and
        the recipe.
    """
    src, folder = tmp_path / 'src', tmp_path / 'recipe'
    rng = np.random.default_rng(0)
    columns = (FRL_FACES / 'crops.csv').read_text().splitlines()[0]
    rows = [columns.split(',')]
    for line in PICTURES.strip().splitlines():
        row = ['' if cell == '-' else cell for cell in line.split()]
        path = src / row[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        width, height = int(row[8]), int(row[9])
        noise = rng.integers(0, 256, (height, width, 3), np.uint8)
        cv2.imwrite(str(path), cv2.GaussianBlur(noise, (0, 0), 3))
        blobs = [git_blob(path), '']
        if row[5] == '1':
            points = rng.uniform(20, 60, (189, 2)).round(2)
            text = format_tem(points, [(True, (2, 3, 4))])
            path.with_suffix('.tem').write_text(text)
            blobs[1] = git_blob(path.with_suffix('.tem'))
        rows.append(row + blobs + [''])
    (src / 'LICENSE.md').write_text('the licence')
    # Left by macOS, and in the real repository too.
    (src / 'inst/neutral_front/._1_03.jpg').write_bytes(b'x')
    shutil.copytree(FRL_FACES, folder)
    with (folder / 'crops.csv').open('w', newline='') as handle:
        csv.writer(handle).writerows(rows)
    content = json.loads((folder / 'set.json').read_text())
    content['splits'] = {
        'test': ['a_2'],
        'train_budgets': [1, 3],
        'train_orders': [['b_jan', 'a_1', 'b_eva'], ['a_1', 'b_eva', 'b_jan']],
    }
    (folder / 'set.json').write_text(json.dumps(content))
    return src, tmp_path / 'out', folder


def run(checkout, **options):
    src, out, folder = checkout
    recipe = load_recipe(folder)
    return convert(src, out, recipe, progress=False, **options)


def shown(report):
    console = Console(file=io.StringIO(), width=200)
    console.print(findings_table(report))
    return console.file.getvalue() + summary(report)


def edit_crops(checkout, **cells):
    """Changes columns of the recipe's first picture."""
    path = checkout[2] / 'crops.csv'
    with path.open(newline='') as handle:
        rows = list(csv.DictReader(handle))
    rows[0].update(cells)
    with path.open('w', newline='') as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows(rows)
