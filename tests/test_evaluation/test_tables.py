"""The printed tables say what the reports hold."""

import io

import pytest
from landmark_samples import evaluate, many_samples
from rich.console import Console
from test_measurement_metric import evaluate as evaluate_measures
from test_measurement_metric import many

from mmpose_ctd.evaluation import measurement_table, report_table


def lines(table, width=80):
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def place(printed, name):
    return next(i for i, x in enumerate(printed) if x.strip().startswith(name))


def test_errors_by_site_and_landmark():
    _, metric = evaluate(many_samples(), failure_thresholds=(2, 3))
    report = metric.report
    # A landmark that nobody marked, and a name with brackets.
    none = {'ME': None, 'AUC': None, 'FR': None, 'n': 0}
    report['per_landmark']['[red]nose'] = none
    printed = lines(report_table(report))
    assert max(map(len, printed)) <= 80
    names = ('all', 'north', 'south', 'eye_R', 'chin', '[red]nose')
    places = [place(printed, name) for name in names]
    assert places == sorted(places)
    assert printed[places[-1]].split() == ['[red]nose', '0']
    me, fr = (report['metrics'][name] for name in ('ME', 'FR'))
    first, second = printed[places[0]].split(), printed[places[0] + 1].split()
    assert first[1:3] == ['12', f'{me["value"]:.2f}']
    assert second[0] == f'{me["low"]:.2f}-{me["high"]:.2f}'
    assert second[2] == f'{100 * fr["low"]:.0f}-{fr["high"]:.0%}'
    text = ' '.join(printed)
    assert 'input px' in text and 'over images' in text
    assert 'interval over 6 subjects' in text


def test_measures_have_a_line_each():
    values, metric = evaluate_measures(many())
    printed = lines(measurement_table(metric.report))
    assert max(map(len, printed)) <= 80
    row = printed[place(printed, 'eyes')].split()
    assert row[1:3] == ['px', '12']
    keys = ('bias', 'LoA_low', 'LoA_high', 'MAE', 'ICC', 'slope')
    for text, key in zip(row[3:], keys):
        expected = values[f'measure/eyes/{key}']
        assert float(text) == pytest.approx(expected, abs=0.0051)
    _, metric = evaluate_measures(many(2))
    text = ' '.join(lines(measurement_table(metric.report)))
    assert 'all: 2 pairs: SD, limits of agreement' in text
