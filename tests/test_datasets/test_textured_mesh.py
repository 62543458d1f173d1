"""Places on a texture and the points on the surface that they are."""

import shutil

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from refusals import refused
from textured_heads import Sheet, cylinder, plane, write_obj

from mmpose_ctd.datasets.mesh_file import (
    read_mesh,
    texture_of,
    texture_size,
)
from mmpose_ctd.errors import InputError

SIZE = (400, 200)
LEFT, RIGHT = (0.05, 0.1, 0.45, 0.9), (0.55, 0.1, 0.95, 0.9)


def on_prism(s, t, columns, radius=50.0, height=120.0, turns=0.5, at=-0.25):
    """What a cylinder of ``columns`` flat strips is at s, t."""
    cell = min(int(s * columns), columns - 1)
    share = s * columns - cell
    ends = [
        np.array(cylinder(radius, height, turns, at)(i / columns, t))
        for i in (cell, cell + 1)
    ]
    return ends[0] * (1 - share) + ends[1] * share


def halves(flip=False, columns=12):
    """A cylinder in two islands, which meet at seams."""
    return [
        Sheet(LEFT, cylinder(50, 120, 0.5, -0.25), (columns, 6)),
        Sheet(RIGHT, cylinder(50, 120, 0.5, 0.25), (columns, 6), flip),
    ]


shares = st.floats(0, 1)


@settings(max_examples=20, deadline=None)
@given(
    s=shares,
    t=shares,
    second=st.booleans(),
    flip=st.booleans(),
    v_down=st.booleans(),
    size=st.sampled_from([(400, 200), (64, 512), (7, 1000)]),
)
def test_a_place_is_lifted_to_its_point(
    tmp_path_factory, s, t, second, flip, v_down, size
):
    folder = tmp_path_factory.mktemp('mesh')
    sheets = halves(flip)
    mesh = read_mesh(write_obj(folder, sheets, size, v_down=v_down))
    place = sheets[second].pixel(s, t, size)
    found = mesh.lift(place[None], size, ['n'], 'down' if v_down else 'up')
    expected = on_prism(s, t, 12, at=0.25 if second else -0.25)
    # A place may be taken for one 0.001 px away; a pixel has up to 80 mm.
    assert found.points[0] == pytest.approx(expected, abs=0.05)
    at = mesh.vertices[mesh.faces[found.faces[0]]]
    assert found.weights[0] @ at == pytest.approx(found.points[0])
    shutil.rmtree(folder)


def test_the_first_pixels_centre_is_0_and_steps_are_mm_per_pixel(tmp_path):
    """100 x 50 mm on 400 x 200 px: 0.25 mm a pixel."""
    mesh = read_mesh(write_obj(tmp_path, [Sheet((0, 0, 1, 1), plane)], SIZE))
    found = mesh.lift(np.array([[0, 0], [399, 199]]), SIZE, 'ab')
    assert found.points[0] == pytest.approx([0.125, -0.125, 7])
    assert found.points[1] == pytest.approx([99.875, -49.875, 7])
    assert found.steps[0] == pytest.approx(
        np.array([[0.25, 0], [0, -0.25], [0, 0]])
    )
    for outside in ([-0.6, 10], [10, 199.6]):
        with pytest.raises(InputError):
            mesh.lift(np.array([outside]), SIZE, 'a')


def test_a_place_off_the_islands_is_refused(tmp_path):
    mesh = read_mesh(write_obj(tmp_path, halves(), SIZE))
    good, between = halves()[0].pixel(0.5, 0.5, SIZE), [199.5, 100.0]
    with refused(
        'face.obj: gnathion at (199.5, 100.0) px', expected='400x200'
    ) as error:
        mesh.lift(np.array([good, between]), SIZE, ['nasion', 'gnathion'])
    assert '--v-axis' not in error.value.cure


def test_a_mirrored_v_is_recognised(tmp_path):
    upper = [Sheet((0.1, 0.05, 0.9, 0.45), plane)]
    mesh = read_mesh(write_obj(tmp_path, upper, SIZE, v_down=True))
    places = np.array([upper[0].pixel(0.3, 0.6, SIZE)])
    with refused(cure='--v-axis down'):
        mesh.lift(places, SIZE, 'n')
    found = mesh.lift(places, SIZE, 'n', 'down')
    assert found.points[0] == pytest.approx([30, -30, 7], abs=1e-3)


def test_a_place_that_two_parts_share_is_refused(tmp_path):
    """Symmetric heads whose halves share one half of a texture."""
    mesh = read_mesh(
        write_obj(
            tmp_path,
            [Sheet(LEFT, halves()[0].surface), Sheet(LEFT, plane)],
            SIZE,
        )
    )
    with pytest.raises(InputError) as error:
        mesh.lift(np.array([[100.0, 100.0]]), SIZE, 'n')
    assert error.value.expected == 'one'


def test_texture_coordinates_beyond_1_repeat_the_texture(tmp_path):
    sheet = Sheet((1.1, -0.9, 1.9, -0.1), plane)
    mesh = read_mesh(write_obj(tmp_path, [sheet], SIZE))
    place = sheet.pixel(0.2, 0.4, SIZE) - [400, -200]
    found = mesh.lift(place[None], SIZE, 'n')
    assert found.points[0] == pytest.approx([20, -20, 7], abs=1e-3)


