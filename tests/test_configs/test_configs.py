"""Every config a user can run, built and run."""

import pytest
import torch
from config_set import CONFIGS, write_faces, write_mesh_start, write_sface
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import MODELS
from torch import nn
from vggface2_files import write_pickle
from vggface2_network import random_state

from mmpose_ctd.errors import MissingFileError
from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.models.teachers.vggface2_checkpoint import convert_vggface2

#: What each system of the paper adds to plain fine-tuning.
SYSTEMS = {
    'ft': set(),
    'fe': {'.model.frozen'},
    'ftp': {'.model.frozen', '.model.trainable'},
    'ctd_cd': {'.model.regularizers.cd'},
    'ctd_ed': {'.model.regularizers.ed'},
    'ctd_com': {'.model.regularizers.cd', '.model.regularizers.ed'},
}
#: What other systems than the paper's add.
OTHER_TERMS = {
    'ctd_spatial_attention': 'spatial',
    'ctd_channel_attention': 'channel',
    'l2sp': 'sp',
    'delta': 'delta',
}
NAMES = sorted(
    str(path.relative_to(CONFIGS))
    for path in CONFIGS.rglob('*.py')
    if '_base_' not in path.parts
)


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    """Synthetic faces where each config looks for its own set."""
    return write_faces(tmp_path_factory.mktemp('data'))


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory):
    """Random weights in the published formats, converted as a user would."""
    root = tmp_path_factory.mktemp('checkpoints')
    write_sface(root)
    write_mesh_start(root)
    write_pickle(root / 'resnet50_ft_weight.pkl', random_state(classes=8631))
    convert_vggface2(
        root / 'resnet50_ft_weight.pkl', root / 'vggface2_resnet50.pth'
    )
    return root


@pytest.fixture
def load(data_root, checkpoints, monkeypatch):
    def load(name):
        monkeypatch.setenv('CTD_DATA_ROOT', str(data_root))
        monkeypatch.setenv('CTD_CHECKPOINTS', str(checkpoints))
        return Config.fromfile(CONFIGS / name)

    return load


def flat(value, at=''):
    """All settings of a config: dotted key -> value."""
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, (list, tuple)):
        pairs = enumerate(value)
    else:
        return {at: value}
    return {
        k: v for key, x in pairs for k, v in flat(x, f'{at}.{key}').items()
    }


def test_the_seven_systems_are_there_for_both_teachers():
    for network, folder in (('resnet50', ''), ('sface', 'frl_faces/')):
        systems = {f'{folder}{name}_{network}.py' for name in SYSTEMS}
        assert systems | {f'{folder}hourglass.py'} <= set(NAMES)


@pytest.mark.parametrize('name', NAMES)
def test_it_builds_without_the_teachers_file(name, load, monkeypatch):
    load(name)
    monkeypatch.setenv('CTD_CHECKPOINTS', '/nowhere')
    cfg = Config.fromfile(CONFIGS / name)
    model = MODELS.build(cfg.model)
    assert model.teacher is None
    asks = model._init_from_teacher or model.active_regularizers
    if 'teacher' not in cfg.model or not asks:
        model.init_weights()
        return
    with pytest.raises(MissingFileError) as error:
        model.init_weights()
    message = str(error.value)
    assert '/nowhere/' in message and 'To get it:' in message


def test_an_hourglass_refuses_sides_that_it_cannot_halve(load, monkeypatch):
    monkeypatch.setenv('CTD_INPUT_SIZE', '112')
    with pytest.raises(ValueError, match='=112: .* a multiple of 128'):
        load('frl_faces/hourglass.py')


@pytest.mark.parametrize('side', ['100', '0', '-16'])
def test_an_input_that_cannot_be_halved_four_times_is_refused(
    load, monkeypatch, side
):
    monkeypatch.setenv('CTD_INPUT_SIZE', side)
    with pytest.raises(ValueError, match=f'={side}: .* a multiple of 16'):
        load('frl_faces/ft_sface.py')


@pytest.mark.slow
# Those of mixing/ are trained and used beside this file.
@pytest.mark.parametrize('name', [n for n in NAMES if 'mixing' not in n])
def test_two_iterations_and_a_validation(name, load, tmp_path, monkeypatch):
    # Of the configs that can be small; an hourglass halves five times.
    side = '128' if 'hourglass' in name else '64'
    monkeypatch.setenv('CTD_INPUT_SIZE', side)
    cfg = load(name)
    cfg.work_dir = str(tmp_path)
    cfg.log_level = 'ERROR'
    cfg.train_cfg.update(max_iters=2, val_interval=2)
    cfg.train_dataloader.update(
        batch_size=2, num_workers=0, persistent_workers=False
    )
    cfg.val_dataloader.update(
        batch_size=2, num_workers=0, persistent_workers=False
    )
    runner = Runner.from_cfg(cfg)
    runner.train()
    hub = runner.message_hub
    assert hub.get_scalar('train/loss').current() > 0
    assert 0 < hub.get_scalar('val/landmark/ME').current() < 256
    regularised = bool(runner.model.active_regularizers)
    assert (runner.model.teacher is not None) == regularised
    for term in runner.model.active_regularizers:
        assert f'train/loss_{term}' in hub.log_scalars
    best = list(tmp_path.glob('best_landmark_ME*.pth'))
    assert bool(best) == ('save_best' in cfg.default_hooks.checkpoint)


