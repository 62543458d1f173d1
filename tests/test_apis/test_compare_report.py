"""The report of a comparison, as its reader gets it."""

import csv
import re

import cv2
import numpy as np
import pytest
from comparison_runs import (  # noqa: F401
    LANDMARKS,
    draft,
    run,
    runs,
    some,
    table,
    write,
)

from mmpose_ctd.apis.comparing import report as report_module
from mmpose_ctd.errors import InputError


def study():
    """Several budgets, held-out sites, variants and a search."""
    records = runs()
    for site in ('london', '3dsk'):
        records += runs(
            ('FT', 'CTD-ED'), (40,), study='across', held_out=site,
            test_set=site,
        )  # fmt: skip
    records += [
        run(system, seed=s, study='length', variant=f'steps={n}', steps=n)
        for system in ('FT', 'CTD-ED')
        for n in (150, 3000)
        for s in (0, 1)
    ]
    records += [
        run(system, role='trial', test_set='val', options={'lr': lr})
        for system in ('FT', 'CTD-ED')
        for lr in (1e-4, 1e-3)
    ]
    return records


@pytest.fixture(scope='module')
def report(tmp_path_factory):
    out = tmp_path_factory.mktemp('report')
    order = dict(studies=['main', 'length'], systems=['HG', 'FT'])
    files, text = write(study(), out, **order)
    return out, files, text


def mean_errors(system, budget=20):
    return [run(system, budget, s)['errors'].mean() for s in (0, 1, 2)]


def numbers(text):
    text = text.replace('−', '-')
    return [float(x) for x in re.findall(r'[+-]?\d+\.?\d*', text)]


def test_all_files_are_written_and_linked(report):
    out, files, text = report
    assert {f.name for f in files} == {f.name for f in out.iterdir()}
    assert [f.name for f in files[:3]] == [
        'results.md',
        'results.html',
        'summary.csv',
    ]
    linked = re.findall(r'!\[.*?\]\((.*?)\)', text)
    pictures = {f.name for f in files if f.suffix == '.png'}
    assert set(linked) == pictures and len(linked) == len(pictures)
    assert {
        'ced_main_n010.png',
        'ced_across_london_n040.png',
        'learning_curve_main.png',
        'learning_panels_main.png',
    } <= pictures
    for name in pictures:
        assert cv2.imread(str(out / name)).std() > 5


def test_sections_are_there(report):
    _, _, text = report
    assert re.findall(r'^## (.*)', text, re.M) == [
        'Labels: main',
        'Errors: main',
        'Sites: main',
        'Landmarks: main',
        'Variants: length',
        'Held-out sites: across',
        'Search',
        'Runs and cost',
        'How to read the tables',
    ]
    for what, names in (('landmark', LANDMARKS),
                        ('site', ('3dsk (6)', 'london (6)'))):  # fmt: skip
        rows = table(text, f'10 labelled images: mean error of each {what}')
        assert {*rows} == {*names}
        assert [*rows[names[0]]] == [what, 'HG', 'FT', 'CTD-ED']
    cost = table(text, '**Runs and hours')
    assert cost['sum']['runs'] == str(len(study()))
    assert table(text, 'Cost of the search')['sum']['runs'] == '4'


def test_errors_are_those_of_the_runs(report):
    _, _, text = report
    row = table(text, '20 labelled images: errors')['CTD-ED']
    found = mean_errors('CTD-ED')
    assert numbers(row['ME ± SD (px)']) == pytest.approx(
        [np.mean(found), np.std(found, ddof=1)], abs=6e-4
    )
    errors = [run('CTD-ED', 20, s)['errors'].mean(axis=1) for s in (0, 1, 2)]
    areas = np.maximum(0, 1 - np.array(errors) / 5).mean(axis=1)
    assert numbers(row['AUC at 5 px'])[0] == pytest.approx(
        areas.mean(), abs=6e-4
    )
    assert numbers(row['FR at 2 px (%)'])[0] == pytest.approx(
        100 * (np.array(errors) > 2).mean(), abs=0.06
    )
    assert row['seeds'] == '3' and numbers(row['training (s)']) == [101, 1]


