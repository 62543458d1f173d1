"""A report as its reader gets it, from real trainings of toy networks."""

import base64
import functools
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
    train,
    training_config,
    write_patients,
)

from mmpose_ctd.apis.reporting import (
    errors,
    faces,
    page,
    report,
    training,
)
from mmpose_ctd.apis.reporting.system import read_run
from mmpose_ctd.errors import InputError

pytestmark = pytest.mark.slow


DATA_ROOT = r"data_root=\s*'[^']*'"


def change_configs(folder, old, new):
    """Substitute in all copies of a work dir's config."""
    for config in [*folder.glob('*.py'), *folder.glob('*/vis_data/*.py')]:
        config.write_text(re.sub(old, new, config.read_text()))


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

    @property
    def decoded(self):
        """The source with the contents of its data URIs."""
        data = re.findall(r'base64,([\w+/=]+)', self.source)
        return b'\n'.join([self.source.encode(), *map(base64.b64decode, data)])


@pytest.fixture(scope='module')
def patients(tmp_path_factory):
    return write_patients(tmp_path_factory.mktemp('ward_seven') / 'patients')


@pytest.fixture(scope='module')
def trained(tmp_path_factory, patients):
    place = tmp_path_factory.mktemp('work_dirs')
    return [train(place / f'run{s}', patients, seed=s) for s in (0, 1)]


@pytest.fixture
def light(monkeypatch):
    """Without measures and curves, which take longer than all else."""
    monkeypatch.setattr(page, 'measure_sections', lambda systems: [])
    monkeypatch.setattr(training, '_curves', lambda *_: [])


def report_of(out, systems, **options):
    failed = report(systems, out, **options)
    return Page(out.read_text(encoding='utf-8')), failed


@pytest.fixture(scope='module')
def shown(tmp_path_factory, trained):
    """A page of two systems, with photographs."""
    out = tmp_path_factory.mktemp('out') / 'report.html'
    systems = {'A': [trained[0]], 'B': [trained[1]]}
    with pytest.MonkeyPatch.context() as patch:
        few = functools.partial(errors.agreement, num_bootstrap=50)
        patch.setattr(errors, 'agreement', few)
        found, failed = report_of(out, systems, photographs=True)
    assert not failed
    return found


def test_nobody_and_no_folder_is_named(
    tmp_path, trained, patients, shown, light
):
    hidden, _ = report_of(tmp_path / 'r.html', {'A': [trained[0]]})
    secrets = [*SUBJECTS, SECRET, str(patients), str(tmp_path), 'ward_seven']
    secrets += [str(trained[0].parent), 'Exif', 'patients']
    for content in (shown.decoded, hidden.decoded):
        for secret in secrets:
            assert secret.encode() not in content, secret
    # They were there to be found.
    config = next(trained[0].glob('*.py')).read_text()
    assert str(patients) in config
    photo = next((patients / 'images').glob('*.jpg')).read_bytes()
    assert SECRET.encode() in photo and b'Exif' in photo


def test_nothing_is_fetched_nothing_runs_and_all_is_accessible(shown):
    for tag, attributes in shown.elements:
        assert tag not in ('script', 'iframe', 'object', 'embed', 'base')
        for key, value in attributes.items():
            assert not key.startswith('on')
            if key in ('src', 'href', 'srcset', 'action', 'data'):
                assert value.startswith(('data:', '#')), value
    style = shown.source.partition('<style>')[2].partition('</style>')[0]
    assert 'url(' not in style and '@import' not in style
    assert "default-src 'none'" in shown.source
    assert ('html', {'lang': 'en'}) in shown.elements
    assert len(shown.images) >= 10
    for image in shown.images:
        assert len(image['alt']) > 10
        assert int(image['width']) > 0 and int(image['height']) > 0
    heads = [a for tag, a in shown.elements if tag == 'th']
    assert heads and all(a.get('scope') in ('row', 'col') for a in heads)
    targets = {a['id'] for _, a in shown.elements if 'id' in a}
    links = {a['href'][1:] for tag, a in shown.elements if tag == 'a'}
    assert links and links <= targets


def test_numbers_are_those_of_a_test(tmp_path, trained, shown, patients):
    """By mmengine's own test loop, not by the report's."""
    config = training_config(tmp_path / 'tested', patients)
    config['load_from'] = str(trained[0] / 'epoch_2.pth')
    runner = Runner.from_cfg(config)
    runner.test()
    expected = runner.test_evaluator.metrics[0].report
    first, second = (read_run(folder).report for folder in trained)
    assert first == expected
    me = expected['metrics']['ME']
    cell = f'{me["value"]:.2f} [{me["low"]:.2f}, {me["high"]:.2f}] '
    assert shown.tables[0][1][:2] == ['A ', cell]
    change = np.subtract(second['image_errors'], first['image_errors'])
    cell = shown.tables[0][2][-1].split()[0].replace('−', '-')
    assert float(cell) == pytest.approx(change.mean(), abs=6e-4)


