import json

import numpy as np
import pytest
from tool_server import run_tool

from mmpose_ctd.apis.seed_table import read_report, seed_table
from mmpose_ctd.errors import InputError, MissingFileError


def report(errors, **changes):
    errors = np.asarray(errors, float)
    metrics = dict(
        ME=dict(value=errors.mean()),
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
            input_sizes=[[256, 256]],
            test_set='abc',
            groups=list(range(len(errors))),
            metrics=metrics,
            image_errors=errors.tolist(),
        )
        | changes
    )


def cells(table):
    return [
        [cell.strip() for cell in line.strip('|').split('|')]
        for line in table.splitlines()
    ]


def test_a_row_is_mean_and_deviation_over_the_seeds():
    table = cells(seed_table(dict(FT=[report([1, 3]), report([2, 6])])))
    assert table[0] == [
        'system',
        'seeds',
        'ME',
        'AUC at 5',
        'FR at 5',
        'FR at 2',
        'difference of ME',
    ]
    # Means 2 and 4; AUC .6 and .3; FR 0 and 50 %; FR at 2: 50 % and 50 %.
    assert table[2] == [
        'FT',
        '2',
        '3.000 ± 1.414',
        '0.450 ± 0.212',
        '25.0 ± 35.4 %',
        '50.0 ± 0.0 %',
        '',
    ]


def test_the_difference_is_paired_and_averaged_over_seeds_first():
    random = np.random.default_rng(0)
    base = random.uniform(0, 5, (2, 40))
    systems = dict(
        FT=[report(e) for e in base],
        ED=[report(base[0] - 0.5), report(base[1] - 0.25)],
    )
    last = cells(seed_table(systems))[3][-1]
    # The same change on every face has no spread.
    assert last == '-0.375 [-0.375, -0.375]'


def test_one_seed_has_no_deviation():
    row = cells(seed_table(dict(FT=[report([1, 3])])))[2]
    assert row[2:5] == ['2.000', '0.600', '0.0 %']


def test_systems_with_other_numbers_of_seeds_are_not_subtracted():
    one, two = report([1, 3]), report([2, 2])
    table = cells(seed_table(dict(FT=[one, two], ED=[two])))
    assert table[3][-1] == ''


@pytest.mark.parametrize(
    'changes',
    [
        dict(unit='mm'),
        dict(threshold=3.0),
        dict(num_images=3),
        dict(test_set='other'),
        dict(input_sizes=[[128, 128]]),
    ],
)
def test_different_tests_are_not_compared(changes):
    systems = dict(FT=[report([1, 2])], ED=[report([1, 2], **changes)])
    (key,) = changes
    with pytest.raises(InputError, match=f'ED: tested with {key}'):
        seed_table(systems)


def test_sizes_of_the_input_compare_in_pixels_of_the_image():
    small = report([1, 2], unit='image', input_sizes=[[128, 128]])
    seed_table(dict(FT=[report([1, 2], unit='image')], ED=[small]))


def test_images_of_one_subject_are_resampled_together():
    errors = np.r_[np.zeros(20), np.ones(20)]
    intervals = []
    for groups in (range(40), [0] * 20 + [1] * 20):
        systems = dict(
            FT=[report(np.zeros(40), groups=list(groups))],
            ED=[report(errors, groups=list(groups))],
        )
        intervals.append(cells(seed_table(systems))[3][-1])
    assert intervals[1] == '+0.500 [+0.000, +1.000]'
    assert intervals[0] != intervals[1]


def test_other_files_are_named(tmp_path):
    with pytest.raises(MissingFileError, match='--out'):
        read_report(tmp_path / 'none.json')
    for i, text in enumerate(['', '[]', '{"reports": [{"metrics": {}}]}']):
        path = tmp_path / f'{i}.json'
        path.write_text(text)
        with pytest.raises(InputError, match=f'{i}.json.*tools/test.py'):
            read_report(path)


def test_the_tool_prints_the_table(tmp_path):
    for name, errors in (('a', [1, 2]), ('b', [1, 1])):
        content = dict(metrics={}, reports=[report(errors)])
        (tmp_path / f'{name}.json').write_text(json.dumps(content))
    tool = 'seed_table.py'
    done = run_tool(
        tool, 'FT=a.json', 'ED=b.json', '--ced', 'ced.png', cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert '| ED | 1 | 1.000 |' in done.stdout
    assert (tmp_path / 'ced.png').read_bytes().startswith(b'\x89PNG')
    for arguments, words in (
        (['FT'], 'expected NAME=FILE'),
        (['FT=a.json,'], 'expected NAME=FILE'),
        (['FT=a.json', 'FT=b.json'], 'FT is given twice'),
        (['FT=a.json,a.json'], 'a.json is given twice'),
        (['FT=a.json', '--ced', 'ced.xyz'], 'ending in .png, .pdf or .svg'),
    ):
        wrong = run_tool(tool, *arguments, cwd=tmp_path)
        assert wrong.returncode == 2
        assert words in wrong.stderr
        assert 'Traceback' not in wrong.stderr
