"""From photographs and points to a set, pixels and coordinates together."""

import doctest
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
    wide_csv,
)
from clinic_formats import KINDS, SIZE, as_format
from numpy.testing import assert_allclose
from PIL import Image
from prepared_points import codes, content_of, keypoints_of, prepare_points
from refusals import refused

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.datasets.preparation import prepare
from mmpose_ctd.datasets.splits import make_splits


def pictures_of(folder):
    """Image record, keypoints (K, 3) and pixels, one picture after another."""
    images = content_of(folder)['images']
    for image, points in zip(images, keypoints_of(folder)):
        pixels = cv2.imread(str(folder / 'images' / image['file_name']))
        assert pixels.shape[:2] == (image['height'], image['width'])
        yield image, points, pixels


def in_photograph(image: dict, points: np.ndarray) -> np.ndarray:
    """Back to the photograph, by the formula in docs/prepare.md."""
    x, y, *sides = image['source_crop']
    scale = np.array(sides) / (image['width'], image['height'])
    return (points[:, :2] + 0.5) * scale - 0.5 + (x, y)


def run_example(function):
    """Run the example in a docstring."""
    runner = doctest.DocTestRunner()
    finder = doctest.DocTestFinder(recurse=False)
    (example,) = finder.find(function, globs={function.__name__: function})
    assert example.examples
    assert not runner.run(example).failed


def test_the_examples_of_the_docstrings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clinic = make_clinic(tmp_path / 'photographs', count=4, size=(96, 120))
    names = [f'c00{i // 2 + 1}_v{i % 2 + 1}.png' for i in range(4)]
    for old, new in zip(clinic, names):
        (tmp_path / 'photographs' / old).rename(f'photographs/{new}')
    (tmp_path / 'photographs/c002_v2.png').unlink()
    names[3] = 'c003_v1.png'
    points = dict(zip(names, clinic.values()))
    (tmp_path / 'points.csv').write_text(wide_csv(points))
    run_example(prepare)
    # Enough subjects to split.
    content = content_of(tmp_path / 'data/myset')
    for i, image in enumerate(content['images']):
        image['subject'] = f'c{i}'
    path = tmp_path / 'data/myset/annotations/landmarks.json'
    path.write_text(json.dumps(content))
    run_example(make_splits)


@pytest.mark.parametrize('kind', KINDS)
def test_every_format_gives_the_painted_dots(tmp_path, kind):
    clinic = make_clinic(tmp_path / 'photos', size=SIZE)
    points, extra = as_format(kind, tmp_path / 'points', clinic)
    options = dict(size=128, image_format='png', **extra)
    report = prepare_points(tmp_path, points=points, **options)
    assert report.exit_status == 0
    categories = content_of(report.out)['categories']
    assert categories[0]['keypoints'] == list(NAMES)
    for (image, keypoints, pixels), truth in zip(
        pictures_of(report.out), clinic.values(), strict=True
    ):
        assert image['width'] == image['height'] == 128
        assert (keypoints[:, 2] == 2).all()
        assert_allclose(in_photograph(image, keypoints), truth, atol=1e-4)
        for point in keypoints[:, :2]:
            found = spot_near(pixels, point, radius=7)
            assert_allclose(found, point, atol=0.1)


@pytest.mark.parametrize('crop, size', [('none', 0), ('face', 64)])
def test_every_crop_keeps_the_dots(tmp_path, crop, size):
    clinic = make_clinic(tmp_path / 'photos', count=1, size=SIZE)
    options = dict(crop=crop, size=size, image_format='png')
    report = prepare_points(tmp_path, clinic, **options)
    ((image, keypoints, pixels),) = pictures_of(report.out)
    scale = image['width'] / image['source_crop'][2]
    for point in keypoints[:, :2]:
        radius = max(3, round(11 * scale))
        assert_allclose(spot_near(pixels, point, radius), point, atol=0.15)


