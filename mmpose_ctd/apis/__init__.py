"""What a notebook calls: the commands of a clinic's way as functions.

They are imported when they are first used.
"""

import importlib

_HOMES = {
    'LandmarkModel': 'mmpose_ctd.apis.measuring.landmark_model',
    'calibrate': 'mmpose_ctd.apis.measuring.calibrating',
    'check': 'mmpose_ctd.datasets.checking',
    'check_labels': 'mmpose_ctd.apis.label_check',
    'compare_annotators': 'mmpose_ctd.apis.annotators',
    'compare_report': 'mmpose_ctd.apis.comparing.report',
    'download': 'mmpose_ctd.apis.teacher_files',
    'export': 'mmpose_ctd.apis.exporting.export',
    'lift': 'mmpose_ctd.apis.lifting',
    'make_splits': 'mmpose_ctd.datasets.splits',
    'measure': 'mmpose_ctd.apis.measuring.photographs',
    'mesh_points': 'mmpose_ctd.datasets.face_mesh',
    'new_config': 'mmpose_ctd.apis.config_writer',
    'prelabel': 'mmpose_ctd.apis.measuring.prelabelling',
    'prepare': 'mmpose_ctd.datasets.preparation',
    'report': 'mmpose_ctd.apis.reporting',
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no {name!r}')
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
