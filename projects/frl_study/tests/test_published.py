"""The study's pages and report agree with its stored results."""

import csv
import gzip
import json
import re

import numpy as np
import pytest
import yaml
from scipy import stats

from mmpose_ctd.apis.comparing.arms import arms_of, summary_rows
from mmpose_ctd.apis.comparing.results_frame import (
    results_frame,
    usable,
)
from mmpose_ctd.errors import MissingFileError
from projects.frl_study.published.stored_runs import (
    PLAN,
    RESULTS,
    StoredRuns,
    errors_with_facemesh,
    read_records,
    report_options,
    write_records,
)
from projects.frl_study.published.tables import (
    PAGES,
    TABLES,
    difference,
    filled,
    mean,
    percent,
)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.parent.name)
def test_a_page_is_up_to_date(page):
    """If not: python projects/frl_study/write_tables.py."""
    text = page.read_text(encoding='utf-8')
    assert filled(text) == text


def test_the_model_index_has_the_stored_errors():
    stored = StoredRuns('frl_faces')
    text = (PAGES[0].parent / 'configs/frl_faces/metafile.yml').read_text()
    compared = 0
    for model in yaml.safe_load(text)['Models']:
        if 'sface' not in model['Name'] and model['System'] != 'HG':
            continue
        for result in model.get('Results', ()):
            labels = int(re.search(r'(\d+) labelled', result['Dataset'])[1])
            error = stored.errors(model['System'], labels, '', '').mean()
            assert result['Metrics']['ME'] == pytest.approx(error, abs=6e-4)
            compared += 1
    assert compared == 22


def test_every_table_is_on_a_page():
    pages = ''.join(page.read_text(encoding='utf-8') for page in PAGES)
    assert {*re.findall(r'<!-- table: (\w+) -->', pages)} == {*TABLES}


def test_an_unknown_table_is_an_error():
    with pytest.raises(KeyError, match='nothing_such'):
        filled('<!-- table: nothing_such -->\n<!-- end -->')


# The report, recomputed from the stored errors of each image


@pytest.fixture(scope='module')
def published():
    path = RESULTS / 'report' / 'summary.csv'
    with path.open(encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope='module')
def stored():
    return read_records(RESULTS, 'frl_faces')


def test_all_published_numbers_are_recomputed(stored, published):
    """To all six digits, p-values and bootstrap intervals included."""
    options = report_options()
    finals, _, warnings = usable(stored)
    assert not warnings
    arms = arms_of(
        results_frame(finals),
        options['baseline'],
        options['systems'],
        options['studies'],
    )
    rows = summary_rows(arms, options['baseline'], options['threshold'])
    assert len(rows) == len(published) > 150
    for ours, theirs in zip(rows, published):
        for name, value in ours.items():
            text = str(value)
            if isinstance(value, float):
                text = f'{value:.6g}' if np.isfinite(value) else ''
            assert text == theirs[name], (name, ours, theirs)


def test_the_search_chose_what_the_runs_used(stored):
    plan = yaml.safe_load(PLAN.read_text('utf-8'))['options']
    trials = [run for run in stored if run['role'] == 'trial']
    for system in {run['system'] for run in trials}:
        ours = [run for run in trials if run['system'] == system]
        best = min(ours, key=lambda run: np.mean(run['errors']))
        chosen = {k: v for k, v in best['options'].items() if k not in plan}
        runs = [
            run
            for run in stored
            if (run['study'], run['system']) == ('main', system)
        ]
        assert chosen and len(runs) == 15
        for run in runs:
            assert chosen.items() <= run['options'].items()


def test_errors_with_facemesh_have_the_mean_of_their_file():
    for system in ('recipe', 'facemesh', 'both'):
        means = errors_with_facemesh(system, 142).mean(axis=1)
        for seed, found in enumerate(means):
            name = f'{system}_n142_seed{seed}.json'
            file = RESULTS / 'with_facemesh' / name
            report = json.loads(file.read_text())['reports'][0]
            stated = report['metrics']['ME']['value']
            assert found == pytest.approx(stated, abs=1e-4), name


# The cells of the tables


def test_a_cell_of_a_mean():
    errors = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]])
    assert mean(errors) == '2.500 ± 1.000'
    assert mean(errors[:1].repeat(3, axis=0)) == '1.500'
    # Subjects with equal errors leave no doubt about others.
    equal = np.array([[1.0, 1.0], [2.0, 2.0]])
    assert mean(equal, np.arange(2)) == '1.500 ± 0.707 [1.500, 1.500]'


def test_a_cell_of_a_difference():
    change = np.array([-0.5, -0.25, 0.0, -0.25])
    base = np.full((2, 4), 2.0)
    cell = difference(base + change, base, relative=True)
    # With equal seeds it is the paired t test over the faces.
    ends = stats.ttest_1samp(change, 0).confidence_interval()
    low, high = (f'{end:+.3f}'.replace('-', '−') for end in ends)
    assert cell.startswith('−0.250 (−12.5 %) [−0.')
    assert cell.endswith(f' [{low}, {high}]')
    short = difference(base + change, base, np.arange(4), faces=False)
    assert short == f'−0.250 [{low}, {high}]'
    assert percent(base - change, base) == '+12.5'


def test_a_run_of_several_studies_counts_once():
    runs = StoredRuns('frl_faces')
    # Asked for by the studies `controls` and `no pull`.
    assert runs.errors('CTD-ED', 20, 'no pull').shape == (3, 60)
    with pytest.raises(LookupError):
        runs.errors('CTD-ED', 21)


def test_stored_records_are_read(tmp_path):
    (tmp_path / 'toy_runs.csv.gz').write_bytes(
        gzip.compress(
            b'key,study,system,options,environment,budget,seed,steps,'
            b'seconds,test_seconds\n'
            b'k,main,NA,"{""lr"": 0.1}",{},20,0,400,1.5,0.5\n'
            b'k,other,NA,{},{},20,0,400,1.5,0.5\n'
        )
    )
    (tmp_path / 'toy_errors.csv.gz').write_bytes(
        gzip.compress(
            b'key,image,subject,site,tip,chin\n'
            b'k,0,0,london,1.2345,2\nk,1,0,,,3\n'
        )
    )
    first, second = read_records(tmp_path, 'toy')
    assert (first['study'], second['study']) == ('main', 'other')
    assert first['system'] == 'NA' and first['options'] == {'lr': 0.1}
    assert first['landmarks'] == ('tip', 'chin')
    assert first['sites'] == ('london', '')
    np.testing.assert_array_equal(first['subjects'], [0, 0])
    for record in (first, second):
        np.testing.assert_array_equal(
            record['errors'], [[1.2345, 2], [np.nan, 3]]
        )
    with pytest.raises(MissingFileError):
        read_records(tmp_path, 'none')
    write_records([first, second], tmp_path, 'again')
    again = read_records(tmp_path, 'again')
    for ours, theirs in zip(again, (first, second), strict=True):
        for field, value in theirs.items():
            np.testing.assert_array_equal(ours[field], value, err_msg=field)
