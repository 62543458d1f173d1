"""The printed table says what the report holds."""

import io

from rich.console import Console

from mmpose_ctd.evaluation import report_table


def _metrics(low=1.0, high=2.0):
    return {
        'ME': {'value': 1.5, 'low': low, 'high': high},
        'AUC': {'value': 0.7, 'low': low and 0.6, 'high': high and 0.8},
        'FR': {'value': 0.05, 'low': low and 0.0, 'high': high and 0.1},
        'FR@2': {'value': 0.25, 'low': low and 0.2, 'high': high and 0.3},
    }


def _report(**changes):
    report = {
        'unit': 'input',
        'unit_label': 'input px',
        'threshold': 5.0,
        'per': 'image',
        'num_images': 60,
        'num_ignored': 0,
        'num_subjects': 58,
        'metrics': _metrics(),
        'per_landmark': {
            'chin': {'ME': 3.25, 'AUC': 0.4, 'FR': 0.5, 'n': 59},
            'nose': {'ME': None, 'AUC': None, 'FR': None, 'n': 0},
        },
        'per_site': {
            'north': {
                'num_images': 30,
                'num_subjects': 29,
                'metrics': _metrics(),
            }
        },
        'image_errors': [1.5],
    }
    return {**report, **changes}


def _lines(report):
    console = Console(file=io.StringIO(), width=140)
    console.print(report_table(report))
    return console.file.getvalue().splitlines()


def _row(report, name):
    return next(line for line in _lines(report) if f' {name} ' in line)


def test_overall_comes_with_intervals_before_sites_and_landmarks():
    lines = _lines(_report())
    places = [
        next(i for i, line in enumerate(lines) if f' {name} ' in line)
        for name in ('all', 'north', 'chin', 'nose')
    ]
    assert places == sorted(places)
    row = _row(_report(), 'all')
    for text in ('60', '1.50 [1.00, 2.00]', '0.700 [0.600, 0.800]'):
        assert text in row
    assert '5.0% [0.0%, 10.0%]' in row
    assert '25.0% [20.0%, 30.0%]' in row


def test_landmarks_have_their_counts_and_no_interval():
    row = _row(_report(), 'chin')
    assert '59' in row and '3.25' in row and '50.0%' in row
    assert '[' not in row
    assert _row(_report(), 'nose').split()[1:4] == ['nose', '│', '0']


def test_title_and_caption_name_unit_and_people():
    text = ' '.join(_lines(_report()))
    assert 'input px' in text and 'over images' in text
    assert '95 % bootstrap interval over 58 subjects' in text
    text = ' '.join(_lines(_report(per='landmark', num_subjects=None)))
    assert 'over landmarks' in text and 'interval over images' in text


def test_without_intervals_nothing_speaks_of_them():
    report = _report(metrics=_metrics(None, None), per_site={})
    lines = _lines(report)
    assert not any('bootstrap' in line for line in lines)
    assert '[' not in _row(report, 'all')
