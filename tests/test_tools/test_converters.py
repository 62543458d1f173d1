"""mmpose_ctd convert-sface, convert-face-landmarker and convert-vggface2.

Their readers are tested in test_models/test_teachers.
"""

import hashlib
import os
import pickle

import pytest
import torch
import vggface2_files
from mmpose.registry import MODELS
from refusals import refused
from sface_file import make_sface, sface_bytes
from tflite_file import face_landmarker_bytes, task_bytes
from vggface2_network import random_state

from mmpose_ctd.models.teachers.face_landmarker_checkpoint import (
    convert_face_landmarker,
)
from mmpose_ctd.models.teachers.sface_checkpoint import convert_sface
from mmpose_ctd.models.teachers.vggface2_checkpoint import convert_vggface2

CONVERT = dict(
    sface=convert_sface,
    face_landmarker=convert_face_landmarker,
    vggface2=convert_vggface2,
)
CLASSIFIER = dict(type='PooledClassifier', num_classes=10, embedding_dim=None)
PARTS = dict(
    sface=('SFaceNet', 'SFaceEmbedding'),
    face_landmarker=('FaceLandmarkerV2', 'FaceLandmarkerV2Head'),
    vggface2=('VGGFace2ResNet', CLASSIFIER),
)
#: What the checkpoint says.
META = dict(
    sface=dict(mean=(127.5,) * 3, std=(128.0,) * 3, input_size=(112, 112)),
    face_landmarker=dict(
        mean=(0.0,) * 3, std=(255.0,) * 3, input_size=(256, 256)
    ),
    vggface2=dict(
        source='VGGFace2',
        source_format="torchvision's names in a pickle",
        source_channel_order='bgr',
        source_bn_eps=1e-5,
        backbone=dict(type='VGGFace2ResNet'),
        head=CLASSIFIER,
        classes=10,
        embedding_dim=None,
        mean=(131.0912, 103.8827, 91.4953),
        std=(1.0, 1.0, 1.0),
        input_size=(224, 224),
        bn_eps=1e-5,
    ),
)


@pytest.fixture(autouse=True)
def few_files_stay(tmp_path):
    yield
    for path in tmp_path.rglob('*.pth'):  # up to 100 MB each
        path.unlink()


@pytest.fixture(scope='module', params=CONVERT)
def name(request):
    return request.param


@pytest.fixture(scope='module')
def source(name, tmp_path_factory):
    path = tmp_path_factory.mktemp('published') / 'network.file'
    if name == 'sface':
        path.write_bytes(sface_bytes())
    elif name == 'vggface2':
        vggface2_files.write_python2_pickle(path, random_state())
    else:
        path.write_bytes(task_bytes(face_landmarker_bytes()))
    return path


def test_the_checkpoint_loads_safely_and_strictly_and_says_what_it_is(
    name, source, tmp_path, command
):
    target = tmp_path / 'new' / 'out.pth'
    status, out, told = command(f'{name}_to_mmpose.py', source, target)
    assert status == 0 and f'{target}: written' in out
    if name == 'vggface2':
        arguments = 'num_classes=10, embedding_dim=None'
        for line in (
            f"{source}: torchvision's names in a pickle, BGR",
            "model.teacher.backbone=dict(type='VGGFace2ResNet')",
            f"model.teacher.head=dict(type='PooledClassifier', {arguments})",
        ):
            assert line in out
        assert '10 classes' in told and '8631' in told
    else:
        assert 'licence is recorded as unknown' in told
    content = torch.load(target, weights_only=True)
    assert set(content) == {'state_dict', 'meta'}
    assert (
        content['meta']
        == {
            'source_sha256': hashlib.sha256(source.read_bytes()).hexdigest(),
            'source': 'unknown',
            'license': 'unknown',
            'channel_order': 'rgb',
            'converter': f'{name}_to_mmpose',
            'converter_version': 1,
        }
        | META[name]
    )
    state = content['state_dict']
    for part, network in zip(('backbone', 'head'), PARTS[name]):
        keys = [key for key in state if key.startswith(f'{part}.')]
        kind = network if isinstance(network, dict) else dict(type=network)
        MODELS.build(kind).load_state_dict(
            {key.removeprefix(f'{part}.'): state.pop(key) for key in keys},
            strict=True,
        )
    assert not state, 'keys that neither network has'
    # Neither file names nor the user's folders are anybody's business.
    raw = target.read_bytes()
    for secret in (str(tmp_path), str(source.parent), source.name, 'out.pth'):
        assert secret.encode() not in raw
    assert os.listdir(target.parent) == ['out.pth']
    # The same source gives the same bytes.
    CONVERT[name](source, tmp_path / 'b.pth')
    assert (tmp_path / 'b.pth').read_bytes() == raw


