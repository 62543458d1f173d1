"""MMPose finds this package's components once it has been imported."""

import ast
import importlib.util
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import mmpose_ctd
from mmpose_ctd import compat
from mmpose_ctd.registration import register_components

PACKAGE = Path(mmpose_ctd.__file__).parent


def decorated_classes():
    """(registry, class) of every ``@REGISTRY.register_module()``."""
    found = set()
    for file in PACKAGE.rglob('*.py'):
        for node in ast.walk(ast.parse(file.read_text())):
            for decorator in getattr(node, 'decorator_list', []):
                call = getattr(decorator, 'func', decorator)
                if getattr(call, 'attr', '') == 'register_module':
                    found.add((call.value.id, node.name))
    return sorted(found)


def run_alone(code, **kwargs):
    done = subprocess.run(
        [sys.executable, '-c', textwrap.dedent(code)],
        capture_output=True,
        text=True,
        **kwargs,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_nothing_imports_what_is_not_installed():
    for file in PACKAGE.rglob('*.py'):
        for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
            names = [getattr(node, 'module', None) or '']
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                assert not name.startswith(('projects', 'tests')), file


@pytest.mark.slow
def test_the_import_costs_nothing_and_mmpose_finds_every_component():
    code = f"""
        import json, sys
        import mmpose_ctd
        heavy = {{'torch', 'numpy', 'mmengine', 'mmpose'}} & set(sys.modules)
        import mmengine.registry, mmpose.registry
        early = sorted(
            name for name in sys.modules
            if name.startswith(('mmpose.models', 'mmpose_ctd.models'))
        )
        missing = [
            name for registry, name in {decorated_classes()}
            # MMPose has no registry of functions.
            if getattr(
                mmpose.registry, registry, mmengine.registry.FUNCTIONS
            ).get(name) is None
        ]
        from mmpose_ctd.registration import register_components
        register_components()
        twice = mmpose.registry.MODELS._locations.count('mmpose_ctd.models')
        print(json.dumps([sorted(heavy), early, missing, twice]))
    """
    found, _ = run_alone(code)
    # Components are imported when a registry is asked.
    assert found == [[], [], [], 1]


@pytest.mark.slow
def test_components_are_found_where_mmpose_had_been_used_before():
    # A registry that has imported its locations does not look again.
    code = f"""
        import importlib.util, json
        spec = importlib.util.spec_from_file_location(
            'compat', {str(PACKAGE / 'compat.py')!r}
        )
        compat = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(compat)
        compat.install()
        import mmpose.models
        from mmpose.registry import MODELS
        known = MODELS.get('TopdownPoseEstimator') is not None
        before = MODELS.get('CTDTopdownPoseEstimator')
        import mmpose_ctd
        after = MODELS.get('CTDTopdownPoseEstimator')
        print(json.dumps([known, before, after.__module__]))
    """
    (known, before, after), _ = run_alone(code)
    assert known and before is None
    assert after.startswith('mmpose_ctd.models')


@pytest.mark.parametrize(
    'fault',
    [
        # mmpose asserts the versions of mmcv and mmengine; a binary of torch
        # raises what it likes.
        "AssertionError('MMCV==3 is used but incompatible')",
        "OSError('libtorch.so: cannot open')",
    ],
)
def test_an_mmpose_that_fails_points_to_the_doctor(tmp_path, fault):
    (tmp_path / 'mmpose').mkdir()
    (tmp_path / 'mmpose' / '__init__.py').write_text(f'raise {fault}')
    code = f"""
        import json, sys
        sys.path.insert(0, {str(tmp_path)!r})
        import mmpose_ctd
        try:
            import mmpose.registry
        except Exception as error:
            print(json.dumps([str(error), *error.__notes__]))
    """
    (message, note), stderr = run_alone(code)
    assert fault.split("'")[1] == message and stderr == ''
    assert 'python -m mmpose_ctd.doctor' in note


def test_without_mmpose_the_import_warns_and_succeeds(monkeypatch):
    monkeypatch.setattr(sys, 'modules', {**sys.modules})
    sys.modules.pop('mmpose.registry', None)
    monkeypatch.setattr(compat, 'REPAIRS', {})
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.warns(UserWarning, match='python -m mmpose_ctd.doctor'):
        register_components()