@pytest.mark.parametrize('root', ['{}_resnet50.py', 'frl_faces/{}_sface.py'])
@pytest.mark.parametrize('system', SYSTEMS)
def test_a_system_differs_from_fine_tuning_in_its_method_alone(
    system, root, load
):
    base, ours = (
        flat(load(root.format(name)).to_dict()) for name in ('ft', system)
    )
    assert {k: ours.get(k) for k in base} == base
    added = set(ours) - set(base)
    methods = SYSTEMS[system]
    for key in added:
        assert any(key.startswith(f'{method}.') for method in methods), key
    for method in methods:
        assert any(key.startswith(f'{method}.') for key in added), method


@pytest.mark.parametrize(('system', 'term'), OTHER_TERMS.items())
def test_another_regulariser_is_all_that_its_system_adds(system, term, load):
    base, ours = (
        flat(load(f'frl_faces/{name}_sface.py').to_dict())
        for name in ('ft', system)
    )
    assert {k: ours.get(k) for k in base} == base
    added = set(ours) - set(base)
    assert added
    prefix = f'.model.regularizers.{term}.'
    assert all(key.startswith(prefix) for key in added)


@pytest.mark.parametrize(
    ('control', 'system', 'changed'),
    [
        ('random_teacher', 'ctd_ed', '.model.teacher.'),
        ('shuffled_teacher', 'ctd_ed', '.model.teacher.type'),
        ('ctd_ed_batch_statistics', 'ctd_ed', '.model.teacher.type'),
        ('ctd_ed_random_start', 'ctd_ed', '.model.init_from_teacher'),
        ('ft_random_start', 'ft', '.model.init_from_teacher'),
    ],
)
def test_a_control_differs_from_its_system_in_one_thing(
    control, system, changed, load
):
    base = flat(load(f'frl_faces/{system}_sface.py').to_dict())
    ours = flat(load(f'frl_faces/controls/{control}.py').to_dict())
    differing = {
        key for key in base.keys() | ours if base.get(key) != ours.get(key)
    }
    assert differing
    assert all(key.startswith(changed) for key in differing)


@pytest.mark.parametrize(
    ('name', 'parent', 'changed'),
    [
        ('aug_rotation', 'ft', ['.train_pipeline.3.rotate_factor']),
        ('aug_photometric', 'ft', ['.train_pipeline.', '.colour.']),
        ('aug_warp', 'ft', ['.train_pipeline.', '.warp.']),
        ('aug_all', 'ft', ['.train_pipeline.', '.colour.', '.warp.']),
        ('ema', 'ft', ['.custom_hooks.']),
        (
            'unlabelled',
            'ctd_ed',
            ['.model.head.loss.labelled_only', '.train_dataloader.'],
        ),
    ],
)
def test_a_recipe_changes_one_thing(name, parent, changed, load):
    base = flat(load(f'frl_faces/{parent}_sface.py').to_dict())
    ours = flat(load(f'frl_faces/recipe/{name}.py').to_dict())
    pipeline = '.train_dataloader.dataset.pipeline.'
    # What trains is the pipeline that the file shows.
    assert {
        key.removeprefix(pipeline): value
        for key, value in ours.items()
        if key.startswith(pipeline)
    } == {
        key.removeprefix('.train_pipeline.'): value
        for key, value in ours.items()
        if key.startswith('.train_pipeline.')
    }
    differing = {
        key.replace(pipeline, '.train_pipeline.')
        for key in base.keys() | ours
        if base.get(key) != ours.get(key)
    }
    assert differing
    assert all(key.startswith(tuple(changed)) for key in differing)
    for prefix in changed:
        assert any(key.startswith(prefix) for key in differing)


def test_the_steps_of_all_augmentation_are_those_of_the_single_ones(load):
    def steps(name):
        pipeline = load(f'frl_faces/{name}.py').train_pipeline
        return [step.to_dict() for step in pipeline]

    plain, every = steps('ft_sface'), steps('recipe/aug_all')
    for name in ('rotation', 'photometric', 'warp'):
        for step in steps(f'recipe/aug_{name}'):
            if step not in plain:
                assert step in every
    assert len(every) == len(plain) + 2