@pytest.mark.parametrize('orientation', [3, 6])
@pytest.mark.parametrize('frame', ['upright', 'stored', 'auto'])
def test_a_turned_photograph_keeps_its_dots(tmp_path, orientation, frame):
    """Points clicked upright, or in the stored pixels of a known size."""
    points = face_points(SIZE, seed=3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / 'photos').mkdir()
    path = tmp_path / 'photos/a.png'
    Image.fromarray(dotted(points, SIZE)).save(path, exif=exif)
    shown = cv2.imread(str(path))
    if frame == 'upright':
        # Measured in the picture that a viewer shows.
        places = _roughly_turned(points, orientation)
        points = np.array([spot_near(shown, p, radius=11) for p in places])
    text = wide_csv({'a.png': points})
    if frame == 'auto':
        first, row = text.splitlines()
        text = f'{first},width,height\n{row},{SIZE[0]},{SIZE[1]}\n'
        # Of a photograph turned by half, the size does not tell.
        frame = 'auto' if orientation >= 5 else 'stored'
    (tmp_path / 'p.csv').write_text(text)
    options = dict(frame=frame, image_format='png', size=None)
    report = prepare_points(tmp_path, points='p.csv', **options)
    assert report.exit_status == 0
    ((image, keypoints, pixels),) = pictures_of(report.out)
    assert image['source_size'] == [shown.shape[1], shown.shape[0]]
    for point in keypoints[:, :2]:
        assert_allclose(spot_near(pixels, point, radius=11), point, atol=0.1)


def _roughly_turned(points, orientation):
    u, v = (np.array(SIZE) - 1 - points).T
    first = {3: u, 6: v}[orientation]
    return np.stack([first, v if orientation == 3 else points[:, 0]], axis=1)


