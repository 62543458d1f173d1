import copy
import functools
import io
import zipfile

import cv2
import numpy as np
import pytest
import torch
from refusals import refused
from tflite_file import (
    FaceLandmarkerWriter,
    face_landmarker_bytes,
    task_bytes,
)
from tflite_interpreter import run_graph

from mmpose_ctd.apis.teacher_files import PUBLISHED
from mmpose_ctd.models.backbones import FaceLandmarkerV2
from mmpose_ctd.models.heads import FaceLandmarkerV2Head
from mmpose_ctd.models.teachers import (
    face_landmarker_checkpoint,
    sface_checkpoint,
)
from mmpose_ctd.models.teachers.face_landmarker_checkpoint import (
    MEMBER,
    read_face_landmarker,
)
from mmpose_ctd.models.teachers.tflite_graph import read_tflite


@torch.no_grad()
def run_ours(data: bytes, image: np.ndarray) -> list[np.ndarray]:
    """The five maps, the points and the presence."""
    state = read_face_landmarker(data)
    networks = {'backbone': FaceLandmarkerV2(), 'head': FaceLandmarkerV2Head()}
    for part, network in networks.items():
        keys = [key for key in state if key.startswith(f'{part}.')]
        network.load_state_dict(
            {key.removeprefix(f'{part}.'): state.pop(key) for key in keys},
            strict=True,
        )
        network.eval()
    assert not state
    maps = networks['backbone'](torch.from_numpy(image).permute(0, 3, 1, 2))
    return [x.numpy() for x in (*maps, *networks['head'](maps))]


def run_numpy(data: bytes, image: np.ndarray) -> list[np.ndarray]:
    """The same by the graph; a stage ends where the next one halves it."""
    graph = read_tflite(data)
    values = run_graph(graph, image)
    ends = [o.inputs[0] for o in graph.operators if o.kind == 'MAX_POOL_2D']
    maps = [values[end].transpose(0, 3, 1, 2) for end in ends[1:]]
    points, presence, _ = (values[number] for number in graph.outputs)
    return [
        *maps,
        points.reshape(1, 478, 3),
        1 / (1 + np.exp(-presence.ravel())),
    ]


def assert_agrees(data: bytes, image: np.ndarray) -> None:
    """Every stage, the points and the presence, to 1e-5 of the largest."""
    pairs = zip(run_ours(data, image), run_numpy(data, image), strict=True)
    for index, (ours, theirs) in enumerate(pairs):
        assert ours.shape == theirs.shape
        difference, scale = np.abs(ours - theirs).max(), np.abs(theirs).max()
        print(f'{index}: {difference:.1e} of {scale:.4g}')
        assert index == 6 or scale > 0.1, 'nothing to compare'
        assert difference < 1e-5 * max(scale, 1)


def noise() -> np.ndarray:
    random = np.random.default_rng(0)
    return random.random((1, 256, 256, 3), dtype=np.float32)


def test_a_generated_file_gives_the_interpreters_values():
    assert_agrees(face_landmarker_bytes(), noise())


@pytest.mark.real_data
def test_the_published_file_gives_the_interpreters_values(shared_root):
    path = shared_root / 'teachers' / 'face_landmarker_v2.task'
    network = zipfile.ZipFile(path).read(MEMBER)
    photographs = sorted(shared_root.glob('data/frl_faces/images/**/*.jpg'))
    faces = [cv2.imread(str(path))[..., ::-1] for path in photographs[:2]]
    for image in (noise()[0], *(np.float32(face) / 255 for face in faces)):
        assert image.shape == (256, 256, 3)
        assert_agrees(network, np.ascontiguousarray(image[None]))


@functools.cache
def writer() -> FaceLandmarkerWriter:
    file = FaceLandmarkerWriter()
    file.network()
    return file


def operators(file, kind) -> list:
    return [o for o in file.operators if o[0] == kind]


def replace(file, operator, **changes) -> None:
    kind, inputs, outputs, settings = operator
    new = [kind, inputs, outputs, settings]
    for index, name in enumerate(('kind', 'inputs', 'outputs', 'settings')):
        new[index] = changes.get(name, new[index])
    file.operators[file.operators.index(operator)] = tuple(new)


def set_option(file, kind, number, index, form, value) -> None:
    operator = operators(file, kind)[number]
    kept = [item for item in operator[3] if item[0] != index]
    replace(file, operator, settings=[*kept, (index, form, value)])


def stride(file):
    set_option(file, 'DEPTHWISE_CONV_2D', 5, 1, 'Int32', 2)


def padded_elsewhere(file):
    number = operators(file, 'PAD')[0][1][1]
    shape, amounts = file.tensors[number]
    file.tensors[number] = shape, amounts[:, ::-1].copy()


def depthwise_bias(file):
    number = next(
        o[1][0]
        for o in operators(file, 'DEQUANTIZE')
        if o[2][0] == operators(file, 'DEPTHWISE_CONV_2D')[0][1][2]
    )
    shape, zeros = file.tensors[number]
    file.tensors[number] = shape, zeros + np.float16(0.5)


@pytest.mark.parametrize(
    ('change', 'found'),
    [
        (stride, 'operators differ'),
        (padded_elsewhere, 'operators differ'),
        (depthwise_bias, 'has a bias'),
    ],
)
def test_another_network_is_refused(change, found):
    file = copy.copy(writer())
    file.tensors, file.operators = [*file.tensors], [*file.operators]
    change(file)
    with refused('x.task', found=found):
        read_face_landmarker(file.whole(), 'x.task')


def test_the_archive_and_the_network_in_it_are_read():
    network = face_landmarker_bytes()
    # The published archive begins with two zeros.
    for data in (task_bytes(network), b'\0\0' + task_bytes(network)):
        ours, theirs = (read_face_landmarker(x) for x in (data, network))
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def without_the_network() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w') as archive:
        archive.writestr('face_detector.tflite', b'x')
    return stream.getvalue()


def a_bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, bytes(33_000_000))
    return stream.getvalue()


@pytest.mark.parametrize(
    ('data', 'found'),
    [
        (lambda: b'<html>', 'not a tflite file'),
        (without_the_network, 'a zip archive without'),
        (a_bomb, f'{MEMBER} of 33000000 bytes'),
        (
            lambda: task_bytes(face_landmarker_bytes())[:-2000],
            'cannot be unpacked',
        ),
        (
            lambda: task_bytes(face_landmarker_bytes()[:-5000]),
            'a damaged tflite file',
        ),
    ],
)
def test_other_files_are_refused(data, found):
    with refused('x.task', found=found):
        read_face_landmarker(data(), 'x.task')


@pytest.mark.parametrize(
    'name, converter',
    [
        ('face-landmarker', face_landmarker_checkpoint),
        ('sface', sface_checkpoint),
    ],
)
def test_download_and_converter_name_the_same_file(name, converter):
    for key in ('sha256', 'license', 'converter_version'):
        assert getattr(PUBLISHED[name], key) == converter.PUBLISHED[key]
