"""The command line of mmpose_ctd download; its work is tested in test_apis."""

import importlib.util

import pytest

from mmpose_ctd.apis.download import PUBLISHED


@pytest.fixture
def tool(repo_root):
    path = repo_root / 'tools' / 'misc' / 'download.py'
    spec = importlib.util.spec_from_file_location('tools_download', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_list_names_files_licences_and_sources(tool, capsys):
    assert tool.main(['--list']) == 0
    shown = capsys.readouterr().out
    for name, model in PUBLISHED.items():
        for part in (name, model.license, model.sha256, model.checkpoint):
            assert part in shown
        for source in model.sources:
            assert f'--source {source.name}: {source}' in shown


def test_arguments_reach_the_library(tool, monkeypatch, tmp_path):
    seen = {}
    monkeypatch.setattr(
        tool, 'download', lambda name, **rest: seen.update(rest, name=name)
    )
    folder, file = tmp_path / 'out', tmp_path / 'in.onnx'
    arguments = ['sface', '--out', folder, '--onnx', file, '--force']
    assert tool.main([*map(str, arguments), '--source', 'pypi']) == 0
    assert seen.pop('say')
    assert seen == {
        'name': 'sface',
        'out': folder,
        'original': file,
        'source': 'pypi',
        'force': True,
    }


def test_a_failure_is_one_message_and_code_1(tool, tmp_path, capsys):
    wrong = tmp_path / 'wrong.onnx'
    wrong.write_text('<html>')
    arguments = ['sface', '--onnx', str(wrong), '--out', str(tmp_path / 'o')]
    assert tool.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith('download: ') and error.count('\n') == 1
    assert f'expected {PUBLISHED["sface"].sha256}' in error
    assert not (tmp_path / 'o').exists()


def test_an_interruption_is_one_line_and_code_130(tool, monkeypatch, capsys):
    def interrupted(name, **rest):
        raise KeyboardInterrupt

    monkeypatch.setattr(tool, 'download', interrupted)
    assert tool.main(['sface']) == 130
    assert 'the next run resumes' in capsys.readouterr().err


@pytest.mark.parametrize('arguments', [[], ['vgg'], ['--out', 'x']])
def test_what_cannot_be_meant_is_code_2(tool, arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        tool.main(arguments)
    assert caught.value.code == 2
    assert 'sface' in capsys.readouterr().err


@pytest.mark.real_data
def test_the_real_file_becomes_the_checkpoint(tool, shared_root, tmp_path):
    file = shared_root / 'teachers' / PUBLISHED['sface'].file
    arguments = ['sface', '--onnx', str(file), '--out', str(tmp_path)]
    assert tool.main(arguments) == 0
    assert [path.name for path in tmp_path.iterdir()] == ['sface.pth']
