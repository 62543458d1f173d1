"""The report of a comparison as its reader gets it."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from comparison_pages import draft, some, table, write  # noqa: F401
from comparison_runs import LANDMARKS, run, runs

from mmpose_ctd.errors import InputError


def numbers(text):
    text = text.replace('−', '-')
    return [float(x) for x in re.findall(r'[+-]?\d+\.?\d*', text)]


def study():
    """Something of everything."""
    records = runs()
    for site in ('london', '3dsk'):
        records += runs(
            ('FT', 'CTD-ED'),
            (40,),
            study='across',
            held_out=site,
            test_set=site,
        )
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
    files, text = write(study(), out, notes=['Made up.'])
    return out, files, text


def test_everything_is_written_and_linked(report):
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
        'variants_length_steps_n020.png',
    } <= pictures
    for name in pictures:
        assert cv2.imread(str(out / name)).std() > 5


def test_how_long_a_system_trains_as_it_is_is_a_point_of_its_curve(report):
    page = (report[0] / 'results.html').read_text()
    steps = run('FT', 20).steps
    for system in ('FT', 'CTD-ED'):
        told = re.search(
            rf'{system}: 150 ([\d.]+), {steps} ([\d.]+), 3000 ([\d.]+)', page
        )
        mean = np.mean([run(system, 20, s).mean_error for s in (0, 1, 2)])
        assert float(told[2]) == pytest.approx(mean, abs=6e-3)


@pytest.mark.slow
def test_same_records_same_bytes(report, tmp_path):
    out, files, _ = report
    order = np.random.default_rng(0).permutation(len(study()))
    again, _ = write([study()[i] for i in order], tmp_path, notes=['Made up.'])
    assert [f.name for f in again] == [f.name for f in files]
    for file in again:
        assert file.read_bytes() == (out / file.name).read_bytes(), file.name


def test_numbers_are_those_of_the_runs(report):
    _, _, text = report
    row = table(text, '20 labelled images: errors')['CTD-ED']
    mes = [run('CTD-ED', 20, s).mean_error for s in (0, 1, 2)]
    assert numbers(row['ME ± SD (px)']) == pytest.approx(
        [np.mean(mes), np.std(mes, ddof=1)], abs=6e-4
    )
    errors = np.array([run('CTD-ED', 20, s).image_errors for s in (0, 1, 2)])
    areas = np.maximum(0, 1 - errors / 5).mean(axis=1)
    assert numbers(row['AUC at 5'])[0] == pytest.approx(areas.mean(), abs=6e-4)
    assert numbers(row['FR at 2 (%)'])[0] == pytest.approx(
        100 * (errors > 2).mean(), abs=0.06
    )
    assert row['seeds'] == '3' and numbers(row['training (s)']) == [101, 1]


def test_difference_is_paired(report):
    _, _, text = report
    rows = table(text, '20 labelled images: ME less that of FT')
    assert set(rows) == {'CTD-ED', 'HG'}
    base = [run('FT', 20, s).mean_error for s in (0, 1, 2)]
    ours = [run('CTD-ED', 20, s).mean_error for s in (0, 1, 2)]
    change = np.mean(ours) - np.mean(base)
    assert numbers(rows['CTD-ED']['difference']) == pytest.approx(
        [change, 100 * change / np.mean(base)], abs=0.06
    )
    for column in ('[faces]', '[faces and seeds]<br>bootstrap'):
        low, high = numbers(rows['CTD-ED'][column])
        assert low < change < high
    better = sum(a < b for a, b in zip(ours, base))
    assert rows['CTD-ED']['better with'] == f'{better} of 3 seeds'


def test_sections_are_there(report):
    _, _, text = report
    found = re.findall(r'^## (.*)', text, re.M)
    assert found == [
        'Labels: main',
        'Errors: main',
        'Sites: main',
        'Landmarks: main',
        'Held-out sites: across',
        'Variants: length',
        'Search',
        'Runs and cost',
        'How to read the tables',
    ]
    assert set(table(text, '10 labelled images: mean error of each')) == set(
        LANDMARKS
    )
    sites = table(text, '10 labelled images: ME at each site')['FT']
    assert {'3dsk (6)<br>ME ± SD', 'london (6)<br>less FT'} <= set(sites)
    length = table(text, '20 labelled images: ME in pixels')
    assert length['CTD-ED steps=150']['compared with'] == (
        'CTD-ED (main)<br>FT steps=150'
    )
    cost = table(text, '**Runs and hours')
    assert cost['sum']['runs'] == str(len(study()))
    assert table(text, 'What the search cost')['sum']['runs'] == '4'


def test_learning_curve_and_overview_agree(report):
    _, _, text = report
    overview = table(text, 'main: mean error against number')
    detail = table(text, '40 labelled images: errors')
    assert (
        overview['HG']['n = 40'].partition('<br>')[0]
        == (detail['HG']['ME ± SD (px)'])
    )
    assert '%' not in overview['FT']['n = 40']


def test_csv_holds_all_cells(report):
    out, _, _ = report
    with (out / 'summary.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9 + 4 + 4
    row = next(
        r
        for r in rows
        if (r['study'], r['system'], r['budget']) == ('main', 'HG', '20')
    )
    assert float(row['me']) == pytest.approx(
        np.mean([run('HG', 20, s).mean_error for s in (0, 1, 2)]), rel=1e-5
    )
    assert row['reference'] == 'FT' and row['shared_seeds'] == '0 1 2'
    assert all(
        row['difference'] == '' for row in rows if row['reference'] == ''
    )


def test_page_fetches_nothing_and_nothing_runs(report):
    out, files, text = report
    page = (out / 'results.html').read_text(encoding='utf-8')
    assert "default-src 'none'" in page and '<script' not in page
    sources = re.findall(r'<img[^>]* src="(.{10})', page)
    assert len(sources) == sum(f.suffix == '.png' for f in files)
    assert all(source.startswith('data:image') for source in sources)
    links = re.findall(r'href="#(.*?)"', page)
    assert links and set(links) <= set(re.findall(r'id="(.*?)"', page))
    # The same tables in both.
    assert page.count('<table') == text.count('\n| ---')


@pytest.mark.usefixtures('draft')
def test_chosen_settings_are_marked(tmp_path):
    searches = [
        {
            'system': 'FT',
            'trials': [
                {'options': {'lr': 1}, 'mean_error': 2.5, 'seconds': 1800.0},
                {'options': {'lr': 2}, 'mean_error': None, 'seconds': 1800.0},
            ],
            'chosen': {'lr': 1},
        },
        {'system': 'CTD-ED', 'trials': []},
    ]
    _, text = write(runs(), tmp_path, searches=searches)
    cost = table(text, 'What the search cost')
    assert set(cost) == {'FT', 'sum'}
    assert cost['FT']['hours'] == '1.00' and cost['FT']['chosen'] == 'lr=1'
    trials = table(text, '**FT: what was tried')
    assert trials['lr=1']['chosen'] == 'chosen'
    assert trials['lr=2']['validation ME'] == '–'


def test_nobody_and_no_folder_is_named(tmp_path):
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
        for part in (b'ward_seven', b'anna'):
            assert part not in content, file.name
    assert str(tmp_path) not in json.dumps([text])


@pytest.mark.usefixtures('draft')
def test_names_are_text_and_not_markup(tmp_path):
    name = 'a|b <script>alert(1)</script>'
    records = [
        replace(r, study=name, system=r.system.replace('CTD-ED', name))
        for r in some()
    ]
    files, text = write(records, tmp_path, title=name)
    assert '<script' not in text
    assert '<script' not in (tmp_path / 'results.html').read_text()
    row = table(text, '20 labelled images: ME less that of FT')
    assert list(row) == [r'a\|b &lt;script>alert(1)&lt;/script>']
    assert all(re.fullmatch(r'[\w.]+', f.name) for f in files)


@pytest.mark.usefixtures('draft')
def test_studies_of_like_names_keep_their_figures(tmp_path):
    records = [
        replace(r, study=study) for study in ('a b', 'a_b') for r in some()
    ]
    _, text = write(records, tmp_path)
    linked = re.findall(r'\((.*?\.png)\)', text)
    assert len(linked) == len(set(linked))
    assert {'ced_a_b_n010.png', 'ced_a_b_n010_2.png'} <= set(linked)


@pytest.mark.usefixtures('draft')
def test_order_of_studies_and_systems_can_be_given(tmp_path):
    _, text = write(
        study(), tmp_path, systems=['HG', 'FT'], studies=['length', 'across']
    )
    found = re.findall(r'^## (.*)', text, re.M)
    assert found[:3] == [
        'Variants: length',
        'Held-out sites: across',
        'Labels: main',
    ]
    assert list(table(text, '20 labelled images: errors'))[:2] == ['HG', 'FT']


@pytest.mark.usefixtures('draft')
def test_nothing_to_report_is_told(tmp_path):
    with pytest.raises(InputError, match='no final run .* 0 records'):
        write([], tmp_path)
    with pytest.raises(InputError, match='left out, no image has an error'):
        write([run(errors=np.full((12, 3), np.nan))], tmp_path)
    with pytest.raises(InputError, match='threshold must be'):
        write([run()], tmp_path, threshold=0)
    file = tmp_path / 'file'
    file.write_text('mine')
    with pytest.raises(InputError, match='expected a folder'):
        write([run()], file)
    assert file.read_text() == 'mine'


@pytest.mark.usefixtures('draft')
def test_a_failed_report_leaves_the_old_one(tmp_path, monkeypatch):
    write(some(), tmp_path)
    before = {f: f.read_bytes() for f in tmp_path.iterdir()}

    def fail(self, *_, **__):
        raise OSError('disk full')

    monkeypatch.setattr(Path, 'write_text', fail)
    with pytest.raises(OSError, match='disk full'):
        write(some(seeds=(0, 1, 2)), tmp_path)
    after = set(tmp_path.iterdir())
    assert after == set(before)
    for name in ('results.md', 'results.html', 'summary.csv'):
        assert (tmp_path / name).read_bytes() == before[tmp_path / name]
