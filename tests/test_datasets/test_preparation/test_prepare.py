"""From photographs and points to a set, pixels and coordinates together."""

import json

import cv2
import numpy as np
import pytest
from clinic_folder import (
    NAMES,
    dotted,
    face_points,
    make_clinic,
    spot_near,
)
from clinic_formats import KINDS, SIZE, as_format
from numpy.testing import assert_allclose
from PIL import Image

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.datasets.preparation import PrepareOptions, prepare
from mmpose_ctd.errors import InputError


def run(tmp_path, points_file, options=None, **kwargs):
    """Prepare ``tmp_path/photos`` into ``tmp_path/set``."""
    options = {'crop': 'landmarks', 'size': 128} | (options or {})
    return prepare(
        str(tmp_path / 'photos'),
        str(points_file),
        str(tmp_path / 'set'),
        PrepareOptions(**options),
        progress=False,
        **kwargs,
    )


def content_of(tmp_path):
    text = (tmp_path / 'set/annotations/landmarks.json').read_text()
    return json.loads(text)


def pictures_of(tmp_path):
    """Image record, (K, 3) keypoints and pixels of each picture."""
    content = content_of(tmp_path)
    for image, annotation in zip(content['images'], content['annotations']):
        pixels = cv2.imread(str(tmp_path / 'set/images' / image['file_name']))
        assert pixels.shape[:2] == (image['height'], image['width'])
        yield image, np.reshape(annotation['keypoints'], (-1, 3)), pixels


def in_photograph(image: dict, points: np.ndarray) -> np.ndarray:
    """The formula of docs/prepare.md."""
    x, y, *sides = image['source_crop']
    return back(points, (x, y), sides, (image['width'], image['height']))


def back(points, origin, sides, picture) -> np.ndarray:
    sides, picture = np.array(sides), np.array(picture)
    return (points + 0.5) * sides / picture - 0.5 + origin


@pytest.mark.parametrize('kind', KINDS)
def test_every_format_gives_the_dots_that_were_painted(tmp_path, kind):
    clinic = make_clinic(tmp_path / 'photos', size=SIZE)
    points, extra = as_format(kind, tmp_path / 'points', clinic)
    report = run(tmp_path, points, dict(image_format='png'), **extra)
    assert report.exit_status == 0
    assert content_of(tmp_path)['categories'][0]['keypoints'] == list(NAMES)
    for (image, keypoints, pixels), truth in zip(
        pictures_of(tmp_path), clinic.values(), strict=True
    ):
        assert image['width'] == image['height'] == 128
        assert (keypoints[:, 2] == 2).all()
        # There and back to the photograph.
        there = in_photograph(image, keypoints[:, :2])
        assert_allclose(there, truth, atol=1e-4)
        # And in the pixels themselves.
        for point in keypoints[:, :2]:
            found = spot_near(pixels, point, radius=7)
            assert_allclose(found, point, atol=0.1)


@pytest.mark.parametrize('crop', ['landmarks', 'none', 'face'])
@pytest.mark.parametrize('size', [None, 64, 200])
def test_every_crop_keeps_the_dots(tmp_path, crop, size):
    clinic = make_clinic(tmp_path / 'photos', count=1, size=SIZE)
    points, _ = as_format('csv', tmp_path / 'points', clinic)
    run(tmp_path, points, dict(crop=crop, size=size, image_format='png'))
    ((image, keypoints, pixels),) = pictures_of(tmp_path)
    scale = image['width'] / image['source_crop'][2]
    for point in keypoints[:, :2]:
        radius = max(3, round(11 * scale))
        assert_allclose(spot_near(pixels, point, radius), point, atol=0.15)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('frame', ['upright', 'stored'])
