"""benchmark.py as a user types it, on toy networks."""

import json
import runpy
import sys

import pytest
import torch


@pytest.fixture
def tool(pair, tmp_path, monkeypatch, capsys, repo_root):
    """Runs it on the pair's files; gives what it printed and wrote."""
    files = [str(tmp_path / f'{name}_toy.py') for name in pair]
    for file, cfg in zip(files, pair.values()):
        cfg.dump(file)
    path = str(repo_root / 'projects' / 'benchmark' / 'benchmark.py')
    monkeypatch.setenv('COLUMNS', '120')
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()

    def run(*arguments, pair=files):
        out = tmp_path / 'out' / 'times.json'
        given = ['--pair', *pair] if pair else []
        argv = [path, *arguments, *given, '--json', str(out)]
        monkeypatch.setattr(sys, 'argv', argv)
        runpy.run_path(path, run_name='__main__')
        return capsys.readouterr().out, json.loads(out.read_text())

    run.pair = files
    yield run
    torch.set_num_threads(threads)


@pytest.mark.slow
def test_the_whole_comparison(tool, repo_root):
    told, written = tool('--rounds', '1', '--threads', '1')
    systems = ['ctd', 'ft', 'mmpose_ft', 'naive_one_forward']
    assert list(written['seconds'])[:4] == systems
    assert {*written['seconds'], *written['not_measured']} == {
        *systems,
        'mmrazor',
    }
    ratios = written['ratios']
    median = {n: s for n, (s,) in written['seconds'].items()}
    for name in systems:
        for below in ('ft', 'mmpose_ft'):
            if name != below:
                assert ratios[f'{name}_over_{below}'] == pytest.approx(
                    median[name] / median[below]
                )
    memory = {n: m for n, (m,) in written['memory_bytes'].items()}
    assert list(memory) == ['ctd', 'ft', 'mmpose_ft']
    assert ratios['memory_ctd_over_ft'] == pytest.approx(
        memory['ctd'] / memory['ft']
    )
    assert 0.9 < ratios['memory_ctd_over_ft'] < 1.1
    assert ratios['checkpoint_ctd_over_plain'] == pytest.approx(1, rel=0.02)
    assert ratios['latency_ctd_over_vanilla'] > 0
    assert 0 < ratios['loader_full_share'] < 1
    assert written['import_seconds']['mmpose_ctd'][0] > 0
    assert written['profile_seconds']['ctd: teacher forward'][0] > 0
    assert written['settings'] == dict(
        configs=['ctd_toy', 'ft_toy'],
        random_weights=[],
        batch_size=4,
        input_size=32,
        num_keypoints=3,
    )
    assert written['machine']['threads'] == 1
    for words in ('training step', 'Peak memory', 'least', 'to mmpose_ft'):
        assert words in told
    # No path of the machine.
    assert str(repo_root) not in json.dumps(written)


def test_a_missing_teacher_and_an_ft_of_its_own(
    tool, tmp_path, in_this_process
):
    (tmp_path / 'teacher.pth').unlink()
    told, written = tool(
        '--only', 'steps', '--systems', 'ctd', 'ft', '--rounds', '3',
        '--input-size', '64', '--batch-size', '2', pair=tool.pair[:1],
    )  # fmt: skip
    assert 'Random weights' in told and 'model.teacher.checkpoint' in told
    assert written['settings'] == dict(
        configs=['ctd_toy'],
        random_weights=['model.teacher.checkpoint'],
        batch_size=2,
        input_size=64,
        num_keypoints=3,
    )
    assert {n: len(s) for n, s in written['seconds'].items()} == dict(
        ctd=3, ft=3
    )
    assert list(written['ratios']) == ['ctd_over_ft']
    assert 'memory_bytes' not in written


def test_how_cost_grows_is_one_command(tool, in_this_process):
    told, written = tool(
        '--rounds', '1', '--systems', 'ctd', 'mmpose_ft',
        '--grid', 'batch_size=1,3', 'num_keypoints=5', 'teacher=vit_s',
    )  # fmt: skip
    points = [
        (p['varied'], p['batch_size'], p['input_size'], p['num_keypoints'])
        for p in written['grid']
    ]
    assert points == [
        ('batch_size', 1, 32, 3),
        ('batch_size', 3, 32, 3),
        ('num_keypoints', 4, 32, 5),
        ('teacher', 4, 32, 3),
    ]
    for point in written['grid']:
        assert list(point['seconds']) == ['ctd', 'mmpose_ft']
    # A transformer beside two convolutions.
    assert point['ratios']['ctd_over_mmpose_ft'] > 1
    assert 'ctd / mmpose_ft' in told and 'ctd / ft' not in told
    assert 'vit_s' in told


@pytest.mark.parametrize('options', [(), ('--noise', '--alone')])
def test_steps_of_configs(tool, tmp_path, in_this_process, options):
    if options:
        (tmp_path / 'teacher.pth').unlink()
    told, written = tool(
        *reversed(tool.pair), '--rounds', '2', '--input-size', '64',
        *options, pair=(),
    )  # fmt: skip
    assert list(written['seconds']) == ['ft_toy', 'ctd_toy']
    assert list(written['ratios']) == ['ctd_toy_over_ft_toy']
    assert not written['not_measured'] and 'to ft_toy' in told


@pytest.mark.slow
def test_a_config_that_cannot_train_is_an_error(tool, tmp_path, capsys):
    (tmp_path / 'teacher.pth').unlink()
    with pytest.raises(SystemExit) as stop:
        tool(tool.pair[0], '--rounds', '1', pair=())
    assert stop.value.code == 2
    assert 'teacher.pth' in capsys.readouterr().err


@pytest.mark.parametrize(
    'arguments, told',
    [
        (['--rounds', '0'], '--rounds 0'),
        (['--grid', 'batch_size=many'], '--grid batch_size=many'),
        (['--grid', 'depth=1,2'], '--grid depth'),
        (['--grid', 'batch_size=4', 'input_size=33'], 'input_size=33'),
        (['--grid', 'teacher=vgg'], 'teacher=vgg'),
        (['--input-size', '33'], 'Choose a multiple of 4'),
        (['--batch-size', '0'], 'batch_size=0'),
        (['--pair', 'a.py', 'b.py', 'c.py'], 'expected one or two'),
    ],
)
def test_a_mistake_is_one_line(tool, capsys, arguments, told):
    with pytest.raises(SystemExit) as stop:
        tool(*arguments, pair=() if '--pair' in arguments else tool.pair)
    assert stop.value.code == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith('error: ') and told in line
