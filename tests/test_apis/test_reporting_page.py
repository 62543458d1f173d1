"""A report as its reader gets it, from real trainings of toy networks."""

import base64
import json
import os
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from mmengine.runner import Runner
from trained_work_dir import (
    REGRESSION,
    SECRET,
    SUBJECTS,
    annotations,
    change_checkpoint,
    train,
    training_config,
    write_patients,
)

from mmpose_ctd.apis.reporting import prediction, write_report
from mmpose_ctd.apis.reporting.result_cache import FILE_NAME
from mmpose_ctd.apis.reporting.system import read_run
from mmpose_ctd.errors import InputError, MissingFileError

pytestmark = pytest.mark.slow


class Page(HTMLParser):
    """Elements of a page, its tables and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.tables, self.words = [], [], []
        self.source, self.last = text, ''
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == 'table':
            self.tables.append([])
        if tag == 'tr':
            self.tables[-1].append([])
        if tag in ('td', 'th'):
            self.tables[-1][-1].append('')
        self.last = tag

    def handle_data(self, data):
        self.words.append(data)
        if self.last in ('td', 'th', 'br', 'wbr') and data.strip():
            self.tables[-1][-1][-1] += data.strip() + ' '

    @property
    def text(self):
        return ' '.join(' '.join(self.words).split())

    @property
    def images(self):
        return [a for tag, a in self.elements if tag == 'img']


@pytest.fixture(scope='module')
def patients(tmp_path_factory):
    return write_patients(tmp_path_factory.mktemp('ward_seven') / 'patients')


@pytest.fixture(scope='module')
def trained(tmp_path_factory, patients):
    place = tmp_path_factory.mktemp('work_dirs')
    return [train(place / f'run{s}', patients, seed=s) for s in (0, 1)]


@pytest.fixture
def light(monkeypatch):
    """Without measures, whose intervals take longer than all else."""
    module = 'mmpose_ctd.apis.reporting.page.measure_sections'
    monkeypatch.setattr(module, lambda systems: [])


def report(out, systems, **options):
    said = []
    failed = write_report(systems, out, say=said.append, **options)
    return Page(out.read_text(encoding='utf-8')), failed, said


@pytest.fixture(scope='module')
def page(tmp_path_factory, trained):
    out = tmp_path_factory.mktemp('out') / 'report.html'
    systems = {'A': [trained[0]], 'B': [trained[1]]}
    found, failed, _ = report(out, systems, photographs=True)
    assert not failed
    return found


def decoded(page):
    """The page with what its data URIs hold."""
    parts = [page.source.encode()]
    for data in re.findall(r'base64,([\w+/=]+)', page.source):
        parts.append(base64.b64decode(data))
    return b'\n'.join(parts)


@pytest.mark.parametrize('photographs', [False, True])
def test_nobody_and_no_folder_is_named(
    tmp_path, trained, patients, photographs
):
    found, _, _ = report(
        tmp_path / 'r.html', {'A': [trained[0]]}, photographs=photographs
    )
    content = decoded(found)
    secrets = [*SUBJECTS, SECRET, str(patients), str(tmp_path), 'ward_seven']
    for secret in (*secrets, str(trained[0].parent), 'Exif', 'patients'):
        assert secret.encode() not in content, secret
    # They were there to be found.
    config = next(trained[0].glob('*.py')).read_text()
    assert str(patients) in config
    photo = next((patients / 'images').glob('*.jpg')).read_bytes()
    assert SECRET.encode() in photo and b'Exif' in photo


def test_what_is_kept_names_nobody(trained, page, patients):
    with np.load(trained[0] / FILE_NAME, allow_pickle=False) as file:
        content = repr({key: file[key].tolist() for key in file.files})
    assert not any(s in content for s in (*SUBJECTS, str(patients)))


def test_nothing_is_fetched_and_nothing_runs(page):
    for tag, attributes in page.elements:
        assert tag not in ('script', 'iframe', 'object', 'embed', 'base')
        for key, value in attributes.items():
            assert not key.startswith('on')
            if key in ('src', 'href', 'srcset', 'action', 'data'):
                assert value.startswith(('data:', '#')), value
    style = page.source.partition('<style>')[2].partition('</style>')[0]
    assert 'url(' not in style and '@import' not in style


def test_a_screen_reader_is_told_everything(page):
    assert ('html', {'lang': 'en'}) in page.elements
    assert len(page.images) >= 10
    for image in page.images:
        assert len(image['alt']) > 10
        assert int(image['width']) > 0 and int(image['height']) > 0
    heads = [a for tag, a in page.elements if tag == 'th']
    assert heads and all(a.get('scope') in ('row', 'col') for a in heads)
    targets = {a['id'] for _, a in page.elements if 'id' in a}
    links = {a['href'][1:] for tag, a in page.elements if tag == 'a'}
    assert links and links <= targets


def test_numbers_are_those_of_a_test(tmp_path, trained, page, patients):
    """By mmengine's own test loop, not by what the report runs."""
    config = training_config(tmp_path / 'tested', patients)
    config['load_from'] = str(trained[0] / 'epoch_2.pth')
    runner = Runner.from_cfg(config)
    runner.test()
    expected = runner.test_evaluator.metrics[0].report
    assert read_run(trained[0]).report == expected
    row = page.tables[0][1]
    me = expected['metrics']['ME']
    told = f'{me["value"]:.2f} [{me["low"]:.2f}, {me["high"]:.2f}] '
    assert row[:2] == ['A ', told]


