"""mmpose_ctd delta-weights as a user types it, on toy networks."""

import delta_oracle
import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from scipy.special import softmax
from tool_server import run_tool
from toy_models import batch, build, model_config, runner_config, teacher_file
from toy_tool import write_toy_config

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder with a source, a trained head and its config."""
    place = tmp_path_factory.mktemp('place')
    teacher_file(place / 'teacher.pth')
    model = model_config('teacher.pth', frozen=['backbone'])
    write_toy_config(place / 'fe.py', model)
    torch.manual_seed(0)
    trained = build(str(place / 'teacher.pth'), frozen=['backbone'])
    torch.nn.init.normal_(trained.head.final_layer.weight, std=0.3)
    torch.save(dict(state_dict=trained.state_dict()), place / 'fe.pth')
    return place, trained


def call(place, *arguments):
    return run_tool('delta_weights.py', *arguments, cwd=place)


def test_it_writes_the_weights_of_brute_force(place):
    place, model = place
    done = call(place, 'fe.py', 'fe.pth', '--out', 'out/delta.pth')
    assert done.returncode == 0, done.stderr
    content = torch.load(place / 'out' / 'delta.pth', weights_only=True)
    mean = delta_oracle.increases(model, batch(8), -1).mean(0)
    np.testing.assert_allclose(content['increase'], mean, rtol=1e-3)
    wanted = softmax((mean - mean.mean()) / mean.std() / 5)
    np.testing.assert_allclose(content['channel_weights'], wanted, rtol=1e-3)
    assert content['meta'] == dict(
        config='fe.py', stage=-1, num_images=8, softmax='standardised'
    )
    assert '8 channel weights from 8 images' in done.stdout
    assert "type='DELTALoss'" in done.stdout
    raw = (place / 'out' / 'delta.pth').read_bytes()
    assert str(place).encode() not in raw and b'subject' not in raw

    # And a run trains with them.
    delta = dict(
        type='DELTALoss', channel_weights=str(place / 'out' / 'delta.pth')
    )
    model = model_config(
        str(place / 'teacher.pth'), regularizers=dict(delta=delta)
    )
    runner = Runner.from_cfg(runner_config(place / 'run', model, epochs=1))
    runner.train()
    assert runner.message_hub.get_scalar('train/loss_delta').current() > 0


def test_an_earlier_stage_the_papers_softmax_and_fewer_batches(place):
    place, _ = place
    done = call(
        place,
        *('fe.py', 'fe.pth', '--out', 'early.pth', '--stage', '0'),
        *('--batches', '3', '--softmax', 'paper'),
    )
    assert done.returncode == 0, done.stderr
    content = torch.load(place / 'early.pth', weights_only=True)
    assert content['meta'] == dict(
        config='fe.py', stage=0, num_images=3, softmax='paper'
    )