def test_differences_are_paired(report):
    _, _, text = report
    rows = table(text, '20 labelled images: ME less that of FT')
    assert set(rows) == {'CTD-ED', 'HG'}
    base, ours = mean_errors('FT'), mean_errors('CTD-ED')
    change = np.mean(ours) - np.mean(base)
    assert numbers(rows['CTD-ED']['difference (px)']) == pytest.approx(
        [change, 100 * change / np.mean(base)], abs=0.06
    )
    for column in ('[faces]', '[faces and seeds]<br>bootstrap'):
        low, high = numbers(rows['CTD-ED'][column])
        assert low < change < high
    apart = np.mean(
        [
            run('CTD-ED', 20, s)['errors'] - run('FT', 20, s)['errors']
            for s in (0, 1, 2)
        ],
        axis=(0, 2),
    )
    effect = apart.mean() / apart.std(ddof=1)
    assert numbers(rows['CTD-ED']['d_z'])[0] == pytest.approx(effect, abs=6e-3)
    better = sum(a < b for a, b in zip(ours, base))
    assert rows['CTD-ED']['better with'] == f'{better} of 3 seeds'
    overview = table(text, 'main: mean error against number')
    assert '%' in overview['CTD-ED']['n = 20']
    assert '%' not in overview['FT']['n = 20']


