"""Adds this package to the locations of MMPose's registries."""

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable
from types import ModuleType

from mmpose_ctd import compat

#: Registry of :mod:`mmpose.registry` -> package of ours that fills it.
LOCATIONS = {
    'MODELS': 'mmpose_ctd.models',
    'DATASETS': 'mmpose_ctd.datasets',
    'TRANSFORMS': 'mmpose_ctd.datasets',
    'METRICS': 'mmpose_ctd.evaluation',
    'HOOKS': 'mmpose_ctd.engine',
    'OPTIM_WRAPPERS': 'mmpose_ctd.engine',
    'VISUALIZERS': 'mmpose_ctd.visualization',
}
_DOCTOR = '`python -m mmpose_ctd.doctor` says what to do.'


def register_components() -> None:
    """Add this package to MMPose's registries, or do so at their import.

    A registry imports its locations at its first use; one that was used
    before imports ours now. Without MMPose a warning names the doctor.
    """
    registry = sys.modules.get('mmpose.registry')
    if registry is not None:
        _add_locations(registry)
        return
    compat.REPAIRS['mmpose'] = _run_with_hint
    compat.REPAIRS['mmpose.registry'] = _run_registry
    try:
        found = importlib.util.find_spec('mmpose')
    # ValueError: somebody's stub without a spec.
    except (ImportError, ValueError):
        found = sys.modules.get('mmpose')
    if found is None:
        warnings.warn(f'MMPose is not installed. {_DOCTOR}', stacklevel=3)


def _run_with_hint(module: ModuleType, run: Callable) -> None:
    try:
        run()
    except Exception as error:
        error.add_note(f'MMPose cannot be imported. {_DOCTOR}')
        raise


def _run_registry(module: ModuleType, run: Callable) -> None:
    run()
    _add_locations(module)


def _add_locations(registry: ModuleType) -> None:
    for name, location in LOCATIONS.items():
        target = getattr(registry, name)
        if location in target._locations:
            continue
        target._locations.append(location)
        if target._imported:
            importlib.import_module(location)
