import cv2
import numpy as np
import onnx
import pytest
import torch
from refusals import refused
from sface_file import make_sface, run_stages, sface_bytes

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones import SFaceNet
from mmpose_ctd.models.heads import SFaceEmbedding
from mmpose_ctd.models.teachers.sface_checkpoint import read_sface_onnx


def noise_images() -> np.ndarray:
    """RGB, 0..255, (2, 3, 112, 112)."""
    random = np.random.default_rng(0)
    return random.integers(0, 256, (2, 3, 112, 112)).astype(np.float32)


@torch.no_grad()
def run_ours(data: bytes, images: np.ndarray) -> list[np.ndarray]:
    state = read_sface_onnx(data)
    networks = {
        'backbone': SFaceNet(out_indices=(0, 1, 2, 3)),
        'head': SFaceEmbedding(),
    }
    for part, network in networks.items():
        keys = {
            key.removeprefix(f'{part}.'): value
            for key, value in state.items()
            if key.startswith(f'{part}.')
        }
        network.load_state_dict(keys, strict=True)
        network.eval()
    maps = networks['backbone'](torch.from_numpy((images - 127.5) / 128))
    return [x.numpy() for x in (*maps, networks['head'](maps))]


def assert_agrees(data: bytes, images: np.ndarray) -> None:
    """Every stage and the embedding, to 1e-4 in both measures."""
    pairs = zip(run_ours(data, images), run_stages(data, images), strict=True)
    for index, (ours, theirs) in enumerate(pairs):
        assert ours.shape == theirs.shape
        difference = np.abs(ours - theirs).max()
        scale = np.abs(theirs).max()
        print(f'{index}: {difference:.2e} of {scale:.2f}')
        assert scale > 0.1, 'nothing to compare'
        assert difference < 1e-4
        assert difference / scale < 1e-4


def test_a_generated_file_gives_onnxruntimes_values():
    assert_agrees(sface_bytes(), noise_images())


@pytest.mark.real_data
def test_the_published_file_gives_onnxruntimes_values(shared_root):
    path = shared_root / 'teachers' / 'face_recognition_sface_2021dec.onnx'
    photographs = sorted(shared_root.glob('data/frl_faces/images/**/*.jpg'))
    faces = [cv2.imread(str(path)) for path in photographs[:3]]
    assert len(faces) == 3
    faces = [
        cv2.resize(face[..., ::-1], (112, 112)).transpose(2, 0, 1)
        for face in faces
    ]
    images = np.concatenate([noise_images(), np.stack(faces)])
    assert_agrees(path.read_bytes(), images.astype(np.float32))


def test_names_inside_the_file_do_not_matter():
    model = make_sface()
    for item in model.graph.initializer:
        item.name = f'w{item.name}'
    for node in model.graph.node:
        node.input[1:] = [f'w{name}' for name in node.input[1:]]
    del model.graph.input[1:]
    renamed = read_sface_onnx(model.SerializeToString())
    for key, value in read_sface_onnx(sface_bytes()).items():
        assert torch.equal(value, renamed[key])


def weight(model, name):
    (item,) = (i for i in model.graph.initializer if i.name == name)
    return item


def another_epsilon(model):
    (node,) = (n for n in model.graph.node if n.name == 'conv_5_batchnorm')
    (epsilon,) = (item for item in node.attribute if item.name == 'epsilon')
    epsilon.f = 1e-5


def another_file(model):
    item = weight(model, 'conv_1_conv2d_weight')
    item.data_location = onnx.TensorProto.EXTERNAL


def another_mean(model):
    weight(model, 'scalar_op1').raw_data = np.float32(0).tobytes()


def cut_off(model):
    weight(model, 'fc1_gamma').raw_data = b'cut off'


@pytest.mark.parametrize(
    ('change', 'found'),
    [
        (another_epsilon, 'another network'),
        (another_file, 'another network'),
        (another_mean, 'input normalisation'),
        (cut_off, 'damaged'),
    ],
)
def test_another_network_is_refused(change, found):
    model = onnx.load_model_from_string(sface_bytes())
    change(model)
    with refused('a.onnx', found=found):
        read_sface_onnx(model.SerializeToString(), 'a.onnx')


@pytest.mark.parametrize(
    'data',
    [
        b'',
        b'<html>not found</html>',
        b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
        sface_bytes()[:-1000],
    ],
)
def test_what_is_no_onnx_file_is_called_so(data):
    with pytest.raises(InputError, match='not an ONNX file'):
        read_sface_onnx(data)