def test_csv_holds_all_cells(report):
    with (report[0] / 'summary.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9 + 4 + 4
    row = next(
        r
        for r in rows
        if (r['study'], r['system'], r['budget']) == ('main', 'HG', '20')
    )
    assert float(row['me']) == pytest.approx(
        np.mean(mean_errors('HG')), rel=1e-5
    )
    assert row['reference'] == 'FT' and row['shared_seeds'] == '0 1 2'
    assert all(r['difference'] == '' for r in rows if r['reference'] == '')


def test_the_page_fetches_and_runs_nothing(report):
    out, files, text = report
    page = (out / 'results.html').read_text(encoding='utf-8')
    assert "default-src 'none'" in page and '<script' not in page
    sources = re.findall(r'<img[^>]* src="(.{10})', page)
    assert len(sources) == sum(f.suffix == '.png' for f in files)
    assert all(source.startswith('data:image') for source in sources)
    links = re.findall(r'href="#(.*?)"', page)
    assert links and set(links) <= set(re.findall(r'id="(.*?)"', page))
    # Both pages have the same tables.
    assert page.count('<table') == text.count('\n| ---')


@pytest.mark.usefixtures('draft')
def test_records_in_another_order_give_the_same_bytes(tmp_path):
    first, _ = write(some(), tmp_path / 'a')
    second, _ = write(some()[::-1], tmp_path / 'b')
    assert [f.name for f in first] == [f.name for f in second]
    for one, other in zip(first, second):
        assert one.read_bytes() == other.read_bytes(), one.name


@pytest.mark.usefixtures('draft')
def test_the_search_has_its_cost_and_the_best_settings(tmp_path):
    trials = [
        run(role='trial', seed=s, options={'lr': lr}, factor=lr, seconds=1795)
        for lr in (1, 2)
        for s in (0, 1)
    ]
    trials += [run('HG', role='trial', variant='lr=3', test_set='val')]
    _, text = write([*some(), *trials], tmp_path)
    cost = table(text, 'Cost of the search')
    assert {*cost} == {'FT', 'HG', 'sum'}
    assert cost['FT']['hours'] == '2.00' and cost['FT']['with'] == 'lr=1'
    assert cost['FT']['settings tried'] == '2' and cost['FT']['runs'] == '4'
    assert cost['HG']['with'] == 'lr=3'
    mean = np.mean([run(seed=s)['errors'].mean() for s in (0, 1)])
    rows = table(text, 'FT: settings tried')
    for factor in (1, 2):
        found = numbers(rows[f'lr={factor}']['validation ME'])
        assert found == pytest.approx([factor * mean], abs=6e-4)
    assert 'unequal numbers of settings' in text


@pytest.mark.usefixtures('draft')
def test_no_folder_and_nobody_is_named(tmp_path):
    secret = '/srv/ward_seven/anna_smith'
    records = [
        *some(options={'data_root': secret}),
        run(role='trial', options={'data_root': f'{secret}/set'}),
    ]
    files, text = write(
        records, tmp_path, title=f'From {secret}', notes=[f'See {secret}.']
    )
    for file in files:
        content = file.read_bytes()
        for part in (b'ward_seven', b'anna', str(tmp_path).encode()):
            assert part not in content, file.name


@pytest.mark.usefixtures('draft')
def test_names_are_no_markup_and_figures_stay_apart(tmp_path):
    name = 'a|b <script>alert(1)</script>'
    records = [
        r | {'study': study, 'system': r['system'].replace('CTD-ED', name)}
        for study in ('a b', 'a_b')
        for r in some()
    ]
    files, text = write(records, tmp_path, title=name)
    assert '<script' not in text
    assert '<script' not in (tmp_path / 'results.html').read_text()
    row = table(text, '20 labelled images: ME less that of FT')
    assert list(row) == [r'a\|b &lt;script>alert(1)&lt;/script>']
    assert all(re.fullmatch(r'[\w.]+', f.name) for f in files)
    linked = re.findall(r'\((.*?\.png)\)', text)
    assert len(linked) == len(set(linked))
    assert {'ced_a_b_n010.png', 'ced_a_b_n010_2.png'} <= set(linked)


def test_what_cannot_be_reported_is_refused(tmp_path):
    with pytest.raises(InputError) as refused:
        write([], tmp_path)
    assert refused.value.where == 'report of Comparison'
    with pytest.raises(InputError) as refused:
        write([run(errors=np.full((12, 3), np.nan))], tmp_path)
    assert 'no image has an error' in refused.value.found
    with pytest.raises(InputError):
        write([run()], tmp_path, threshold=0)
    file = tmp_path / 'file'
    file.write_text('mine')
    with pytest.raises(InputError) as refused:
        write([run()], file)
    assert refused.value.where == str(file)
    assert file.read_text() == 'mine'


@pytest.mark.usefixtures('draft')
def test_a_failed_report_leaves_the_old_pages(tmp_path, monkeypatch):
    write(some(), tmp_path)
    before = {f: f.read_bytes() for f in tmp_path.iterdir()}

    def fail(path, content):
        raise OSError('disk full')

    monkeypatch.setattr(report_module, 'write_whole', fail)
    with pytest.raises(OSError, match='disk full'):
        write(some(seeds=(0, 1, 2)), tmp_path)
    assert {f: f.read_bytes() for f in tmp_path.iterdir()} == before


# Runs that are missing, alone or unlike each other


def one_subject(record):
    return record | {'subjects': np.zeros(len(record['subjects']), int)}


def without(record, which):
    """A record of which some errors are unknown."""
    return record | {'errors': np.where(which, np.nan, record['errors'])}


def but(system, budget):
    return [
        r for r in some() if (r['system'], r['budget']) != (system, budget)
    ]


INCOMPLETE = {
    'a single run': ([run('FT')], 'One seed only: FT'),
    'one image': (some(subjects=1), 'One test subject only'),
    'no baseline': (some(systems=('HG',)), 'There is no run of FT'),
    'other seeds': (
        [*some((0, 1), ('FT',)), *some((2, 3), ('HG',))],
        'HG: no seed in common with FT',
    ),
    'unequal seeds': (
        [*some((0, 1, 2), ('FT',)), *some((0, 1), ('HG',))],
        'The systems have different seeds (FT: 0 to 2; HG: 0 and 1).',
    ),
    'a system without a budget': (but('CTD-ED', 20), 'CTD-ED: n = 20.'),
    'unequal steps': (
        [*some(systems=('FT',)), *some(systems=('HG',), steps=900)],
        'Unequal training lengths: 300 steps FT; 900 steps HG.',
    ),
    'another commit': (
        [*some(), run('HG', 10, 0, commit='def+')],
        'abc1234 (8), def+ (1)',
    ),
    'another machine': (
        [*some(), run('HG', 10, 0, environment={'machine': 'H100'})],
        'different machine: H100, two cores',
    ),
    'perfect systems': (
        [r | {'errors': 0 * r['errors']} for r in some()],
        '0.000 ± 0.000',
    ),
    'equal systems': (
        [r | {'errors': run()['errors']} for r in some()],
        '+0.000 (+0.0 %)',
    ),
    'an unseen landmark': (
        [without(r, [0, 1, 0]) for r in some()],
        '| stomion | – | – |',
    ),
    'an image without landmarks': (
        [without(r, np.arange(12)[:, None] == 0) for r in some()],
        '12 test images',
    ),
}
#: Whose figures are rendered, too.
DRAWN = ('one image', 'perfect systems')


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('name', INCOMPLETE)
def test_the_page_says_what_is_missing(name, tmp_path, request):
    if name not in DRAWN:
        request.getfixturevalue('draft')
    records, said = INCOMPLETE[name]
    _, text = write(records, tmp_path)
    assert said in text
    assert 'nan' not in text
    assert not re.search(r'\binf\b', text)


@pytest.mark.usefixtures('draft')
@pytest.mark.parametrize(
    'records, unknown',
    [
        (
            [*map(one_subject, some())],
            {'[faces]', 'p (Holm)', '[faces and seeds]<br>t', 'd_z'},
        ),
        (
            some(seeds=(0,)),
            {'[faces and seeds]<br>bootstrap', '[faces and seeds]<br>t'},
        ),
    ],
    ids=['one subject', 'one seed'],
)
def test_unknown_intervals_are_dashes(records, unknown, tmp_path):
    _, text = write(records, tmp_path)
    row = table(text, '20 labelled images: ME less that of FT')['CTD-ED']
    assert {name for name, cell in row.items() if cell == '–'} >= unknown
    assert '–' not in row['difference (px)']
    # Nor a mark in the overview, which needs both.
    assert '*' not in table(text, 'against number of')['CTD-ED']['n = 20']
