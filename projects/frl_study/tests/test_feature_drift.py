"""How far a trained encoder is from its source."""

import copy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from tool_server import run_tool
from toy_models import ED, ToyEncoder, batch, build, model_config, teacher_file

from mmpose_ctd.errors import InputError
from projects.frl_study.diagnostics.feature_drift import feature_drift


@pytest.fixture
def config(tmp_path):
    source = teacher_file(tmp_path / 'teacher.pth')
    return Config(dict(model=model_config(source, regularizers=ED)))


def checkpoint(config, path, change=lambda state: None):
    """The start of a training, changed."""
    model = build(**{k: v for k, v in config.model.items() if k != 'type'})
    state = copy.deepcopy(model.state_dict())
    change(state)
    torch.save(dict(state_dict=state, meta={}), path)
    return str(path)


def shifted(state):
    """In the encoder, and in the head, which is no part of it."""
    for name, value in state.items():
        if name.endswith('weight'):
            value += 0.2


def test_what_was_not_trained_has_not_moved(config, tmp_path):
    file = checkpoint(config, tmp_path / 'start.pth')
    (drift,) = feature_drift(config, [file], [batch(4)])
    assert drift.features == pytest.approx((0, 0), abs=1e-6)
    assert drift.weights == 0


def test_distance_is_one_less_the_cosine_of_whole_maps(config, tmp_path):
    start = checkpoint(config, tmp_path / 'start.pth')
    moved = checkpoint(config, tmp_path / 'moved.pth', shifted)
    data = batch(6)
    parts = [
        {key: values[i : i + 4] for key, values in data.items()}
        for i in (0, 4)
    ]
    (drift,) = feature_drift(config, [moved], parts)

    mean = torch.tensor([120.0, 110.0, 100.0]).view(3, 1, 1)
    std = torch.tensor([60.0, 55.0, 50.0]).view(3, 1, 1)
    maps, lengths = [], []
    for file in (start, moved):
        encoder = ToyEncoder()
        state = torch.load(file, weights_only=True)['state_dict']
        encoder.load_state_dict(
            {k[9:]: v for k, v in state.items() if k.startswith('backbone.')}
        )
        encoder.eval()
        images = torch.stack([i.flip(0).float() for i in data['inputs']])
        with torch.no_grad():
            maps.append([m.numpy() for m in encoder((images - mean) / std)])
        lengths.append(
            np.concatenate(
                [p.detach().numpy().ravel() for p in encoder.parameters()]
            )
        )
    for stage in range(2):
        a, b = (m[stage].reshape(6, -1) for m in maps)
        cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1)
        cosine /= np.linalg.norm(b, axis=1)
        assert drift.features[stage] == pytest.approx(
            1 - cosine.mean(), abs=1e-5
        )
    before, after = lengths
    assert drift.weights == pytest.approx(
        np.linalg.norm(after - before) / np.linalg.norm(before), rel=1e-5
    )


def test_without_a_source_there_is_no_drift(config, tmp_path):
    file = checkpoint(config, tmp_path / 'start.pth')
    other = copy.deepcopy(config)
    other.model.backbone.channels = (6, 7)
    with pytest.raises(InputError) as error:
        feature_drift(other, [file], [batch(2)])
    assert 'into model.backbone' in error.value.where
    del config.model['teacher']
    with pytest.raises(InputError) as error:
        feature_drift(config, [file], [batch(2)])
    assert error.value.where == 'model.teacher'


@pytest.mark.slow
def test_the_tool_refuses_what_is_not_there(repo_root):
    told = run_tool(
        'feature_drift.py',
        *('configs/frl_faces/ctd_ed_sface.py', 'FT=nowhere.pth'),
        cwd=repo_root,
    )
    assert told.returncode == 2 and 'Traceback' not in told.stderr
    assert 'nowhere.pth' in told.stderr
