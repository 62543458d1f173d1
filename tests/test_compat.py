"""Repairs act where the stack is broken, and nowhere else."""

import pytest
from stub_stack import (
    MMCV_OPS,
    PYCOCOTOOLS,
    XTCOCOTOOLS,
    placeholders,
    run_beside,
)

# Nothing is broken


def test_a_working_stack_is_what_it_is_without_us(tmp_path):
    files = {
        **MMCV_OPS,
        **XTCOCOTOOLS,
        **PYCOCOTOOLS,
        'mmcv/_ext.py': 'def nms(boxes): return boxes',
        'xtcocotools/_mask.py': '',
        'torchvision/__init__.py': 'from . import ops',
        'torchvision/ops.py': '',
    }
    code = """
        import inspect
        import mmcv.ops, torchvision, xtcocotools.coco, xtcocotools.cocoeval
        result['nms'] = mmcv.ops.nms('boxes')
        result['coco'] = xtcocotools.coco.COCO.origin
        result['source'] = inspect.getsource(mmcv.ops)
    """
    plain = run_beside(tmp_path, files, code, compat=False)
    report = run_beside(tmp_path, files, code)
    assert report == plain
    assert report['repairs'] == {}
    assert report['coco'] == 'xtcocotools.coco'
    assert placeholders(report) == []
    assert not any(name.startswith('pycoco') for name in report['seen'])
    for name, seen in report['seen'].items():
        assert seen[0].startswith(str(tmp_path)), name


def test_installing_imports_nothing_and_twice_is_once(tmp_path):
    code = """
        import sys
        before = set(sys.modules)
        compat.install()
        result['imported'] = sorted(set(sys.modules) - before)
        result['finders'] = sum(
            type(f).__name__ == '_RepairFinder' for f in sys.meta_path
        )
    """
    report = run_beside(tmp_path, {}, code)
    assert report['finders'] == 1
    assert report['imported'] == [] and report['seen'] == {}


# mmcv without compiled operators


@pytest.mark.parametrize(
    'ext, reason',
    [
        ({}, "No module named 'mmcv._ext'"),
        (
            {'mmcv/_ext.py': "raise ImportError('undefined symbol\\nat 7')"},
            'undefined symbol',
        ),
    ],
    ids=['missing', 'broken'],
)
def test_mmcv_without_operators_imports_and_complains_on_use(
    tmp_path, ext, reason
):
    code = """
        import importlib.util, sys
        import mmcv
        result['early'] = dict(compat.repairs)
        import mmcv.ops
        import mmcv.ops.nms
        try:
            mmcv.ops.nms('boxes')
        except NotImplementedError as error:
            result['error'] = str(error)
        spec = importlib.util.find_spec('mmcv._ext')
        result['spec'] = spec and spec.name
        result['left'] = 'mmcv._ext' in sys.modules or hasattr(mmcv, '_ext')
    """
    report = run_beside(tmp_path, {**MMCV_OPS, **ext}, code)
    assert report['early'] == {}
    assert list(report['repairs']) == ['mmcv.ops']
    assert reason in report['repairs']['mmcv.ops']
    assert 'mmcv.ops.nms' in report['error']
    assert 'Install a full mmcv build' in report['error']
    assert report['spec'] == ('mmcv._ext' if ext else None)
    assert not report['left'] and placeholders(report) == []


@pytest.mark.parametrize(
    'fault, error',
    [
        ('import not_there', 'ModuleNotFoundError'),
        ("raise ImportError('mine')", 'ImportError'),
    ],
)
def test_an_error_of_mmcv_ops_itself_passes(tmp_path, fault, error):
    files = {**MMCV_OPS, 'mmcv/ops/nms.py': fault}
    code = """
        for again in range(2):
            try:
                import mmcv.ops
            except Exception as error:
                result[f'error{again}'] = type(error).__name__
    """
    report = run_beside(tmp_path, files, code)
    assert report['error0'] == report['error1'] == error
    assert report['repairs'] == {}
    assert placeholders(report) == []


# torchvision for CUDA beside torch for CPUs

TORCHVISION = {
    'torchvision/__init__.py': """
        from . import extension, _meta_registrations, ops
    """,
    'torchvision/extension.py': 'import sys; sys.times_loaded += 1',
    # sys.operators: what this "torchvision" declares.
    'torchvision/_meta_registrations.py': """
        import sys, torch
        for name in sys.operators:
            register = getattr(
                torch.library, 'register_fake', None
            ) or torch.library.impl_abstract
            register(f'torchvision::{name}')(lambda *args: None)
    """,
    'torchvision/ops.py': """
        import torch
        def nms(*args):
            return torch.ops.torchvision.nms(*args)
    """,
}


@pytest.mark.slow
def test_torchvision_is_imported_again_with_schemas(tmp_path):
    code = """
        import sys
        sys.times_loaded, sys.operators = 0, ['nms', 'qnms']
        import torch
        result['early'] = dict(compat.repairs)
        import torchvision
        import torchvision.ops
        result['loaded'] = sys.times_loaded
        try:
            torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
        except NotImplementedError as error:
            result['on_use'] = str(error)
    """
    report = run_beside(tmp_path, TORCHVISION, code, bare=False)
    assert report['early'] == {}
    assert report['loaded'] == 2
    assert 'torchvision::nms' in report['on_use']
    assert list(report['repairs']) == ['torchvision']
    assert 'nms does not exist' in report['repairs']['torchvision']
    assert placeholders(report) == []
