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


def _lines(report, width=140):
    console = Console(file=io.StringIO(), width=width)
    console.print(report_table(report))
    return console.file.getvalue().splitlines()


def test_overall_comes_with_intervals_before_sites_and_landmarks():
    lines = _lines(_report())
    places = [
        next(i for i, line in enumerate(lines) if f' {name} ' in line)
        for name in ('all', 'north', 'chin', 'nose')
    ]
    assert places == sorted(places)
    for place, n in ((places[0], '60'), (places[1], '30')):
        assert lines[place].split()[1:] == [
            n,
            '1.50',
            '0.700',
            '5.0%',
            '25.0%',
        ]
        interval = lines[place + 1].split()
        assert interval == ['1.00-2.00', '0.600-0.800', '0-10%', '20-30%']


def test_landmarks_have_their_counts_and_no_interval():
    lines = _lines(_report())
    place = next(i for i, line in enumerate(lines) if ' chin ' in line)
    assert lines[place].split() == ['chin', '59', '3.25', '0.400', '50.0%']
    # A landmark that nobody marked has a count and no numbers.
    assert lines[place + 1].split() == ['nose', '0']


def test_title_and_caption_name_unit_and_people():
    text = ' '.join(_lines(_report()))
    assert 'input px' in text and 'over images' in text
    assert '95 % bootstrap interval over 58 subjects' in text
    text = ' '.join(_lines(_report(per='landmark', num_subjects=None)))
    assert 'over landmarks' in text and 'interval over images' in text


def test_without_intervals_nothing_speaks_of_them():
    lines = _lines(_report(metrics=_metrics(None, None), per_site={}))
    assert not any('bootstrap' in line for line in lines)
    place = next(i for i, line in enumerate(lines) if ' all ' in line)
    assert '-' not in lines[place] + lines[place + 1]


def test_fits_a_terminal_of_80_columns():
    names = {'[red]_philtri_R': {'ME': 9.0, 'AUC': 0.1, 'FR': 1.0, 'n': 60}}
    report = _report(per_landmark=names)
    report['metrics']['FR@3'] = {'value': 1.0, 'low': 1.0, 'high': 1.0}
    lines = _lines(report, width=80)
    assert any(' [red]_philtri_R ' in line for line in lines)
    assert not any('\N{HORIZONTAL ELLIPSIS}' in line for line in lines)