@pytest.mark.real_data
@pytest.mark.parametrize(
    ('convert', 'file', 'source'),
    [
        (convert_sface, 'face_recognition_sface_2021dec.onnx', 'SFace'),
        (convert_face_landmarker, 'face_landmarker_v2.task', 'MediaPipe'),
    ],
)
def test_the_published_file_is_recognised(
    convert, file, source, shared_root, tmp_path
):
    meta = convert(shared_root / 'teachers' / file, tmp_path / 'x.pth')
    assert meta['license'] == 'Apache-2.0'
    assert meta['source'].startswith(source)


def test_an_existing_target_is_left_alone_unless_forced(
    name, source, tmp_path, command
):
    target = tmp_path / 'out.pth'
    target.write_text('precious')
    for place, options in ((target, {}), (tmp_path, dict(force=True))):
        with refused(str(place)):
            CONVERT[name](source, place, **options)
    assert target.read_text() == 'precious'
    command(f'{name}_to_mmpose.py', source, target, '--force')
    assert torch.load(target, weights_only=True)['state_dict']


def test_a_wrong_source_is_one_line_and_leaves_nothing(
    name, tmp_path, command
):
    source, target = tmp_path / 'in', tmp_path / 'out.pth'
    words = ('mmpose_ctd download', 'not a')
    if name == 'vggface2':
        words = ('docs/teachers.md', 'a text')
    for told in words:
        status, _, line = command(f'{name}_to_mmpose.py', source, target)
        assert status == 1 and told in line and str(source) in line
        assert line.count('\n') == 1
        source.write_text('<html>404</html>')
    assert not target.exists()


def test_a_network_that_does_not_work_leaves_nothing(tmp_path):
    model = make_sface()
    (variance,) = (
        item
        for item in model.graph.initializer
        if item.name == 'fc1_moving_var'
    )
    variance.raw_data = torch.full((128,), -1.0).numpy().tobytes()
    (tmp_path / 'in.onnx').write_bytes(model.SerializeToString())
    with refused(found='not finite'):
        convert_sface(tmp_path / 'in.onnx', tmp_path / 'out.pth')
    assert [path.name for path in tmp_path.iterdir()] == ['in.onnx']


def test_a_file_without_classifier_is_told(tmp_path, command):
    vggface2_files.write_keras(
        tmp_path / 'notop.h5', random_state(classes=None)
    )
    target = tmp_path / 'out.pth'
    arguments = [tmp_path / 'notop.h5', target, '--bn-eps', '1e-3']
    status, out, err = command('vggface2_to_mmpose.py', *arguments)
    assert status == 0 and 'model.teacher.head=None' in out
    assert 'ClassifierDistillLoss cannot' in err
    content = torch.load(target, weights_only=True)
    assert all(key.startswith('backbone.') for key in content['state_dict'])
    assert content['meta']['source_bn_eps'] == 1e-3


class Exploit:
    def __init__(self, trap):
        self.trap = trap

    def __reduce__(self):
        return os.system, (f'touch {self.trap}',)


def test_a_malicious_file_is_one_line_and_runs_nothing(tmp_path, command):
    source, trap = tmp_path / 'in.pkl', tmp_path / 'trap'
    source.write_bytes(pickle.dumps({'conv1.weight': Exploit(trap)}))
    status, _, err = command(
        'vggface2_to_mmpose.py', source, tmp_path / 'out.pth'
    )
    (line,) = err.splitlines()
    assert status == 1
    assert line.startswith(f'vggface2_to_mmpose: {source}: refused')
    assert 'posix.system' in line
    assert [path.name for path in tmp_path.iterdir()] == ['in.pkl']
