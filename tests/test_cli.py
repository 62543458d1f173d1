"""The console command finds every tool."""

import subprocess
import sys

from mmpose_ctd.cli import COMMANDS, tools_folder


def run(*arguments):
    return subprocess.run(
        [sys.executable, '-m', 'mmpose_ctd.cli', *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_every_command_has_its_tool():
    for tool, _ in COMMANDS.values():
        assert tool is None or (tools_folder() / f'{tool}.py').is_file()


def test_an_unknown_command_is_refused_with_the_known_ones():
    done = run('splitt')
    assert done.returncode == 2
    assert all(name in done.stderr for name in COMMANDS)
