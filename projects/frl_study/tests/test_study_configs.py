"""The configs of controls and recipes, built and run."""

import pytest
import torch
from config_checks import (
    check_parts,
    check_two_iterations,
    check_without_the_teachers_file,
    flat,
    loader,
)
from config_set import (
    STUDY,
    write_face_landmarker,
    write_faceres_teacher,
    write_faces,
    write_mesh_start,
    write_sface,
)
from mmpose.registry import MODELS

from mmpose_ctd.models.outputs import SourceOutputs

NAMES = sorted(str(path.relative_to(STUDY)) for path in STUDY.rglob('*.py'))
#: Never were in configs/frl_faces.
NEW = {
    'controls/faceres_start_v2_teacher.py',
    'controls/v2_start_faceres_teacher.py',
    'controls/v2_start_sface_teacher.py',
}


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    """Synthetic faces where each config looks for its own set."""
    return write_faces(tmp_path_factory.mktemp('data'))


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory):
    """Random weights, converted as a user would."""
    root = tmp_path_factory.mktemp('checkpoints')
    write_sface(root)
    write_face_landmarker(root)
    write_faceres_teacher(root)
    write_mesh_start(root)
    return root


@pytest.fixture
def load(data_root, checkpoints, monkeypatch):
    return loader(data_root, checkpoints, monkeypatch)


@pytest.mark.parametrize('name', NAMES)
def test_it_builds_without_the_teachers_file(name, load, monkeypatch):
    check_without_the_teachers_file(load, STUDY / name, monkeypatch)


@pytest.mark.parametrize('name', NAMES)
def test_its_components_settings_and_framings_fit(name):
    check_parts(STUDY / name)


@pytest.mark.parametrize('name', sorted({*NAMES} - NEW))
def test_its_old_path_is_the_same_config(name, load):
    with pytest.warns(DeprecationWarning, match=name):
        old = load(f'frl_faces/{name}')
    assert old.to_dict() == load(STUDY / name).to_dict()


@pytest.mark.slow
@pytest.mark.parametrize('name', NAMES)
def test_two_iterations_and_a_validation(name, load, tmp_path):
    check_two_iterations(load, STUDY / name, tmp_path)


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
    ours = flat(load(STUDY / 'controls' / f'{control}.py').to_dict())
    differing = {
        key
        for key in base.keys() | ours
        if base.get(key) != ours.get(key)
        # What registers the changed teacher.
        and not key.startswith('.custom_imports.')
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
    ours = flat(load(STUDY / 'recipe' / f'{name}.py').to_dict())
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
    def steps(path):
        return [step.to_dict() for step in load(path).train_pipeline]

    recipe = STUDY / 'recipe'
    plain, every = steps('frl_faces/ft_sface.py'), steps(recipe / 'aug_all.py')
    for name in ('rotation', 'photometric', 'warp'):
        for step in steps(recipe / f'aug_{name}.py'):
            if step not in plain:
                assert step in every
    assert len(every) == len(plain) + 2


def test_controls_start_where_their_systems_do(load):
    def start(name):
        torch.manual_seed(0)
        model = MODELS.build(load(name).model)
        model.init_weights()
        return model.state_dict()

    def same(ours, theirs, part=''):
        return all(
            torch.equal(ours[k], theirs[k])
            for k in theirs
            if k.startswith(part)
        )

    fine_tuning = start('frl_faces/ft_sface.py')
    for name in ('random_teacher', 'shuffled_teacher', 'ctd_ed_stage'):
        assert same(start(STUDY / 'controls' / f'{name}.py'), fine_tuning)
    random = start(STUDY / 'controls/ft_random_start.py')
    assert same(start(STUDY / 'controls/ctd_ed_random_start.py'), random)
    assert same(random, fine_tuning, 'head.')
    assert not same(random, fine_tuning, 'backbone.stem.0.conv')


@pytest.mark.parametrize('stage', range(4))
def test_the_stage_of_the_ablation_is_one_option(stage, load):
    cfg = load(STUDY / 'controls/ctd_ed_stage.py')
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
            m._regularize(m.backbone(images), *m._teach(images))['loss_ed']
            for m in (model, whole)
        ]
        assert torch.equal(*losses)
