"""Tools as a user types them, in the process of the tests."""

import runpy
import sys

import pytest
from tool_server import tool_file


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs a tool; gives its exit status, output and errors."""

    def command(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        status = 0
        try:
            runpy.run_path(str(tool_file(tool)), run_name='__main__')
        except SystemExit as end:
            status = end.code or 0
        return status, *capsys.readouterr()

    return command
