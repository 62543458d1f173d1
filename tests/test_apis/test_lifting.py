"""From points in a file to measures on a mesh."""

import json

import numpy as np
import pytest
from landmark_set import landmark_content
from refusals import refused
from textured_heads import Sheet, cylinder, write_obj, write_points

from mmpose_ctd.apis import lift

SIZE = (400, 200)
RADIUS, HEIGHT, COLUMNS = 50.0, 120.0, 48
SHEET = Sheet(
    (0.05, 0.1, 0.95, 0.9), cylinder(RADIUS, HEIGHT, 0.5, -0.25), (COLUMNS, 6)
)
# Shares s, t at vertices of the mesh, where the cylinder is exact.
AT = dict(
    exocanthion_R=(12 / 48, 1 / 3),
    endocanthion_R=(20 / 48, 1 / 3),
    endocanthion_L=(28 / 48, 1 / 3),
    exocanthion_L=(36 / 48, 1 / 3),
    subnasale=(24 / 48, 0.5),
    stomion=(24 / 48, 2 / 3),
)
PIXELS = {name: SHEET.pixel(*st, SIZE).tolist() for name, st in AT.items()}


@pytest.fixture
def obj(tmp_path):
    return write_obj(tmp_path, [SHEET], SIZE)


def lifted(obj, points=PIXELS, **options):
    file = write_points(obj.parent / 'points.csv', 'face.png', points)
    return lift(obj, file, obj.parent / 'face.png', **options)


def test_measures_along_the_line_and_along_the_surface(obj):
    face = lifted(obj)
    half_strip = np.sin(np.pi / COLUMNS / 2)
    table = face.measures
    assert set(table.unit) == {'mm', '1'}
    for name, strips in (
        ('outer_canthal_distance', 24),
        ('inner_canthal_distance', 8),
        ('palpebral_fissure_length_L', 8),
    ):
        line = 2 * RADIUS * np.sin(np.pi * strips / COLUMNS / 2)
        assert table.line[name] == pytest.approx(line, abs=1e-3)
        around = strips * 2 * RADIUS * half_strip
        assert table.surface[name] == pytest.approx(around, abs=0.01)
    assert table.line['upper_lip_height'] == pytest.approx(HEIGHT / 6)
    assert table.line['intercanthal_index'] == pytest.approx(
        table.line['inner_canthal_distance']
        / table.line['outer_canthal_distance']
    )
    assert np.isnan(table.surface['intercanthal_index'])
    assert face.landmarks.loc['stomion'].tolist() == pytest.approx(
        [0, -80, 50], abs=0.01
    )
    assert face.notes == []


def test_a_coco_file_says_what_is_measured(obj, tmp_path):
    points = np.column_stack([[*PIXELS.values()], np.full(6, 2)])
    points[4, 2] = 0
    content = landmark_content(1, [*PIXELS], SIZE)
    content['images'][0]['file_name'] = 'face.png'
    content['annotations'][0]['keypoints'] = points.ravel().tolist()
    content['categories'][0]['measurements'] = [
        dict(name='eye', landmarks=['exocanthion_R', 'endocanthion_R']),
        dict(name='lip', landmarks=['subnasale', 'stomion']),
    ]
    (tmp_path / 'c.json').write_text(json.dumps(content))
    face = lift(obj, tmp_path / 'c.json', tmp_path / 'face.png')
    assert [*face.measures.index] == ['eye', 'lip']
    # Its subnasale is not labelled.
    assert np.isnan(face.measures.line['lip'])
    assert face.landmarks.loc['subnasale'].isna().all()
    assert face.measures.line['eye'] > 20


def test_a_landmark_off_the_surface_is_an_error(obj):
    with refused(within='stomion at (3.0, 3.0) px'):
        lifted(obj, PIXELS | dict(stomion=(3.0, 3.0)))


def test_a_mesh_of_another_unit_is_recognised(tmp_path):
    obj = write_obj(tmp_path, [SHEET], SIZE, factor=0.1)
    with refused(cure='--mesh-unit cm'):
        lifted(obj)
    face = lifted(obj, mesh_unit='cm')
    assert face.measures.line['upper_lip_height'] == pytest.approx(20)


def test_the_points_must_be_of_the_texture(obj, tmp_path):
    file = write_points(tmp_path / 'p.csv', 'other.png', PIXELS)
    with refused(found="'face.png'"):
        lift(obj, file, tmp_path / 'face.png')
