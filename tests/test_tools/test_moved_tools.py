"""Tools whose old path runs the one that took their place."""

import runpy
import sys

import pytest


@pytest.mark.parametrize('name', ['benchmark', 'facemesh'])
def test_an_old_path_names_the_new_one_and_runs_it(
    name, repo_root, monkeypatch, capsys
):
    old = str(repo_root / 'tools' / f'{name}.py')
    monkeypatch.setattr(sys, 'argv', [old, '--help'])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(old, run_name='__main__')
    assert stop.value.code == 0
    said = capsys.readouterr()
    new = f'projects/{name}/{name}.py'
    assert len(said.err.splitlines()) == 1 and new in said.err
    assert said.out.startswith(f'usage: {name}.py')
    # The help shows the new path, too.
    assert f'python {new}' in said.out