@pytest.mark.parametrize('told', [True, False])
def test_a_turned_photograph_keeps_its_dots(
    tmp_path, orientation, frame, told
):
    """Points clicked in the upright picture, or in the stored pixels."""
    stored_points = face_points(SIZE, seed=3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = 'Jane Doe'
    (tmp_path / 'photos').mkdir()
    path = tmp_path / 'photos/a.png'
    Image.fromarray(dotted(stored_points, SIZE)).save(path, exif=exif)
    upright = np.asarray(Image.open(path))
    # Measured in the picture that a viewer shows, not computed.
    shown = cv2.imread(str(path), cv2.IMREAD_COLOR)
    clicked, size = stored_points, SIZE
    if frame == 'upright':
        clicked = np.array(
            [
                spot_near(shown, p, radius=11)
                for p in _turned(stored_points, orientation)
            ]
        )
        size = shown.shape[1], shown.shape[0]
    assert upright.shape[:2] == SIZE[::-1]
    cells = ','.join(f'{v:.9f}' for v in clicked.ravel())
    titles = ','.join(f'{n}_{axis}' for n in NAMES for axis in 'xy')
    extra = (',width,height', f',{size[0]},{size[1]}') if told else ('', '')
    (tmp_path / 'p.csv').write_text(
        f'image,{titles}{extra[0]}\na.png,{cells}{extra[1]}\n'
    )
    # Where the sizes differ, the record's tells the frame.
    auto = told and orientation >= 5
    options = dict(
        frame='auto' if auto else frame, image_format='png', size=None
    )
    report = run(tmp_path, tmp_path / 'p.csv', options)
    assert report.exit_status == 0
    ((image, keypoints, pixels),) = pictures_of(tmp_path)
    assert image['source_size'] == [shown.shape[1], shown.shape[0]]
    for point in keypoints[:, :2]:
        assert_allclose(spot_near(pixels, point, radius=11), point, atol=0.1)


def _turned(points, orientation):
    """Roughly where stored points lie upright: to measure them there."""
    width, height = SIZE
    x, y = points.T
    u, v = width - 1 - x, height - 1 - y
    table = {
        1: (x, y),
        2: (u, y),
        3: (u, v),
        4: (x, v),
        5: (y, x),
        6: (v, x),
        7: (v, u),
        8: (y, u),
    }
    return np.stack(table[orientation], axis=1)


def test_nothing_of_the_file_but_pixels_is_written(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = 'Jane Doe'
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = 'N', (51.0, 30.0, 0.0)
    clinic = make_clinic(
        tmp_path / 'photos', count=2, suffix='.jpg', exif=exif, quality=95
    )
    points, _ = as_format('csv', tmp_path / 'points', clinic)
    run(tmp_path, points, dict(subject_pattern='^([a-z]+[0-9]+)'))
    files = sorted((tmp_path / 'set/images').iterdir())
    assert [file.name for file in files] == ['000001.jpg', '000002.jpg']
    for file in files:
        assert b'Exif' not in file.read_bytes()
        assert b'Jane' not in file.read_bytes()
    for path in (tmp_path / 'set').rglob('*'):
        if path.suffix in ('.json', '.csv'):
            text = path.read_text(encoding='utf-8-sig')
            assert str(tmp_path) not in text
            assert 'visit' not in text
    report = (tmp_path / 'set/report.csv').read_text(encoding='utf-8-sig')
    assert 'child0' not in report


def test_the_set_loads_as_it_is(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', count=5)
    points, _ = as_format('csv', tmp_path / 'points', clinic)
    run(tmp_path, points, dict(subject_pattern='^([a-z]+[0-9]+)_', site='x'))
    (tmp_path / 'set/train.txt').write_text('child0\nchild2\n')
    dataset = CIFASDDataset(
        data_root=str(tmp_path / 'set'),
        ann_file='annotations/landmarks.json',
        split='train.txt',
        num_keypoints=len(NAMES),
    )
    # Two images of the first child, one of the last.
    subjects = [dataset[i]['subject'] for i in range(len(dataset))]
    assert subjects == ['child0', 'child0', 'child2']
    assert dataset[0]['site'] == 'x'


def test_missing_points_are_carried(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', count=2)
    clinic['child0_visit0.png'][2] = np.nan
    points, _ = as_format('csv', tmp_path / 'points', clinic)
    report = run(tmp_path, points)
    first, second = content_of(tmp_path)['annotations']
    assert first['keypoints'][6:9] == [0, 0, 0]
    assert first['num_keypoints'] == 4
    assert second['num_keypoints'] == 5
    assert report.points == 9


def test_millimetres_come_from_the_table_and_shrink_along(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', count=2)
    points, _ = as_format('csv', tmp_path / 'points', clinic)
    table = tmp_path / 'subjects.csv'
    table.write_text(
        'Photo;Patient ID;Centre;mm_per_px;age;Name\n'
        'child0_visit0;P1;Leeds;0,25;4,5;Jane Doe\n'
        'child0_visit1.png;P1;Leeds;;;Jane Doe\n'
    )
    report = run(tmp_path, points, table=str(table))
    first, second = content_of(tmp_path)['images']
    ratio = first['source_crop'][2] / first['width']
    assert first['mm_per_px'] == pytest.approx(0.25 * ratio)
    assert (first['subject'], first['site'], first['age']) == (
        'P1',
        'Leeds',
        4.5,
    )
    assert 'mm_per_px' not in second
    assert report.with_scale == 1
    assert 'Jane' not in json.dumps(content_of(tmp_path))
    assert any('Name' in note for note in report.notes)


def test_distances_in_mm_are_those_of_the_photograph(tmp_path):
    """A ruler of 30 mm between two of the points."""
    clinic = make_clinic(tmp_path / 'photos', count=1)
    points, _ = as_format('csv', tmp_path / 'points', clinic)
    (truth,) = clinic.values()
    options = dict(
        scale_points=('cheilion_R', 'cheilion_L'), scale_length_mm=30.0
    )
    run(tmp_path, points, options)
    ((image, keypoints, _),) = pictures_of(tmp_path)
    # The ends of the ruler are no landmarks.
    names = content_of(tmp_path)['categories'][0]['keypoints']
    assert names == ['exo_R', 'exo_L', 'subnasale']
    in_set = np.linalg.norm(keypoints[0, :2] - keypoints[1, :2])
    ruler = np.linalg.norm(truth[3] - truth[4])
    expected = np.linalg.norm(truth[0] - truth[1]) * 30 / ruler
    assert in_set * image['mm_per_px'] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('unit, factor', [('mm', 1), ('cm', 10)])
def test_the_scale_of_a_tps_file_needs_its_unit(tmp_path, unit, factor):
    clinic = make_clinic(tmp_path / 'photos', count=1, size=SIZE)
    points, extra = as_format('tps', tmp_path / 'points', clinic)
    with open(points, 'a') as file:
        file.write('\nSCALE=0.02\n')
    report = run(tmp_path, points, dict(scale_unit=unit), **extra)
    (image,) = content_of(tmp_path)['images']
    ratio = image['source_crop'][2] / image['width']
    assert image['mm_per_px'] == pytest.approx(0.02 * factor * ratio)
    (tmp_path / 'set').rename(tmp_path / 'other')
    report = run(tmp_path, points, **extra)
    assert report.with_scale == 0
    assert any('--scale-unit' in note for note in report.notes)


def test_subject_and_site_from_folders(tmp_path):
    for site, child in (('leeds', 'c1'), ('york', 'c1'), ('york', 'c2')):
        make_clinic(tmp_path / 'photos' / site / child, count=1)
    truth = face_points(SIZE, seed=0)
    names = ['leeds/c1', 'york/c1', 'york/c2']
    table = {f'{n}/child0_visit0.png': truth for n in names}
    points, _ = as_format('csv', tmp_path / 'points', table)
    run(tmp_path, points, dict(site_from='folder', subject_from='folder'))
    images = content_of(tmp_path)['images']
    assert [i['site'] for i in images] == ['leeds', 'york', 'york']
    # Two clinics' c1 are two children.
    assert len({i['subject'] for i in images}) == 3


@pytest.mark.parametrize(
    'folders',
    [
        ('c1/visit1', 'c1/visit2', 'c2/visit1'),
        ('c1/c1_before', 'c1/c1_after', 'c2/c2_before'),
        ('c1', 'c1/visit2', 'c2'),
    ],
)
def test_folders_in_folders_are_asked_about(tmp_path, folders):
    for folder in folders:
        make_clinic(tmp_path / 'photos' / folder, count=1)
    truth = face_points(SIZE, seed=0)
    table = {f'{folder}/child0_visit0.png': truth for folder in folders}
    points, _ = as_format('csv', tmp_path / 'points', table)
    with pytest.raises(InputError) as error:
        run(tmp_path, points, dict(subject_from='folder'))
    assert 'first-folder' in error.value.cure
    assert not (tmp_path / 'set').exists()
    for choice, expected in (
        ('first-folder', ['c1', 'c1', 'c2']),
        ('last-folder', list(folders)),
    ):
        run(tmp_path, points, dict(subject_from=choice))
        images = content_of(tmp_path)['images']
        assert [i['subject'] for i in images] == expected
        (tmp_path / 'set').rename(tmp_path / choice)


def test_a_photograph_of_a_site_without_subject_is_left_out(tmp_path):
    for folder in ('leeds/c1/visit1', 'leeds/c1/visit2', 'york'):
        make_clinic(tmp_path / 'photos' / folder, count=1)
    truth = face_points(SIZE, seed=0)
    table = {
        f'{folder}/child0_visit0.png': truth
        for folder in ('leeds/c1/visit1', 'leeds/c1/visit2', 'york')
    }
    points, _ = as_format('csv', tmp_path / 'points', table)
    options = dict(site_from='folder', subject_from='first-folder')
    report = run(tmp_path, points, options)
    assert [row.code for row in report.rows.values()] == [
        '',
        '',
        'subject unknown',
    ]
    assert report.subjects == 1


def test_codes_stand_for_subjects_and_the_mapping_tells(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', count=3)
    points, _ = as_format('csv', tmp_path / 'points', clinic)
    mapping = tmp_path / 'private' / 'who.csv'
    options = dict(subject_pattern='^([a-z]+[0-9]+)_', subject_codes=True)
    run(tmp_path, points, options, mapping=str(mapping))
    text = json.dumps(content_of(tmp_path))
    assert 'child' not in text
    subjects = [i['subject'] for i in content_of(tmp_path)['images']]
    assert subjects == ['s0001', 's0001', 's0002']
    lines = mapping.read_text(encoding='utf-8-sig').splitlines()
    assert lines[1:] == [
        '000001.jpg,child0_visit0.png,s0001,child0',
        '000002.jpg,child0_visit1.png,s0001,child0',
        '000003.jpg,child1_visit0.png,s0002,child1',
    ]
    assert mapping.stat().st_mode & 0o077 == 0


def test_small_photographs_are_not_enlarged_unless_asked(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', count=1)
    points, _ = as_format('csv', tmp_path / 'points', clinic)
    report = run(tmp_path, points, dict(size=1000))
    (image,) = content_of(tmp_path)['images']
    assert image['width'] == image['source_crop'][2] < 1000
    assert [code for code, _ in report.rows[1].notes if code == 'small']
    (tmp_path / 'set').rename(tmp_path / 'other')
    report = run(tmp_path, points, dict(size=1000, enlarge=True))
    (image,) = content_of(tmp_path)['images']
    assert image['width'] == 1000
    assert not [code for code, _ in report.rows[1].notes if code == 'small']


@pytest.mark.real_data
@pytest.mark.parametrize('size', [256, 1024])
def test_real_photographs_with_templates(tmp_path, shared_root, size):
    """Against the published crops of the same photographs and templates."""
    root = shared_root / 'data'
    published = json.loads(
        (root / 'frl_faces/annotations/landmarks19.json').read_text()
    )
    readme = (root / 'frl_faces/README.md').read_text()
    mapping = readme.split('189-point template: ')[1].split('.\n')[0]
    lines = ['='.join(part.split()) for part in mapping.split(', ')]
    (tmp_path / 'names.txt').write_text('\n'.join(lines))
    raw = str(root / 'frl_raw/inst')
    report = prepare(
        raw,
        raw,
        str(tmp_path / 'set'),
        PrepareOptions(size=size, enlarge=True),
        landmarks=str(tmp_path / 'names.txt'),
        count_from=0,
        mapping=str(tmp_path / 'who.csv'),
        progress=False,
    )
    assert report.exit_status == 0
    who = dict(
        line.split(',')[:2]
        for line in (tmp_path / 'who.csv').read_text().splitlines()[1:]
    )
    truth = {}
    for image, annotation in zip(
        published['images'], published['annotations']
    ):
        stem = image['file_name'].split('_', 1)[1]
        x, y, side = image['source_crop']
        points = np.reshape(annotation['keypoints'], (-1, 3))[:, :2]
        truth[stem] = back(points, (x, y), (side, side), (256, 256))
    for image, keypoints, pixels in pictures_of(tmp_path):
        stem = who[image['file_name']].split('/')[-1]
        assert pixels.shape == (size, size, 3)
        there = in_photograph(image, keypoints[:, :2])
        # The published ones are rounded to 1/100 px of a crop.
        assert_allclose(there, truth[stem], atol=0.05)
