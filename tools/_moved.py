"""Runs a tool that moved, for commands that name its old path."""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEW_PATHS = {
    'benchmark': 'projects/benchmark',
    'calibrate': 'tools/analysis_tools',
    'check_dataset': 'tools/dataset_converters',
    'compare': 'tools/analysis_tools',
    'delta_weights': 'tools/model_converters',
    'demo': 'tools/misc',
    'download': 'tools/misc',
    'facemesh': 'projects/facemesh',
    'feature_drift': 'projects/frl_study/diagnostics',
    'gradient_balance': 'projects/frl_study/diagnostics',
    'make_splits': 'tools/dataset_converters',
    'make_synthetic_faces': 'tools/misc',
    'measure': 'tools/analysis_tools',
    'prepare_dataset': 'tools/dataset_converters',
    'report': 'tools/analysis_tools',
    'seed_table': 'tools/analysis_tools',
    'teacher_recognition': 'projects/frl_study/diagnostics',
    'webmorph_to_coco': 'projects/frl_study',
}


def run(old: str) -> None:
    """Say where a tool is now and run it with the same arguments.

    Args:
        old (str): Its old file.
    """
    name = Path(old).stem
    new = f'{NEW_PATHS[name]}/{name}.py'
    print(f'This tool is now {new}.', file=sys.stderr)
    sys.argv[0] = str(ROOT / new)
    runpy.run_path(sys.argv[0], run_name='__main__')