def test_only_pixels_of_the_file_are_written(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = 'Jane Doe'
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = 'N', (51.0, 30.0, 0.0)
    clinic = make_clinic(
        tmp_path / 'photos', count=2, suffix='.jpg', exif=exif, quality=95
    )
    pattern = '^([a-z]+[0-9]+)'
    out = prepare_points(tmp_path, clinic, subject_pattern=pattern).out
    files = sorted((out / 'images').iterdir())
    assert [file.name for file in files] == ['000001.jpg', '000002.jpg']
    for file in files:
        assert b'Exif' not in file.read_bytes()
        assert b'Jane' not in file.read_bytes()
    for path in [*out.glob('*.*'), out / 'annotations/landmarks.json']:
        text = path.read_text(encoding='utf-8-sig')
        assert str(tmp_path) not in text
        assert 'visit' not in text
    assert 'child0' not in (out / 'report.csv').read_text('utf-8-sig')


def test_the_set_loads_as_it_is_and_missing_points_stay_missing(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', count=5, size=(96, 120))
    clinic['child0_visit0.png'][2] = np.nan
    report = prepare_points(
        tmp_path, clinic, subject_pattern='^([a-z]+[0-9]+)_', site='x'
    )
    assert report.points == 24
    first = content_of(report.out)['annotations'][0]
    assert first['keypoints'][6:9] == [0, 0, 0]
    assert first['num_keypoints'] == 4
    (report.out / 'train.txt').write_text('child0\nchild2\n')
    dataset = CIFASDDataset(
        data_root=str(report.out),
        ann_file='annotations/landmarks.json',
        split='train.txt',
        num_keypoints=len(NAMES),
    )
    # Two images of the first child, one of the last.
    subjects = [dataset[i]['subject'] for i in range(len(dataset))]
    assert subjects == ['child0', 'child0', 'child2']
    assert dataset[0]['site'] == 'x'


def test_millimetres_come_from_the_table_and_shrink_along(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', count=2)
    table = tmp_path / 'subjects.csv'
    table.write_text(
        'Photo;Patient ID;Centre;mm_per_px;age;Name\n'
        'child0_visit0;P1;Leeds;0,25;4,5;Jane Doe\n'
        'child0_visit1.png;P1;Leeds;;;Jane Doe\n'
    )
    report = prepare_points(tmp_path, clinic, table=str(table))
    first, second = content_of(report.out)['images']
    ratio = first['source_crop'][2] / first['width']
    assert first['mm_per_px'] == pytest.approx(0.25 * ratio)
    found = [first[key] for key in ('subject', 'site', 'age')]
    assert found == ['P1', 'Leeds', 4.5]
    assert 'mm_per_px' not in second
    assert report.with_scale == 1
    assert 'Jane' not in json.dumps(content_of(report.out))
    assert any('Name' in note for note in report.notes)


def test_a_ruler_gives_millimetres(tmp_path):
    """30 mm between two of the points."""
    clinic = make_clinic(tmp_path / 'photos', count=1)
    report = prepare_points(
        tmp_path,
        clinic,
        scale_points=('cheilion_R', 'cheilion_L'),
        scale_length_mm=30.0,
    )
    (truth,) = clinic.values()
    ((image, keypoints, _),) = pictures_of(report.out)
    # The ends of the ruler are not landmarks.
    names = content_of(report.out)['categories'][0]['keypoints']
    assert names == ['exo_R', 'exo_L', 'subnasale']
    in_set = np.linalg.norm(keypoints[0, :2] - keypoints[1, :2])
    ruler = np.linalg.norm(truth[3] - truth[4])
    expected = np.linalg.norm(truth[0] - truth[1]) * 30 / ruler
    assert in_set * image['mm_per_px'] == pytest.approx(expected, rel=1e-6)


def test_the_scale_of_a_tps_file_needs_its_unit(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', count=1, size=SIZE)
    points, extra = as_format('tps', tmp_path / 'points', clinic)
    with open(points, 'a') as file:
        file.write('\nSCALE=0.02\n')
    report = prepare_points(tmp_path, points=points, dry_run=True, **extra)
    assert report.with_scale == 0
    assert any('--scale-unit' in note for note in report.notes)
    prepare_points(tmp_path, points=points, scale_unit='cm', **extra)
    (image,) = content_of(tmp_path / 'set')['images']
    ratio = image['source_crop'][2] / image['width']
    assert image['mm_per_px'] == pytest.approx(0.02 * 10 * ratio)


def in_folders(tmp_path, folders):
    """One photograph in each folder, and the points of all."""
    for folder in folders:
        make_clinic(tmp_path / 'photos' / folder, count=1, size=SIZE)
    truth = face_points(SIZE, seed=0)
    return {f'{folder}/child0_visit0.png': truth for folder in folders}


def test_subject_and_site_come_from_folders(tmp_path):
    folders = ['leeds/c1', 'leeds/c1/visit2', 'york/c1', 'york']
    clinic = in_folders(tmp_path, folders)
    options = dict(site_from='folder', subject_from='first-folder')
    report = prepare_points(tmp_path, clinic, **options)
    assert codes(report) == {4: 'subject unknown'}
    images = content_of(report.out)['images']
    assert [i['site'] for i in images] == ['leeds', 'leeds', 'york']
    # Two sites' c1 are two children.
    assert [i['subject'] for i in images] == ['leeds/c1'] * 2 + ['york/c1']


def test_folders_in_folders_need_a_statement(tmp_path):
    folders = ['c1/visit1', 'c1/visit2', 'c2', 'c2/visit1']
    clinic = in_folders(tmp_path, folders)
    with refused('--subject-from folder', cure='first-folder'):
        prepare_points(tmp_path, clinic, subject_from='folder')
    assert not (tmp_path / 'set').exists()
    out = prepare_points(tmp_path, clinic, subject_from='last-folder').out
    images = content_of(out)['images']
    assert [image['subject'] for image in images] == folders


@pytest.mark.parametrize('apart, alone', [(True, False), (False, True)])
def test_points_in_a_subfolder_name_its_photographs(tmp_path, apart, alone):
    """Apart from the photographs or among them; one file or all."""
    photos = tmp_path / 'photos'
    clinic = make_clinic(photos / 'v1', count=2, size=SIZE)
    make_clinic(photos / 'v2', count=1, size=SIZE)
    points = tmp_path / 'points' if apart else photos
    for visit in ('v2',) if alone else ('v1', 'v2'):
        (points / visit).mkdir(parents=True, exist_ok=True)
        (points / visit / 'points.csv').write_text(wide_csv(clinic))
    if alone:
        points = points / 'v2/points.csv'
    report = prepare_points(tmp_path, points=points, dry_run=True)
    assert codes(report) == {2 if alone else 4: 'image missing'}


def test_codes_stand_for_subjects_and_the_mapping_names_them(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', count=3)
    mapping = tmp_path / 'private' / 'who.csv'
    out = prepare_points(
        tmp_path,
        clinic,
        subject_pattern='^([a-z]+[0-9]+)_',
        subject_codes=True,
        mapping=str(mapping),
    ).out
    assert 'child' not in json.dumps(content_of(out))
    subjects = [i['subject'] for i in content_of(out)['images']]
    assert subjects == ['s0001', 's0001', 's0002']
    lines = mapping.read_text(encoding='utf-8-sig').splitlines()
    assert lines[1:] == [
        '000001.jpg,child0_visit0.png,s0001,child0',
        '000002.jpg,child0_visit1.png,s0001,child0',
        '000003.jpg,child1_visit0.png,s0002,child1',
    ]
    assert mapping.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize('enlarge', [False, True])
def test_small_photographs_are_enlarged_only_on_request(tmp_path, enlarge):
    clinic = make_clinic(tmp_path / 'photos', count=1)
    report = prepare_points(tmp_path, clinic, size=1000, enlarge=enlarge)
    (image,) = content_of(report.out)['images']
    assert image['width'] == (1000 if enlarge else image['source_crop'][2])
    assert image['source_crop'][2] < 1000
    assert ('small' in dict(report.rows[1].notes)) is not enlarge


def test_tables_of_a_set_hold_no_formulas(tmp_path):
    ((first, points),) = make_clinic(tmp_path / 'photos', 1, SIZE).items()
    (tmp_path / 'photos' / first).rename(tmp_path / 'photos/=cmd.png')
    report = prepare_points(
        tmp_path,
        {'=cmd.png': points},
        subject_pattern='^(.*).png',
        mapping=str(tmp_path / 'who.csv'),
        names_in_report=True,
    )
    for file in (tmp_path / 'who.csv', report.out / 'report.csv'):
        cells = file.read_text('utf-8-sig').replace('\n', ',').split(',')
        assert "'=cmd.png" in cells
        assert not any(cell.startswith('=') for cell in cells)


@pytest.mark.real_data
def test_real_photographs_with_templates(tmp_path, shared_root):
    """Against the published crops of the same photographs and templates."""
    root = shared_root / 'data'
    published = root / 'frl_faces/annotations/landmarks19.json'
    published = json.loads(published.read_text())
    readme = (root / 'frl_faces/README.md').read_text()
    mapping = readme.split('189-point template: ')[1].split('.\n')[0]
    lines = ['='.join(part.split()) for part in mapping.split(', ')]
    (tmp_path / 'names.txt').write_text('\n'.join(lines))
    raw = root / 'frl_raw/inst'
    report = prepare(
        raw,
        raw,
        tmp_path / 'set',
        size=1024,
        enlarge=True,
        landmarks=str(tmp_path / 'names.txt'),
        count_from=0,
        mapping=str(tmp_path / 'who.csv'),
    )
    assert report.exit_status == 0
    rows = (tmp_path / 'who.csv').read_text().splitlines()[1:]
    who = dict(row.split(',')[:2] for row in rows)
    truth = {}
    for image, annotation in zip(
        published['images'], published['annotations']
    ):
        x, y, side = image['source_crop']
        image = image | {'source_crop': [x, y, side, side]}
        points = np.reshape(annotation['keypoints'], (-1, 3))
        stem = image['file_name'].split('_', 1)[1]
        truth[stem] = in_photograph(image, points)
    for image, keypoints, pixels in pictures_of(report.out):
        stem = who[image['file_name']].split('/')[-1]
        assert pixels.shape == (1024, 1024, 3)
        # The published ones are rounded to 1/100 px of a crop.
        found = in_photograph(image, keypoints)
        assert_allclose(found, truth[stem], atol=0.05)
