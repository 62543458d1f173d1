"""Config files of toy networks, for tools."""

from pathlib import Path

from toy_models import runner_config


def write_toy_config(path: Path, model: dict) -> None:
    """A config file that trains a toy model."""
    config = runner_config('work', model)
    config.custom_imports = dict(imports=['mmpose_ctd', 'toy_models'])
    config.dump(str(path))
