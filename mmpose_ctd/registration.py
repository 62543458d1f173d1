"""Adds this package to the locations of MMPose's registries."""

import importlib
import warnings

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


def register_components() -> None:
    """Add this package to the locations that MMPose's registries import.

    A registry imports its locations at its first use; a registry that was
    used before imports ours now. If MMPose cannot be imported, a warning
    points to ``python -m mmpose_ctd.doctor``, which an error would prevent
    from running.
    """
    try:
        registry = importlib.import_module('mmpose.registry')
    # A broken binary below MMPose may raise anything.
    except Exception as error:
        warnings.warn(
            f'mmpose_ctd registers nothing: MMPose cannot be imported '
            f'({error}). Run `python -m mmpose_ctd.doctor` for the cure.',
            stacklevel=3,
        )
        return
    for name, location in LOCATIONS.items():
        target = getattr(registry, name)
        if location in target._locations:
            continue
        target._locations.append(location)
        if target._imported:
            importlib.import_module(location)
