"""Tools of the command line on toy networks."""

from pathlib import Path
from subprocess import CompletedProcess

from tool_server import run_tool
from toy_models import runner_config


def write_toy_config(path: Path, model: dict) -> None:
    """A config file that trains a toy model, for :func:`run_on_toys`."""
    config = runner_config('work', model)
    config.custom_imports = dict(imports=['mmpose_ctd', 'toy_models'])
    config.dump(str(path))


def run_on_toys(
    tool: str, *arguments: str, cwd: Path, **environment: str
) -> CompletedProcess:
    """See :func:`run_tool`; the tool can import the toys."""
    return run_tool(tool, *arguments, cwd=cwd, **environment)