def test_sections_are_there(shown):
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
    ):
        assert words in shown.text.replace('_ ', '_'), words


@pytest.mark.usefixtures('light')
def test_photographs_are_read_only_if_wanted(tmp_path, trained, monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(faces, 'read_upright', refuse)
    systems = {'A': [trained[0]]}
    found, _ = report_of(tmp_path / 'r.html', systems)
    assert 'no photographs, names, ids' in found.text
    assert 'A: heat-map' in found.text
    with pytest.raises(AssertionError):
        report_of(tmp_path / 'p.html', systems, photographs=True)


@pytest.mark.usefixtures('light')
def test_seeds_are_a_mean_and_a_deviation(tmp_path, trained):
    found, _ = report_of(tmp_path / 'r.html', {'A': trained})
    values = [read_run(f).report['metrics']['ME']['value'] for f in trained]
    cell = f'{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}'
    name, me = found.tables[0][1][:2]
    assert name == 'A 2 seeds ' and me.startswith(cell)
    assert 'trained once' not in found.text


@pytest.mark.usefixtures('light')
def test_bad_work_dirs_are_listed_and_the_others_reported(tmp_path, trained):
    moved, wrong = (
        shutil.copytree(trained[0], tmp_path / name)
        for name in ('moved', 'wrong')
    )
    change_configs(moved, DATA_ROOT, "data_root='no/where'")
    change_configs(wrong, 'UDPHeatmap', 'NoSuchHeatmap')
    folders = [tmp_path / 'none', moved, wrong]
    systems = {'A': [trained[0]]} | {f.name: [f] for f in folders}
    found, failed = report_of(tmp_path / 'r.html', systems)
    words = ['folder', 'no/where', 'NoSuchHeatmap']
    assert len(failed) == len(words)
    for line, folder, word in zip(failed, folders, words):
        assert line.startswith(str(folder)) and word in line
        assert '\n' not in line
    assert len(found.tables[0]) == 2
    assert '3 of the work dirs' in found.text
    with pytest.raises(InputError) as caught:
        report({'x': folders[:1], 'y': [moved]}, tmp_path / 'no.html')
    assert all(str(f) in str(caught.value) for f in folders[:2])
    assert not (tmp_path / 'no.html').exists()
    with pytest.raises(InputError) as caught:
        report({'A': [trained[0]]}, tmp_path / 'report.pdf')
    assert caught.value.where.endswith('report.pdf')


@pytest.mark.usefixtures('light')
def test_another_test_set_is_not_compared(tmp_path, trained):
    def moved(content):
        for annotation in content['annotations'][-4:]:
            annotation['keypoints'][0] += 3

    root = write_patients(tmp_path / 'data', change=moved)
    other = shutil.copytree(trained[1], tmp_path / 'other')
    change_configs(other, DATA_ROOT, f"data_root='{root}'")
    found, failed = report_of(
        tmp_path / 'r.html', {'A': [trained[0]], 'C': [other]}
    )
    assert not failed
    assert 'Not comparable with the first system: C: tested with' in found.text
    assert [row[0] for row in found.tables[0][1:]] == ['A ']
    assert [row[0] for row in found.tables[1][1:]] == ['C ']
    # As a seed of A it is a mistake.
    _, failed = report_of(tmp_path / 'r.html', {'A': [trained[0], other]})
    assert len(failed) == 1 and 'test_set' in failed[0]


@pytest.mark.usefixtures('light')
def test_head_without_heatmaps_and_own_metric(tmp_path, patients):
    metric = dict(type='LandmarkErrorMetric', unit='mm', threshold=2.0)
    metric |= dict(per='landmark', include_ids=True, num_bootstrap=0)
    folder = train(
        tmp_path / 'regression', patients, head=REGRESSION, metric=metric
    )
    found, failed = report_of(tmp_path / 'r.html', {'A': [folder]})
    assert not failed
    assert 'A: no heat-maps' in found.text
    assert 'A: heat-map' not in found.text
    assert found.tables[0][0][1:3] == ['ME (mm) ', 'AUC at 2 ']
    assert not any(s in found.source for s in SUBJECTS)


def test_missing_landmarks(tmp_path):
    """One landmark that no image has, and one that some lack."""

    def hide(content):
        for i, annotation in enumerate(content['annotations']):
            points = annotation['keypoints']
            points[6:9] = [0, 0, 0]
            if i % 2:
                points[0:3] = [0, 0, 0]

    root = write_patients(tmp_path / 'data', change=hide)
    folder = train(tmp_path / 'run', root)
    found, failed = report_of(
        tmp_path / 'r.html', {'A': [folder]}, photographs=True
    )
    assert not failed
    rows = {row[0].replace(' ', ''): row for t in found.tables for row in t}
    assert rows['subnasale'][1:] == ['0 ', '– ']
    assert rows['exocanthion_R'][1] == '3 '
    assert rows['palpebral_fissure_length_R(mm)'][1] == '3 '
    assert 'No image has all landmarks of philtrum_length.' in found.text
    assert 'nan' not in found.text.lower().replace('alignment', '')
