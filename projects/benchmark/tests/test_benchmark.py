"""benchmark.py as a user types it, on toy networks."""

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch
from toy_models import ED, model_config, runner_config, teacher_file

ROOT = Path(__file__).resolve().parents[3]
TOOL = str(ROOT / 'projects' / 'benchmark' / 'benchmark.py')


@pytest.fixture
def tool(tmp_path, monkeypatch, capsys):
    """Runs it on a pair of files; gives what it printed and wrote."""
    checkpoint = teacher_file(tmp_path / 'teacher.pth')
    pair = []
    for name, terms in (('ctd', ED), ('ft', {})):
        model = model_config(checkpoint, regularizers=terms)
        cfg = runner_config(tmp_path / 'run', model)
        cfg.custom_imports = dict(imports=['mmpose_ctd', 'toy_models'])
        # As in configs/: Runners of one process would share it, folder and
        # all.
        cfg.visualizer = dict(
            type='PoseLocalVisualizer',
            vis_backends=[dict(type='LocalVisBackend')],
            name='visualizer',
        )
        pair.append(str(tmp_path / f'{name}_toy.py'))
        cfg.dump(pair[-1])
    monkeypatch.setenv('PYTHONPATH', str(ROOT / 'tests' / 'helpers'))
    monkeypatch.setenv('COLUMNS', '120')
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()

    def run(*arguments, pair=pair):
        out = tmp_path / 'out' / 'times.json'
        given = ['--pair', *pair] if pair else []
        argv = [TOOL, *arguments, *given, '--json', str(out)]
        monkeypatch.setattr(sys, 'argv', argv)
        runpy.run_path(TOOL, run_name='__main__')
        return capsys.readouterr().out, json.loads(out.read_text())

    run.pair = pair
    yield run
    torch.set_num_threads(threads)


def fails(capsys, run, *arguments, **options):
    with pytest.raises(SystemExit) as stop:
        run(*arguments, **options)
    assert stop.value.code == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.slow
def test_the_whole_comparison(tool):
    told, written = tool('--quick', '--threads', '1')
    systems = [
        'ctd',
        'ft',
        'mmpose_ft',
        'naive',
        'naive_one_forward',
        'naive_our_settings',
    ]
    assert [*written['seconds'], *written['not_measured']] == [
        *systems,
        'mmrazor',
    ] or list(written['seconds']) == [*systems, 'mmrazor']
    assert all(len(s) == 2 for s in written['seconds'].values())
    median = {n: sum(s) / 2 for n, s in written['seconds'].items()}
    ratios = written['ratios']
    for name in systems:
        for below in ('ft', 'mmpose_ft'):
            if name != below:
                assert ratios[f'{name}_over_{below}'] == pytest.approx(
                    median[name] / median[below]
                )
    memory = written['memory_bytes']
    assert list(memory) == ['ctd', 'ft', 'mmpose_ft']
    assert ratios['memory_ctd_over_ft'] == pytest.approx(
        memory['ctd'][0] / memory['ft'][0]
    )
    assert 0.9 < ratios['memory_ctd_over_ft'] < 1.1
    assert ratios['checkpoint_ctd_over_plain'] == pytest.approx(1, rel=0.02)
    assert ratios['latency_ctd_over_vanilla'] > 0
    assert written['import_seconds']['mmpose_ctd'][0] > 0
    assert written['settings'] == dict(
        configs=['ctd_toy', 'ft_toy'],
        random_weights=[],
        batch_size=2,
        input_size=64,
        num_keypoints=3,
    )
    assert written['machine']['threads'] == 1
    for words in ('training step', 'Peak memory', 'fastest', 'to mmpose_ft'):
        assert words in told
    # No path of the machine.
    assert str(ROOT) not in json.dumps(written)


def test_a_missing_teacher_and_an_ft_of_its_own(tool, tmp_path):
    (tmp_path / 'teacher.pth').unlink()
    told, written = tool(
        '--quick', '--only', 'steps', '--systems', 'ctd', 'ft',
        '--rounds', '3', '--num-keypoints', '5', pair=tool.pair[:1],
    )  # fmt: skip
    assert 'Random weights' in told and 'model.teacher.checkpoint' in told
    assert written['settings']['random_weights'] == [
        'model.teacher.checkpoint'
    ]
    assert written['settings']['num_keypoints'] == 5
    assert {n: len(s) for n, s in written['seconds'].items()} == dict(
        ctd=3, ft=3
    )
    assert list(written['ratios']) == ['ctd_over_ft']
    assert 'memory_bytes' not in written


def test_how_cost_grows_is_one_command(tool):
    told, written = tool(
        '--quick', '--rounds', '1', '--grid', 'batch_size=1,3',
        'num_keypoints=4', '--systems', 'ctd', 'mmpose_ft',
    )  # fmt: skip
    points = [
        (p['varied'], p['batch_size'], p['input_size'], p['num_keypoints'])
        for p in written['grid']
    ]
    assert points == [
        ('batch_size', 1, 64, 3),
        ('batch_size', 3, 64, 3),
        ('num_keypoints', 2, 64, 4),
    ]
    for point in written['grid']:
        assert list(point['seconds']) == ['ctd', 'mmpose_ft']
        assert point['ratios']['ctd_over_mmpose_ft'] > 0
    assert 'ctd / mmpose_ft' in told and 'ctd / ft' not in told


def test_teachers_of_other_sizes(tool):
    told, written = tool(
        '--quick', '--rounds', '1', '--grid', 'teacher=vit_s,resnet50',
        '--systems', 'ctd', 'ft',
    )  # fmt: skip
    assert [p['value'] for p in written['grid']] == ['vit_s', 'resnet50']
    assert all(p['ratios']['ctd_over_ft'] > 1 for p in written['grid'])
    assert 'vit_s' in told


def test_steps_of_configs_on_their_own_data(tool):
    ctd, ft = tool.pair
    told, written = tool(ft, ctd, '--rounds', '2', pair=())
    assert list(written['seconds']) == ['ft_toy', 'ctd_toy']
    assert list(written['ratios']) == ['ctd_toy_over_ft_toy']
    assert 'to ft_toy' in told


@pytest.mark.slow
def test_configs_on_noise_need_no_data_and_no_teacher_file(tool, tmp_path):
    (tmp_path / 'teacher.pth').unlink()
    told, written = tool(*tool.pair, '--noise', '--rounds', '2', pair=())
    assert list(written['seconds']) == ['ctd_toy', 'ft_toy']
    assert not written['not_measured'] and 'to ctd_toy' in told


@pytest.mark.parametrize(
    'arguments, told',
    [
        (('--rounds', '0'), '--rounds 0'),
        (('--grid', 'batch_size=many'), '--grid batch_size=many'),
        (('--grid', 'depth=1,2'), '--grid depth=1,2'),
        (('--grid', 'batch_size=4', 'input_size=33'), 'input_size=33'),
        (('--grid', 'teacher=vgg'), 'teacher=vgg'),
        (('--input-size', '33'), 'input_size=33'),
        (('--pause', '-1'), '--pause -1'),
    ],
)
def test_a_mistake_is_one_line(tool, capsys, arguments, told):
    line = fails(capsys, tool, *arguments)
    assert line.startswith('error: ') and told in line


def test_three_configs_are_no_pair(tool, capsys):
    line = fails(capsys, tool, pair=[*tool.pair, 'third.py'])
    assert 'expected one or two' in line
