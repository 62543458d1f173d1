"""Stacks made of stub packages, each imported in a process of its own."""

import json
import os
import subprocess
import sys
import textwrap

from mmpose_ctd import compat

LOAD_COMPAT = f"""
import importlib.util
spec = importlib.util.spec_from_file_location('compat', {compat.__file__!r})
compat = importlib.util.module_from_spec(spec)
spec.loader.exec_module(compat)
compat.install()
"""

# What the rest of a program can see of the three packages.
REPORT = """
import json, sys
packages = ('mmcv', 'xtcocotools', 'pycocotools', 'torchvision')
seen = {
    name: [
        getattr(module, '__file__', None),
        type(module).__name__,
        type(module.__loader__).__name__,
        type(module.__spec__ and module.__spec__.loader).__name__,
        sorted(vars(module)),
    ]
    for name, module in sys.modules.items()
    if name.split('.')[0] in packages
}
repairs = compat.repairs if 'compat' in globals() else {}
print(json.dumps(dict(result, seen=seen, repairs=repairs)))
"""

MMCV_OPS = {
    'mmcv/__init__.py': '',
    'mmcv/ops/__init__.py': 'from .nms import nms',
    # As mmcv does it: looked up at import, called later.
    'mmcv/ops/nms.py': """
        import importlib
        ext = importlib.import_module('mmcv._ext')
        assert hasattr(ext, 'nms')
        def nms(boxes):
            return ext.nms(boxes)
    """,
}
XTCOCOTOOLS = {
    'xtcocotools/__init__.py': '',
    'xtcocotools/mask.py': 'import xtcocotools._mask as _mask',
    'xtcocotools/coco.py': """
        from . import mask
        class COCO: origin = __name__
    """,
    'xtcocotools/cocoeval.py': """
        from . import mask
        class COCOeval: origin = __name__
    """,
}
PYCOCOTOOLS = {
    'pycocotools/__init__.py': '',
    'pycocotools/mask.py': '',
    'pycocotools/coco.py': 'class COCO: origin = __name__',
    'pycocotools/cocoeval.py': 'class COCOeval: origin = __name__',
    # All that the stand-in takes from numpy.
    'numpy.py': 'asarray = list',
}


def run_beside(root, files, code, compat=True, bare=True):
    """Run code beside stub packages, silently; returns its report."""
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    script = 'result = {}\n'
    script += LOAD_COMPAT if compat else ''
    script += textwrap.dedent(code) + REPORT
    done = subprocess.run(
        # -S: without site-packages; -B: no __pycache__ beside the stubs.
        [sys.executable, '-B', *(['-S'] if bare else []), '-c', script],
        env={**os.environ, 'PYTHONPATH': str(root)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, '')
    return json.loads(done.stdout)


def placeholders(report):
    return [name for name, seen in report['seen'].items() if seen[0] is None]
