"""The command line; the values are tested in test_models/test_teachers."""

import hashlib
import importlib.util
import os
import pickle
import subprocess
import sys

import pytest
import torch
import vggface2_files as files
from mmpose.registry import MODELS
from vggface2_network import random_state

from mmpose_ctd.models.teachers.vggface2_checkpoint import convert_vggface2

TOOL = 'mmpose_ctd convert-vggface2'


@pytest.fixture
def tool(repo_root):
    spec = importlib.util.spec_from_file_location('tool', repo_root / TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def published(tmp_path):
    path = tmp_path / 'published'
    files.write_python2_pickle(path, random_state())
    yield path
    for path in tmp_path.rglob('*.pth'):  # 100 MB each
        path.unlink()


def test_the_checkpoint_loads_safely_and_strictly_and_says_what_it_is(
    published, tmp_path, tool, capsys
):
    target = tmp_path / 'new' / 'vggface2_resnet50.pth'
    assert tool.main([str(published), str(target)]) == 0
    told = capsys.readouterr()
    assert f"{published}: torchvision's names in a pickle, BGR" in told.out
    assert f'{target}: written, for RGB input' in told.out
    head = "dict(type='PooledClassifier', num_classes=10, embedding_dim=None)"
    assert "model.teacher.backbone=dict(type='VGGFace2ResNet')" in told.out
    assert f'model.teacher.head={head}' in told.out
    assert '10 classes' in told.err and '8631' in told.err

    content = torch.load(target, weights_only=True)
    assert set(content) == {'state_dict', 'meta'}
    sha256 = hashlib.sha256(published.read_bytes()).hexdigest()
    assert content['meta'] == {
        'source_sha256': sha256,
        'source': 'VGGFace2',
        'source_format': "torchvision's names in a pickle",
        'source_channel_order': 'bgr',
        'source_bn_eps': 1e-5,
        'license': 'unknown',
        'backbone': {'type': 'VGGFace2ResNet'},
        'head': {
            'type': 'PooledClassifier',
            'num_classes': 10,
            'embedding_dim': None,
        },
        'classes': 10,
        'embedding_dim': None,
        'mean': (131.0912, 103.8827, 91.4953),
        'std': (1.0, 1.0, 1.0),
        'channel_order': 'rgb',
        'input_size': (224, 224),
        'bn_eps': 1e-5,
        'converter': 'vggface2_to_mmpose',
        'converter_version': 1,
    }
    state = content['state_dict']
    for part in ('backbone', 'head'):
        own = MODELS.build(dict(content['meta'][part])).state_dict()
        for key, value in own.items():
            assert state.pop(f'{part}.{key}').shape == value.shape
    assert not state, 'keys that neither network has'
    raw = target.read_bytes()
    for secret in (str(tmp_path), 'vggface2_resnet50.pth', '.tmp'):
        assert secret.encode() not in raw
    assert os.listdir(target.parent) == ['vggface2_resnet50.pth']


def test_the_same_source_gives_the_same_bytes(published, tmp_path):
    digests = set()
    for name in ('a.pth', 'b.pth'):
        convert_vggface2(published, tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).digest())
    assert len(digests) == 1


def test_a_file_without_classifier_is_told(tmp_path, tool, capsys):
    files.write_keras(tmp_path / 'notop.h5', random_state(classes=None))
    target = tmp_path / 'out.pth'
    assert tool.main([str(tmp_path / 'notop.h5'), str(target)]) == 0
    told = capsys.readouterr()
    assert 'model.teacher.head=None' in told.out
    assert 'ClassifierDistillLoss cannot' in told.err
    content = torch.load(target, weights_only=True)
    assert all(key.startswith('backbone.') for key in content['state_dict'])
    target.unlink()


def test_force_replaces_and_bn_eps_arrives(published, tmp_path, tool):
    target = tmp_path / 'out.pth'
    target.write_text('precious')
    arguments = [str(published), str(target)]
    assert tool.main(arguments) == 1
    assert target.read_text() == 'precious'
    assert tool.main([*arguments, '--force', '--bn-eps', '1e-3']) == 0
    content = torch.load(target, weights_only=True)
    assert content['meta']['source_bn_eps'] == 1e-3


class Exploit:
    def __init__(self, trap):
        self.trap = trap

    def __reduce__(self):
        return os.system, (f'touch {self.trap}',)


def test_a_malicious_file_is_one_line_and_runs_nothing(repo_root, tmp_path):
    source, trap = tmp_path / 'in.pkl', tmp_path / 'trap'
    source.write_bytes(pickle.dumps({'conv1.weight': Exploit(trap)}))
    done = subprocess.run(
        [sys.executable, repo_root / TOOL, source, tmp_path / 'out.pth'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert 'Traceback' not in done.stderr
    (line,) = (
        line
        for line in done.stderr.splitlines()
        if line.startswith('vggface2_to_mmpose: ')
    )
    assert f'{source}: refused' in line and 'posix.system' in line
    assert [path.name for path in tmp_path.iterdir()] == ['in.pkl']


def test_a_missing_source_is_one_line(tmp_path, tool, capsys):
    assert tool.main(['nowhere.pkl', str(tmp_path / 'out.pth')]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert 'nowhere.pkl: no such file' in line
    assert 'docs/teachers.md' in line
