"""A converted file in the paper's own config."""

from pathlib import Path

import numpy as np
import torch
import vggface2_files as files
from mmengine.config import Config
from mmpose.registry import MODELS
from vggface2_network import differences, random_state, run

from mmpose_ctd.models.teachers.vggface2_checkpoint import convert_vggface2

CONFIG = Path(__file__).resolve().parents[3] / 'configs/ctd_ed_resnet50.py'


def test_the_teacher_sees_the_photograph_as_the_published_network_does(
    tmp_path, monkeypatch
):
    """From pixels to logits; 10 classes stand for its 8631."""
    state = random_state(classes=10)
    published = tmp_path / 'resnet50_ft_weight.pkl'
    files.write_python2_pickle(published, state)
    meta = convert_vggface2(published, tmp_path / 'vggface2_resnet50.pth')
    assert meta['classes'] == 10
    monkeypatch.setenv('CTD_CHECKPOINTS', str(tmp_path))
    config = Config.fromfile(CONFIG).model
    # By default it has all of them.
    assert config.teacher.head.to_dict() == dict(type='PooledClassifier')
    config.teacher.head.num_classes = 10
    model = MODELS.build(config)
    model.init_weights()

    random = np.random.default_rng(0)
    bgr = random.integers(0, 256, (3, 96, 96), dtype=np.uint8)
    data = dict(inputs=[torch.from_numpy(bgr)], data_samples=[])
    x = model.data_preprocessor(data)['inputs']
    model.eval()
    with torch.no_grad():
        ours = model.teacher(x, with_final=True)
        student = model.backbone(x)

    # The pickle's own network takes B, G, R.
    arrays = files.bgr_arrays(state)
    state['conv1.weight'] = torch.from_numpy(arrays['conv1.weight'])
    mean = np.float32([91.4953, 103.8827, 131.0912])[:, None, None]
    *_, last, logits = run(state, torch.from_numpy(bgr - mean)[None])
    assert logits.shape == (1, 10)
    pairs = [ours.feats[-1], ours.final, student[-1]]
    assert max(differences(pairs, [last, logits, last])) <= 1e-5
    for path in tmp_path.iterdir():
        path.unlink()
