"""Other students, heads, codecs and teachers, through the real Runner."""

import cv2
import numpy as np
import pytest
import torch
from config_set import (
    CONFIGS,
    write_faces,
    write_mixing_teachers,
    write_sface,
)
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.apis import inference_topdown, init_model
from mmpose.registry import MODELS

from mmpose_ctd.framing import merge_options

MIXING = CONFIGS / 'mixing'
NAMES = sorted(path.name for path in MIXING.glob('*.py'))
#: Keys of CTDTopdownPoseEstimator that MMPose's own class does not have.
OURS = (
    'channels_last',
    'frozen',
    'init_from_teacher',
    'regularizers',
    'teacher',
    'trainable',
)
K = 19


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp('mixing')
    write_faces(root)
    write_sface(root)
    write_mixing_teachers(root)
    return root


@pytest.fixture(scope='module')
def load(place):
    def load(name, checkpoints=place, folder=MIXING):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv('CTD_DATA_ROOT', str(place))
            patch.setenv('CTD_CHECKPOINTS', str(checkpoints))
            cfg = Config.fromfile(folder / name)
        merge_options(cfg, {'framing.input_size': 64})
        return cfg

    return load


@pytest.fixture(scope='module', params=NAMES)
def run(request, load, place):
    """A config's name, and its finished Runner, of two iterations."""
    cfg = load(request.param)
    cfg.work_dir = str(place / request.param)
    cfg.experiment_name = request.param
    cfg.log_level = 'ERROR'
    cfg.train_cfg.update(max_iters=2, val_interval=2)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return request.param, runner


@pytest.fixture(scope='module')
def checkpoint(run, place):
    return str(place / run[0] / 'iter_2.pth')


def plain_model(cfg):
    """MMPose's own estimator of the same parts."""
    parts = {k: v for k, v in cfg.model.items() if k not in OURS}
    return MODELS.build(dict(parts, type='TopdownPoseEstimator'))


@pytest.mark.slow
def test_it_trains_with_all_its_regularisers_and_validates(run):
    _, runner = run
    scalars = runner.message_hub.log_scalars
    terms = runner.model.active_regularizers
    assert terms and runner.model.teacher is not None
    for name in ('loss_kpt', *(f'loss_{term}' for term in terms)):
        assert 0 < scalars[f'train/{name}'].current() < float('inf')
    assert 0 < scalars['val/landmark/ME'].current() < float('inf')


@pytest.mark.slow
def test_its_checkpoint_is_mmposes(run, checkpoint, load):
    state = torch.load(checkpoint, weights_only=False)['state_dict']
    theirs = plain_model(load(run[0]))
    assert list(state) == list(theirs.state_dict())
    theirs.load_state_dict(state, strict=True)


@pytest.mark.slow
def test_inference_needs_no_teacher_and_is_mmposes(
    run, checkpoint, load, place
):
    cfg = load(run[0], checkpoints=place / 'nowhere')
    image = next((place / 'frl_faces' / 'images').rglob('*.*g'))
    model = init_model(cfg.copy(), checkpoint, device='cpu')
    assert model.teacher is None
    face = inference_topdown(model, str(image))[0].pred_instances
    assert face.keypoints.shape == (1, K, 2)
    assert np.isfinite(face.keypoints).all()
    # In one memory layout even the last bit is the same.
    cfg.model.channels_last = False
    theirs = cfg.copy()
    theirs.model = {k: v for k, v in cfg.model.items() if k not in OURS}
    theirs.model.type = 'TopdownPoseEstimator'
    pair = [init_model(c, checkpoint, device='cpu') for c in (cfg, theirs)]
    picture = cv2.resize(cv2.imread(str(image)), (90, 70))
    points = [
        inference_topdown(m, picture)[0].pred_instances.keypoints for m in pair
    ]
    np.testing.assert_array_equal(*points)


@pytest.mark.parametrize('name', NAMES)
def test_what_is_encoded_is_what_the_head_decodes(name, load):
    cfg = load(name)
    encoder = cfg.train_dataloader.dataset.pipeline[5].encoder
    assert encoder == cfg.model.head.decoder == cfg.codec
    udp = encoder.type == 'UDPHeatmap'
    for loader in ('train', 'val', 'test'):
        steps = cfg[f'{loader}_dataloader'].dataset.pipeline
        (affine,) = (s for s in steps if s.type == 'TopdownAffine')
        assert affine.get('use_udp', False) == udp
        assert affine.input_size == encoder.input_size == (64, 64)


@pytest.mark.parametrize('name', NAMES)
def test_data_schedule_and_measure_are_those_of_the_base(name, load):
    base = load('ft_sface.py', folder=CONFIGS / 'frl_faces').to_dict()
    ours = load(name).to_dict()
    for cfg in (base, ours):
        for loader in ('train', 'val', 'test'):
            cfg[f'{loader}_dataloader']['dataset'].pop('pipeline')
        cfg['optim_wrapper'].pop('clip_grad', None)
    for key in base:
        if key.endswith(('_dataloader', '_cfg', '_evaluator', '_hooks')) or (
            key in ('optim_wrapper', 'param_scheduler', 'randomness')
        ):
            assert ours[key] == base[key], key


def test_the_readme_tells_of_every_config():
    text = (MIXING / 'README.md').read_text()
    assert NAMES
    for name in NAMES:
        assert f'[{name}]({name})' in text
