"""Tools whose old path runs the one that took their place."""

import runpy
import subprocess
import sys


def test_an_old_path_names_the_new_one_and_runs_it(repo_root):
    old = str(repo_root / 'tools' / 'calibrate.py')
    done = subprocess.run(
        [sys.executable, old, '--help'],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0
    new = 'tools/analysis_tools/calibrate.py'
    assert done.stderr.count(new) == 1
    assert done.stdout.startswith('usage: calibrate.py')


def test_every_old_path_leads_to_a_tool(repo_root, monkeypatch, capsys):
    tools = repo_root / 'tools'
    monkeypatch.syspath_prepend(str(tools))
    moved = runpy.run_path(str(tools / '_moved.py'))['NEW_PATHS']
    stubs = [
        path
        for path in tools.rglob('*.py')
        if 'run(__file__)' in path.read_text()
    ]
    assert {path.stem for path in stubs} == set(moved)
    for name, folder in moved.items():
        assert (repo_root / folder / f'{name}.py').is_file()
