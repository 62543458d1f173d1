"""Every config a user can run, built and run."""

from itertools import product

import pytest
from config_checks import (
    check_parts,
    check_two_iterations,
    check_without_the_teachers_file,
    flat,
    loader,
)
from config_set import (
    CONFIGS,
    any_points,
    write_face_landmarker,
    write_faceres_teacher,
    write_faces,
    write_sface,
)
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import MODELS
from torch import nn
from vggface2_files import write_pickle
from vggface2_network import random_state

from mmpose_ctd.datasets import face_mesh
from mmpose_ctd.framing import merge_options
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
    'ctd_spatial_attention': {'.model.regularizers.spatial'},
    'ctd_channel_attention': {'.model.regularizers.channel'},
    'l2sp': {'.model.regularizers.sp'},
    'delta': {'.model.regularizers.delta'},
}
NAMES = sorted(
    str(path.relative_to(CONFIGS))
    for path in CONFIGS.rglob('*.py')
    # Of controls/ and recipe/ the tests are in projects/frl_study.
    if not {'_base_', 'controls', 'recipe'} & {*path.parts}
)


#: One with each component; those of mixing/ are trained beside this file.
TRAINED = [
    *('ctd_com_resnet50.py', 'ftp_resnet50.py', 'hourglass.py'),
    *('frl_faces/ctd_com_sface.py', 'frl_faces/fe_sface.py'),
    *('frl_faces/best.py', 'frl_faces/best_ed.py'),
    *('frl_faces/ctd_ed_v2.py', 'frl_faces/ctd_ed_faceres.py'),
    *(f'frl_faces/{system}_sface.py' for system in OTHER_TERMS),
]


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    """Synthetic faces where each config looks for its own set."""
    return write_faces(tmp_path_factory.mktemp('data'))


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory):
    """Random weights in the published formats, converted as a user would."""
    root = tmp_path_factory.mktemp('checkpoints')
    write_sface(root)
    write_face_landmarker(root)
    write_faceres_teacher(root)
    write_pickle(root / 'resnet50_ft_weight.pkl', random_state(classes=8631))
    convert_vggface2(
        root / 'resnet50_ft_weight.pkl', root / 'vggface2_resnet50.pth'
    )
    return root


@pytest.fixture
def load(data_root, checkpoints, monkeypatch):
    return loader(data_root, checkpoints, monkeypatch)


def test_the_seven_systems_are_there_for_both_teachers():
    for network, folder in (('resnet50', ''), ('sface', 'frl_faces/')):
        systems = {f'{folder}{name}_{network}.py' for name in SYSTEMS}
        assert systems | {f'{folder}hourglass.py'} <= set(NAMES)


@pytest.mark.parametrize(
    'name', [n for n in NAMES if n in TRAINED or 'mixing' in n]
)
def test_it_builds_without_the_teachers_file(name, load, monkeypatch):
    check_without_the_teachers_file(load, name, monkeypatch)


@pytest.mark.parametrize('name', NAMES)
def test_its_components_settings_and_framings_fit(name):
    check_parts(CONFIGS / name)


@pytest.mark.slow
@pytest.mark.parametrize('name', TRAINED)
def test_two_iterations_and_a_validation(name, load, tmp_path, monkeypatch):
    # A network of random weights sees no face.
    monkeypatch.setattr(face_mesh, 'mesh_points', any_points)
    check_two_iterations(load, name, tmp_path)


def added(load, root, system):
    """The settings that a system adds to fine-tuning, which it keeps."""
    base, ours = (
        flat(load(root.format(name)).to_dict()) for name in ('ft', system)
    )
    assert {k: ours.get(k) for k in base} == base
    return {key: ours[key] for key in ours.keys() - base.keys()}


@pytest.mark.parametrize(
    ('root', 'system'),
    [
        *product(['{}_resnet50.py'], SYSTEMS),
        *product(['frl_faces/{}_sface.py'], SYSTEMS | OTHER_TERMS),
    ],
)
def test_a_system_differs_from_fine_tuning_in_its_method_alone(
    system, root, load
):
    methods = (SYSTEMS | OTHER_TERMS)[system]
    found = added(load, root, system)
    for key in found:
        assert any(key.startswith(f'{method}.') for method in methods), key
    for method in methods:
        assert any(key.startswith(f'{method}.') for key in found), method


def test_ed_from_the_landmark_network_compares_all_five_maps(load):
    found = added(load, 'frl_faces/{}_v2.py', 'ctd_ed')
    assert all(key.startswith('.model.regularizers.') for key in found)
    stages = {v for key, v in found.items() if key.endswith('.stage')}
    assert stages == {*range(5)}


@pytest.mark.slow
def test_without_batch_norm_the_pull_begins_at_zero(load, tmp_path):
    cfg = load('frl_faces/ctd_ed_v2.py')
    merge_options(cfg, {'framing.input_size': 64})
    cfg.merge_from_dict(
        dict(work_dir=str(tmp_path), log_level='ERROR', val_cfg=None)
    )
    cfg.val_dataloader = cfg.val_evaluator = None
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=3)
    cfg.train_dataloader.update(
        batch_size=2, num_workers=0, persistent_workers=False
    )
    runner = Runner.from_cfg(cfg)
    runner.train()
    for stride in (4, 8, 16, 32, 64):
        scalar = runner.message_hub.get_scalar(f'train/loss_ed{stride}')
        first, *_, last = scalar.data[0]
        assert abs(first) < 1e-4 < last


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