def test_controls_start_where_their_systems_do(load):
    def start(name):
        torch.manual_seed(0)
        model = MODELS.build(load(f'frl_faces/{name}.py').model)
        model.init_weights()
        return model.state_dict()

    def same(ours, theirs, part=''):
        return all(
            torch.equal(ours[k], theirs[k])
            for k in theirs
            if k.startswith(part)
        )

    fine_tuning = start('ft_sface')
    for name in ('random_teacher', 'shuffled_teacher', 'ctd_ed_stage'):
        assert same(start(f'controls/{name}'), fine_tuning)
    random = start('controls/ft_random_start')
    assert same(start('controls/ctd_ed_random_start'), random)
    assert same(random, fine_tuning, 'head.')
    assert not same(random, fine_tuning, 'backbone.stem.0.conv')


@pytest.mark.parametrize('stage', range(4))
def test_the_stage_of_the_ablation_is_one_option(stage, load):
    cfg = load('frl_faces/controls/ctd_ed_stage.py')
    cfg.merge_from_dict({'model.regularizers.ed.stage': stage})
    model = MODELS.build(cfg.model)
    model.init_weights()
    model.train()
    term = model.regularizers.ed
    feats = model.backbone(torch.rand(2, 3, 64, 64))
    maps = term.maps(SourceOutputs(feats), SourceOutputs(feats))
    assert maps[0].shape[1] == (128, 256, 512, 1024)[stage]
    if stage == 3:
        whole = MODELS.build(load('frl_faces/ctd_ed_sface.py').model)
        whole.init_weights()
        whole.train()
        images = torch.rand(2, 3, 64, 64)
        losses = [
            m._regularize(images, m.backbone(images))['loss_ed']
            for m in (model, whole)
        ]
        assert torch.equal(*losses)


def test_both_regularisers_are_those_of_the_single_systems(load):
    for root in ('{}_resnet50.py', 'frl_faces/{}_sface.py'):
        both = load(root.format('ctd_com')).model.regularizers
        for term in ('cd', 'ed'):
            single = load(root.format(f'ctd_{term}')).model.regularizers
            assert both[term] == single[term]


@pytest.mark.parametrize('name', ['fe_resnet50.py', 'frl_faces/fe_sface.py'])
def test_feature_extraction_trains_the_decoder_alone(name, load):
    model = MODELS.build(load(name).model)
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert trained
    assert all(n.startswith('head.') for n in trained)


@pytest.mark.parametrize(
    ('name', 'layer'),
    [
        ('ftp_resnet50.py', 'backbone.layer4.2.conv3.weight'),
        ('frl_faces/ftp_sface.py', 'backbone.stage4.1.pointwise.conv.weight'),
    ],
)
def test_fine_tuning_parts_trains_the_last_convolution_too(name, layer, load):
    model = MODELS.build(load(name).model)
    trained = [n for n, p in model.named_parameters() if p.requires_grad]
    assert [n for n in trained if n.startswith('backbone.')] == [layer]
    convolutions = [
        f'backbone.{n}.weight'
        for n, m in model.backbone.named_modules()
        if isinstance(m, nn.Conv2d)
    ]
    assert convolutions[-1] == layer


def test_training_and_test_subjects_come_from_files_of_the_config(load):
    cfg = load('frl_faces/ctd_ed_sface.py')
    assert cfg.train_dataloader.dataset.split.endswith('n020_seed0.txt')
    assert cfg.test_dataloader.dataset.split == 'splits/test.txt'
    cfg.merge_from_dict(
        {'train_dataloader.dataset.split': 'splits/train_n080_seed1.txt'}
    )
    assert cfg.train_dataloader.dataset.split.endswith('n080_seed1.txt')


@pytest.mark.real_data
@pytest.mark.parametrize('name', ['frl_faces/ft_sface.py'])
def test_the_real_faces_fit_the_config(name, load, shared_root, monkeypatch):
    load(name)
    monkeypatch.setenv('CTD_DATA_ROOT', str(shared_root / 'data'))
    cfg = Config.fromfile(CONFIGS / name)
    loaders = (cfg.train_dataloader, cfg.test_dataloader)
    datasets = [Runner.build_dataloader(c).dataset for c in loaders]
    assert [len(d) for d in datasets] == [20, 60]
    subjects = [
        {d.get_data_info(i)['subject'] for i in range(len(d))}
        for d in datasets
    ]
    assert not subjects[0] & subjects[1]
    sample = datasets[0][0]
    assert sample['inputs'].shape == (3, 256, 256)
    assert sample['data_samples'].gt_fields.heatmaps.shape == (19, 64, 64)
