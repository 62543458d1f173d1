import functools
import json
from pathlib import Path

import numpy as np
import pytest
from refusals import refused

from mmpose_ctd.apis.error_tables import (
    Table,
    print_table,
    read_report,
    seed_table,
)
from mmpose_ctd.errors import MissingFileError


def report(errors, **changes):
    errors = np.asarray(errors, float)
    metrics = dict(
        ME=dict(value=errors.mean(), low=0.5, high=9.5),
        AUC=dict(value=np.maximum(0, 1 - errors / 5).mean()),
        FR=dict(value=(errors > 5).mean()),
    )
    metrics['FR@2'] = dict(value=(errors > 2).mean())
    return (
        dict(
            unit='input',
            unit_label='input px',
            threshold=5.0,
            per='image',
            num_images=len(errors),
            num_subjects=len(errors),
            input_sizes=[[256, 256]],
            test_set='abc',
            groups=list(range(len(errors))),
            metrics=metrics,
            image_errors=errors.tolist(),
        )
        | changes
    )


def test_a_row_is_mean_and_deviation_over_the_seeds():
    table = seed_table(dict(FT=[report([1, 3]), report([2, 6])]))
    assert table.headings == [
        'system',
        'seeds',
        'ME (input px)',
        'AUC at 5',
        'FR at 5 (%)',
        'FR at 2 (%)',
    ]
    # Means 2 and 4; AUC .6 and .3; FR 0 and 50 %; FR at 2: 50 % and 50 %.
    assert table.rows == [
        [
            'FT',
            '2',
            '3.000 ± 1.414',
            '0.450 ± 0.212',
            '25.0 ± 35.4',
            '50.0 ± 0.0',
        ]
    ]


def test_a_single_run_has_its_interval():
    row = seed_table(dict(FT=[report([1, 3])]), digits=2).rows[0]
    assert row[2:5] == ['2.00\n[0.50, 9.50]', '0.600', '0.0']


def test_the_difference_is_paired_and_averaged_over_seeds_first():
    base = np.random.default_rng(0).uniform(0, 5, (2, 40))
    systems = dict(
        FT=[report(e) for e in base],
        ED=[report(base[0] - 0.5), report(base[1] - 0.25)],
        # Another number of seeds is not subtracted.
        HG=[report(base[0])],
    )
    column = [row[-1] for row in seed_table(systems).rows]
    # The same change on every face has no spread.
    assert column == ['', '−0.375\n[−0.375, −0.375]', '']


def test_images_of_one_subject_are_resampled_together():
    errors = np.r_[np.zeros(20), np.ones(20)]
    cells = []
    for groups in (range(40), [0] * 20 + [1] * 20):
        systems = dict(
            FT=[report(np.zeros(40), groups=list(groups))],
            ED=[report(errors, groups=list(groups))],
        )
        cells.append(seed_table(systems).rows[1][-1])
    assert cells[1] == '+0.500\n[+0.000, +1.000]'
    assert cells[0] != cells[1]


@pytest.mark.parametrize(
    'changes',
    [
        dict(unit='mm'),
        dict(threshold=3.0),
        dict(test_set='other'),
        dict(metrics={}),
    ],
)
def test_different_tests_are_not_compared(changes):
    systems = dict(FT=[report([1, 2])], ED=[report([1, 2], **changes)])
    (key,) = changes
    with refused('ED', found=key):
        seed_table(systems)


def test_sizes_of_the_input_compare_in_pixels_of_the_image():
    small = report([1, 2], unit='image', input_sizes=[[128, 128]])
    seed_table(dict(FT=[report([1, 2], unit='image')], ED=[small]))


def test_a_narrow_terminal_cuts_no_cell(monkeypatch, capsys):
    monkeypatch.setenv('COLUMNS', '40')
    cells = ['a_landmark', *(f'{i}.{i:06d}' for i in range(12))]
    print_table(Table('', [''] + ['h'] * 12, [cells]))
    (row,) = (s for s in capsys.readouterr().out.splitlines() if '0.0' in s)
    assert row.endswith('│') and row.replace('│', ' ').split() == cells


def test_other_files_are_named(tmp_path):
    with pytest.raises(MissingFileError):
        read_report(tmp_path / 'none.json')
    for i, text in enumerate(['', '[]', '{"reports": [{"metrics": {}}]}']):
        path = tmp_path / f'{i}.json'
        path.write_text(text)
        with refused(str(path)):
            read_report(path)


@pytest.fixture
def tool(tmp_path, monkeypatch, command):
    for name, errors in (('a', [1, 2]), ('b', [1, 1])):
        content = dict(metrics={}, reports=[report(errors)])
        (tmp_path / f'{name}.json').write_text(json.dumps(content))
    monkeypatch.chdir(tmp_path)
    return functools.partial(command, 'seed_table.py')


def test_the_tool_prints_and_draws(tool):
    status, out, _ = tool('FT=a.json', 'ED=b.json', '--ced', 'ced.png')
    assert status == 0 and '| ED | 1 | 1.000 [0.500, 9.500] |' in out
    assert Path('ced.png').read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize(
    'arguments, found',
    [
        (['FT=a.json,'], "'FT=a.json,'"),
        (['FT=a.json', 'FT=b.json'], 'FT is given twice'),
        (['FT=a.json', '--ced', 'ced.xyz'], 'ced.xyz'),
    ],
)
def test_the_tool_refuses(tool, arguments, found):
    status, _, err = tool(*arguments)
    assert status == 2 and found in err
