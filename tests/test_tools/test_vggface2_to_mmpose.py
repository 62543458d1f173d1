"""The command line; the values are tested in test_models/test_teachers."""

import hashlib
import os
import pickle

import pytest
import torch
import vggface2_files as files
from mmpose.registry import MODELS
from vggface2_network import random_state

from mmpose_ctd.models.teachers.vggface2_checkpoint import convert_vggface2

TOOL = 'vggface2_to_mmpose.py'


@pytest.fixture
def published(tmp_path):
    path = tmp_path / 'published'
    files.write_python2_pickle(path, random_state())
    yield path
    for path in tmp_path.rglob('*.pth'):  # 100 MB each
        path.unlink()


def test_the_checkpoint_loads_safely_and_strictly_and_says_what_it_is(
    published, tmp_path, command
):
    target = tmp_path / 'new' / 'vggface2_resnet50.pth'
    status, out, err = command(TOOL, published, target)
    assert status == 0
    assert f"{published}: torchvision's names in a pickle, BGR" in out
    assert f'{target}: written, for RGB input' in out
    head = "dict(type='PooledClassifier', num_classes=10, embedding_dim=None)"
    assert "model.teacher.backbone=dict(type='VGGFace2ResNet')" in out
    assert f'model.teacher.head={head}' in out
    assert '10 classes' in err and '8631' in err

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
    # The same source gives the same bytes.
    convert_vggface2(published, tmp_path / 'b.pth')
    assert (tmp_path / 'b.pth').read_bytes() == raw


def test_a_file_without_classifier_is_told(tmp_path, command):
    files.write_keras(tmp_path / 'notop.h5', random_state(classes=None))
    target = tmp_path / 'out.pth'
    status, out, err = command(TOOL, tmp_path / 'notop.h5', target)
    assert status == 0 and 'model.teacher.head=None' in out
    assert 'ClassifierDistillLoss cannot' in err
    content = torch.load(target, weights_only=True)
    assert all(key.startswith('backbone.') for key in content['state_dict'])
    target.unlink()


def test_force_replaces_and_bn_eps_arrives(published, tmp_path, command):
    target = tmp_path / 'out.pth'
    target.write_text('precious')
    options = ['--force', '--bn-eps', '1e-3']
    assert command(TOOL, published, target, *options)[0] == 0
    content = torch.load(target, weights_only=True)
    assert content['meta']['source_bn_eps'] == 1e-3


class Exploit:
    def __init__(self, trap):
        self.trap = trap

    def __reduce__(self):
        return os.system, (f'touch {self.trap}',)


def test_a_malicious_file_is_one_line_and_runs_nothing(tmp_path, command):
    source, trap = tmp_path / 'in.pkl', tmp_path / 'trap'
    source.write_bytes(pickle.dumps({'conv1.weight': Exploit(trap)}))
    status, _, err = command(TOOL, source, tmp_path / 'out.pth')
    (line,) = err.splitlines()
    assert status == 1
    assert line.startswith(f'vggface2_to_mmpose: {source}: refused')
    assert 'posix.system' in line
    assert [path.name for path in tmp_path.iterdir()] == ['in.pkl']