def test_difference_is_of_the_same_faces(trained, page):
    first, second = (read_run(folder).report for folder in trained)
    change = np.subtract(second['image_errors'], first['image_errors'])
    told = page.tables[0][2][-1].split()[0].replace('−', '-')
    assert float(told) == pytest.approx(change.mean(), abs=6e-4)


def test_sections_are_there(page):
    for words in (
        '6 test images of 3 subjects',
        'london',
        'subnasale',
        'philtrum_length (mm)',
        'This page shows photographs of people.',
        'The worst face of 6, by A',
        'A: heat-map',
        '4 subjects 8 images',
        'trained once, with one seed',
        'The test set has 3 subjects.',
    ):
        assert words in page.text.replace('_ ', '_'), words


@pytest.mark.usefixtures('light')
def test_without_photographs_no_pixel_of_them_is_read(
    tmp_path, trained, monkeypatch
):
    from mmpose_ctd.apis.reporting import face_section

    def refuse(*_):
        raise AssertionError('a photograph was read')

    monkeypatch.setattr(face_section, '_image', refuse)
    found, _, _ = report(tmp_path / 'r.html', {'A': [trained[0]]})
    assert 'No photographs, names, ids' in found.text
    assert 'A: heat-map' in found.text
    with pytest.raises(AssertionError):
        report(tmp_path / 'p.html', {'A': [trained[0]]}, photographs=True)


def test_second_report_predicts_nothing(tmp_path, trained, page, monkeypatch):
    def refuse(*_):
        raise AssertionError('predicted again')

    monkeypatch.setattr(prediction.Predictor, '__init__', refuse)
    systems = {'A': [trained[0]], 'B': [trained[1]]}
    found, _, said = report(tmp_path / 'r.html', systems, photographs=True)
    assert found.source == page.source and not said


@pytest.mark.usefixtures('light')
def test_seeds_are_a_mean_and_a_deviation(tmp_path, trained):
    found, _, _ = report(tmp_path / 'r.html', {'A': trained})
    values = [read_run(f).report['metrics']['ME']['value'] for f in trained]
    told = f'{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}'
    name, me = found.tables[0][1][:2]
    assert name == 'A 2 seeds ' and me.startswith(told)
    assert 'trained once' not in found.text


def copy_of(folder, to):
    shutil.copytree(folder, to)
    return to