def test_ply_is_read_as_obj(tmp_path):
    obj = write_obj(tmp_path, halves(), SIZE)
    trimesh.load(obj, process=False).export(tmp_path / 'face.ply')
    place = halves()[1].pixel(0.31, 0.42, SIZE)[None]
    one, other = (
        read_mesh(tmp_path / f'face.{kind}').lift(place, SIZE, 'n')
        for kind in ('obj', 'ply')
    )
    assert other.points == pytest.approx(one.points, abs=1e-3)
    assert len(read_mesh(tmp_path / 'face.ply').vertices) == 24 * 7


def test_of_several_textures_one_is_meant(tmp_path):
    whole = (0, 0, 1, 1)
    sheets = [Sheet(whole, plane), Sheet(whole, lambda s, t: (s, t, 99.0))]
    obj = write_obj(tmp_path, sheets, SIZE, textures=['a.png', 'b.png'])
    place = np.array([[100.0, 50.0]])
    for texture, z in (('a.png', 7), ('B.png', 99)):
        mesh = read_mesh(obj, tmp_path / texture)
        found = mesh.lift(place, SIZE, 'n')
        assert found.points[0, 2] == pytest.approx(z)
        # The other part belongs to the surface still.
        assert len(mesh.vertices) == 2 * 25 * 25
    for texture in (None, 'other.png'):
        with pytest.raises(InputError):
            read_mesh(obj, texture)
    with pytest.raises(InputError):
        texture_of(obj)


def test_the_texture_is_found_through_the_mtl(tmp_path):
    obj = write_obj(tmp_path, halves(), SIZE)
    assert texture_of(obj) == tmp_path / 'face.png'
    mtl = tmp_path / 'face.mtl'
    mtl.write_text('newmtl m\nmap_Kd -s 1 1 1 -clamp on my FACE.PNG\n')
    with pytest.raises(FileNotFoundError):
        texture_of(obj)
    (tmp_path / 'face.png').rename(tmp_path / 'my face.png')
    assert texture_of(obj) == tmp_path / 'my face.png'
    mtl.unlink()
    with pytest.raises(InputError):
        texture_of(obj)


def test_the_texture_may_lie_where_the_mtl_says(tmp_path):
    obj, png = write_obj(tmp_path, halves(), SIZE), tmp_path / 'face.png'
    # Another picture of its name next to the mesh.
    far = tmp_path / 'Textures' / 'front' / 'Face.png'
    far.parent.mkdir(parents=True)
    far.write_bytes(png.read_bytes())
    for name, texture in {
        './textures/front/face.png': far,
        'textures\\Front\\face.png': far,
        'C:\\scans\\face.png': png,
        '/home/scans/face.png': png,
        '../front/face.png': png,
    }.items():
        (tmp_path / 'face.mtl').write_text(f'newmtl m\nmap_Kd {name}\n')
        assert texture_of(obj) == texture


def test_textures_of_one_name_in_two_folders_are_two(tmp_path):
    sheets = [Sheet((0, 0, 0.5, 1), plane), Sheet((0.5, 0, 1, 1), plane)]
    names = ['a/t.png', 'b/t.png']
    for name in names:
        (tmp_path / name).parent.mkdir()
    obj = write_obj(tmp_path, sheets, SIZE, textures=names)
    with pytest.raises(InputError):
        texture_of(obj)
    for texture in (None, tmp_path / 'c' / 't.png'):
        with pytest.raises(InputError):
            read_mesh(obj, texture)
    for folder, share in (('a', 0), ('b', 1)):
        mesh = read_mesh(obj, tmp_path / folder / 't.png')
        known = np.isfinite(mesh.uv).all((1, 2))
        assert 0 < known.mean() < 1
        assert (mesh.uv[known][..., 0].mean() > 0.5) == share


def test_units_become_mm(tmp_path):
    obj = write_obj(tmp_path, [Sheet((0, 0, 1, 1), plane)], factor=0.1)
    width = np.ptp(read_mesh(obj, unit='cm').vertices[:, 0])
    assert width == pytest.approx(100)
    with pytest.raises(InputError):
        read_mesh(obj, unit='ell')


@pytest.mark.parametrize(
    'text',
    [
        '',
        'v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n',  # no texture coordinates
        'v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 9/3\n',
        'v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\n'
        'f -3/-3 -2/-2 -1/-1\n',
        'v 0 0 nan\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n',
        'v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 900 0\nvt 0 900\n'
        'f 1/1 2/2 3/3\n',
    ],
)
def test_damaged_files_are_refused(tmp_path, text):
    (tmp_path / 'bad.obj').write_text(text)
    with pytest.raises(InputError) as error:
        read_mesh(tmp_path / 'bad.obj').lift(np.zeros((1, 2)), (9, 9), 'n')
    assert error.value.where.startswith('bad.obj')


def test_a_texture_that_exif_turns_is_refused(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (8, 4)).save(tmp_path / 'a.jpg', exif=exif)
    with pytest.raises(InputError):
        texture_size(tmp_path / 'a.jpg')
