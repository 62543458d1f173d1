"""FaceRes: published files -> checkpoint -> teacher, compared by value."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from faceres_files import EMBEDDING, STAGE_ENDS, run_graph, write_faceres
from mmpose.registry import MODELS
from refusals import refused

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.models.teachers.faceres_checkpoint import convert_faceres
from mmpose_ctd.models.teachers.tfjs_file import read_tfjs_weights


def check_values(weights: Path, target: Path, images: np.ndarray) -> None:
    """Compare the four maps and the embedding with the graph's."""
    convert_faceres(weights, target)
    teacher = MODELS.build(
        dict(
            type='SourceModel',
            backbone=dict(type='FaceResNet', out_indices=(0, 1, 2, 3)),
            head=dict(
                type='PooledClassifier', in_channels=1024, num_classes=None
            ),
            checkpoint=str(target),
        )
    )
    graph = run_graph(weights.with_suffix('.json'), images)
    inputs = torch.from_numpy(images).float().permute(0, 3, 1, 2)
    outputs = teacher(inputs, with_final=True)
    for ours, name in zip(outputs.feats, STAGE_ENDS, strict=True):
        theirs = torch.from_numpy(graph[name]).float().permute(0, 3, 1, 2)
        # Neither all zero nor all clipped at 6.
        assert theirs.std() > 0.05
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)
    theirs = torch.from_numpy(graph[EMBEDDING]).float()
    torch.testing.assert_close(outputs.final, theirs, rtol=1e-3, atol=1e-3)


# "SAME" pads even and odd sizes differently.
@pytest.mark.parametrize('size', [(64, 64), (65, 47)])
def test_the_maps_are_those_of_the_graph(tmp_path, size):
    weights = write_faceres(tmp_path)
    images = np.random.default_rng(1).uniform(0, 255, (2, *size, 3))
    check_values(weights, tmp_path / 'out.pth', images)


@pytest.mark.real_data
def test_the_maps_of_the_published_network(tmp_path, shared_root):
    weights = shared_root / 'teachers' / 'faceres-deep.bin'
    images = np.random.default_rng(1).uniform(0, 255, (1, 224, 224, 3))
    check_values(weights, tmp_path / 'out.pth', images)


def test_the_checkpoint_says_what_it_is(tmp_path):
    weights = write_faceres(tmp_path)
    meta = convert_faceres(weights, tmp_path / 'new' / 'out.pth')
    content = torch.load(tmp_path / 'new' / 'out.pth', weights_only=True)
    assert content['meta'] == meta
    assert meta['source'] == meta['license'] == 'unknown'
    assert meta['channel_order'] == 'rgb' and meta['std'] == (1.0, 1.0, 1.0)


@pytest.fixture
def model(tmp_path):
    """The JSON of a small model that is no FaceRes, and its weights."""
    (tmp_path / 'a.bin').write_bytes(np.arange(6, dtype='<f4').tobytes())
    return {
        'weightsManifest': [
            {
                'paths': ['a.bin'],
                'weights': [
                    {'name': 'x', 'shape': [2, 2], 'dtype': 'float32'},
                    {'name': 'y', 'shape': [2], 'dtype': 'float32'},
                ],
            }
        ]
    }


def read(folder: Path, model) -> dict:
    (folder / 'a.json').write_text(json.dumps(model))
    return read_tfjs_weights(folder / 'a.json')


def test_arrays_follow_each_other_in_the_file(tmp_path, model):
    arrays = read(tmp_path, model)
    np.testing.assert_array_equal(arrays['x'], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(arrays['y'], [4, 5])


@pytest.mark.parametrize(
    'change',
    [
        dict(shape=[7]),
        dict(shape=[-6]),
        dict(shape=None),
        dict(dtype='uint8'),
        dict(quantization=dict(dtype='float16')),
        dict(paths=['../a.bin']),
    ],
)
def test_other_files_are_refused(tmp_path, model, change):
    manifest = model['weightsManifest'][0]
    if 'paths' in change:
        manifest.update(change)
    else:
        entry = dict(name='x', shape=[6], dtype='float32')
        manifest['weights'] = [entry | change]
    with refused(within='a.json'):
        read(tmp_path, model)


@pytest.mark.parametrize('content', [b'[', b'[1]', b'\xff', b'[' * 9999])
def test_what_is_no_model_is_refused(tmp_path, content):
    (tmp_path / 'a.json').write_bytes(content)
    with pytest.raises(InputError):
        read_tfjs_weights(tmp_path / 'a.json')
    with pytest.raises(MissingFileError):
        read_tfjs_weights(tmp_path / 'b.json')


def test_another_network_is_refused(tmp_path, model):
    read(tmp_path, model)
    with refused(found='conv1'):
        convert_faceres(tmp_path / 'a.bin', tmp_path / 'out.pth')
    assert not (tmp_path / 'out.pth').exists()


def test_another_shape_is_refused(tmp_path):
    weights = write_faceres(tmp_path)
    file = weights.with_suffix('.json')
    content = json.loads(file.read_text())
    entry = content['weightsManifest'][0]['weights'][0]
    assert entry['shape'] == [3, 3, 3, 32]
    entry['shape'] = [3, 3, 32, 3]
    file.write_text(json.dumps(content))
    with refused(within='conv1'):
        convert_faceres(weights, tmp_path / 'out.pth')