def test_what_changed_is_tested_anew(tmp_path, trained, patients):
    folder = copy_of(trained[0], tmp_path / 'run')
    said = []
    before = read_run(folder, say=said.append)
    assert not before.fresh and not said

    # A file that was cut off.
    data = (folder / FILE_NAME).read_bytes()
    (folder / FILE_NAME).write_bytes(data[: len(data) // 2])
    mended = read_run(folder, say=said.append)
    assert mended.fresh and 'testing anew' in said[0]
    assert mended.report == before.report

    change_checkpoint(folder)
    other = read_run(folder)
    assert other.fresh
    assert other.report['image_errors'] != before.report['image_errors']

    data = shutil.copytree(patients, tmp_path / 'data')
    options = {'test_dataloader.dataset.data_root': str(data)}
    assert read_run(folder, options).report == other.report
    assert not read_run(folder, options).fresh
    file, content = annotations(data)
    for annotation in content['annotations']:
        annotation['keypoints'][0] += 5
    file.write_text(json.dumps(content))
    moved = read_run(folder, options)
    assert moved.fresh
    assert moved.report['image_errors'] != other.report['image_errors']
    # A photograph of another day.
    for photo in (data / 'images').iterdir():
        os.utime(photo, (0, 0))
    assert read_run(folder, options).fresh


@pytest.mark.usefixtures('light')
def test_bad_work_dirs_are_told_and_the_rest_is_done(tmp_path, trained):
    empty = tmp_path / 'empty'
    empty.mkdir()
    bare = copy_of(trained[0], tmp_path / 'bare')
    for file in bare.glob('*.pth'):
        file.unlink()
    moved = copy_of(trained[0], tmp_path / 'moved')
    for config in [*moved.glob('*.py'), *moved.glob('*/vis_data/*.py')]:
        text = config.read_text()
        text = re.sub(r"data_root=\s*'[^']*'", "data_root='no/where'", text)
        config.write_text(text)
    wrong = copy_of(trained[0], tmp_path / 'wrong')
    for config in [*wrong.glob('*.py'), *wrong.glob('*/vis_data/*.py')]:
        text = config.read_text().replace('UDPHeatmap', 'NoSuchHeatmap')
        config.write_text(text)
    folders = [tmp_path / 'none', empty, bare, moved, wrong]
    systems = {'A': [trained[0]]} | {f.name: [f] for f in folders}
    found, failed, _ = report(tmp_path / 'r.html', systems)
    words = [
        'no such folder',
        'no config',
        'no checkpoint',
        'no/where',
        'NoSu',
    ]
    assert len(failed) == len(words)
    for line, folder, word in zip(failed, folders, words):
        assert line.startswith(str(folder)) and word in line
        assert '\n' not in line
    assert len(found.tables[0]) == 2
    assert '5 of the work dirs' in found.text
    with pytest.raises(InputError, match='no work dir can be reported'):
        write_report({'x': folders[:1], 'y': [empty]}, tmp_path / 'no.html')
    assert not (tmp_path / 'no.html').exists()
    with pytest.raises(InputError, match='no such folder'):
        write_report({'x': folders[:1]}, tmp_path / 'no.html')


@pytest.mark.usefixtures('light')
def test_another_test_set_is_not_compared(tmp_path, trained):
    def fewer(content):
        for annotation in content['annotations'][-4:]:
            annotation['keypoints'][0] += 3

    root = write_patients(tmp_path / 'data', change=fewer)
    other = train(tmp_path / 'other', root)
    found, failed, _ = report(
        tmp_path / 'r.html', {'A': [trained[0]], 'C': [other]}
    )
    assert not failed
    assert 'Not comparable with the first system: C: tested with' in found.text
    assert [row[0] for row in found.tables[0][1:]] == ['A ']
    assert [row[0] for row in found.tables[1][1:]] == ['C ']
    # As a seed of A it is a mistake.
    _, failed, _ = report(tmp_path / 'r.html', {'A': [trained[0], other]})
    assert len(failed) == 1 and 'test_set' in failed[0]


@pytest.mark.usefixtures('light')
def test_head_without_heatmaps(tmp_path, patients):
    folder = train(tmp_path / 'regression', patients, head=REGRESSION)
    found, failed, _ = report(tmp_path / 'r.html', {'A': [folder]})
    assert not failed
    assert 'gives no heat-maps' in found.text
    assert 'A: heat-map' not in found.text


def test_missing_landmarks_and_those_of_one_side(tmp_path):
    """One landmark that nobody has, and one that some lack."""

    def hide(content):
        for i, annotation in enumerate(content['annotations']):
            points = annotation['keypoints']
            points[6:9] = [0, 0, 0]
            if i % 2:
                points[0:3] = [0, 0, 0]

    root = write_patients(tmp_path / 'data', change=hide)
    folder = train(tmp_path / 'run', root)
    found, failed, _ = report(
        tmp_path / 'r.html', {'A': [folder]}, photographs=True
    )
    assert not failed
    rows = {row[0].replace(' ', ''): row for t in found.tables for row in t}
    assert rows['subnasale'][1:] == ['0 ', '– ']
    assert rows['exocanthion_R'][1] == '3 '
    assert rows['palpebral_fissure_length_R(mm)'][1] == '3 '
    assert 'Nobody has all landmarks of philtrum_length.' in found.text
    assert 'nan' not in found.text.lower().replace('alignment', '')


@pytest.mark.usefixtures('light')
def test_own_metric_settings_are_used(tmp_path, patients):
    metric = dict(
        type='LandmarkErrorMetric',
        unit='mm',
        threshold=2.0,
        per='landmark',
        include_ids=True,
        num_bootstrap=0,
    )
    folder = train(tmp_path / 'mm', patients, metric=metric)
    found, _, _ = report(tmp_path / 'r.html', {'A': [folder]})
    assert found.tables[0][0][1:3] == ['ME (mm) ', 'AUC at 2 ']
    assert not any(s in found.source for s in SUBJECTS)


def test_out_must_be_a_page(tmp_path, trained):
    with pytest.raises(InputError, match='ending in .html'):
        write_report({'A': [trained[0]]}, tmp_path / 'report.pdf')


def test_folder_that_is_missing_is_a_missing_file(tmp_path):
    with pytest.raises(MissingFileError):
        read_run(tmp_path / 'none')
