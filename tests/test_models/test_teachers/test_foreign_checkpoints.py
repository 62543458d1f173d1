"""Source models in files of other projects, under other names."""

from collections import OrderedDict

import pytest
import torch
from mmengine.runner import Runner
from refusals import refused
from toy_models import (
    ToyClassifier,
    ToyEncoder,
    model_config,
    runner_config,
    teacher_file,
)

from mmpose_ctd.errors import MissingFileError
from mmpose_ctd.models.teachers.checkpoint import load_source_state
from mmpose_ctd.models.teachers.source_config import (
    build_source,
    source_state_of,
)

TOY = dict(backbone=dict(type='ToyEncoder'), head=dict(type='ToyClassifier'))


torch.manual_seed(4)
THEIRS = ToyEncoder(), ToyClassifier()
THEIRS[0].train(False)
ENCODER = THEIRS[0].state_dict()
FC = {k.removeprefix('fc.'): v for k, v in THEIRS[1].state_dict().items()}
# Somebody's names of the toy network's layers.
STATE = {f'encoder.{k}': v for k, v in ENCODER.items()}
STATE |= {f'classifier.{k}': v for k, v in FC.items()}
WRAPPED = OrderedDict((f'module.{k}', v) for k, v in STATE.items())
OTHER = {k: v + 1 for k, v in WRAPPED.items() if v.dtype == torch.float32}
BARE_HEAD = ENCODER | THEIRS[1].state_dict()
CLASSIFIER_IS_FC = ('module.classifier.', 'fc.')
MODULE = dict(backbone='module.encoder.', head=CLASSIFIER_IS_FC)
FORMS = {
    'bare': (
        STATE,
        dict(prefix=dict(backbone='encoder', head=['classifier', 'fc'])),
    ),
    'under state_dict': (
        dict(state_dict=WRAPPED, epoch=3, optimizer=dict(state={})),
        dict(prefix=MODULE),
    ),
    'under a name of its own': (
        dict(ema_state_dict=WRAPPED, step=1),
        dict(prefix=MODULE),
    ),
    'beside averaged ones': (
        dict(ema_state_dict=OTHER, state_dict=WRAPPED),
        dict(prefix=MODULE),
    ),
    'averaged, as asked': (
        dict(ema_state_dict=WRAPPED, state_dict=OTHER),
        dict(prefix=MODULE, state_key='ema_state_dict'),
    ),
    'among other parts': (
        WRAPPED | {'module.decoder.weight': torch.ones(2)},
        dict(prefix=MODULE),
    ),
    'an encoder without a name': (
        BARE_HEAD,
        dict(prefix=dict(backbone='', head=('fc.', 'fc.'))),
    ),
}


def written(tmp_path, content, name='theirs.pth'):
    path = tmp_path / name
    torch.save(content, path)
    return str(path)


@pytest.mark.parametrize('form', FORMS)
@torch.no_grad()
def test_the_file_gives_the_networks_own_values(form, tmp_path):
    content, options = FORMS[form]
    path = written(tmp_path, content)
    x = torch.rand(2, 3, 16, 16)
    feats = THEIRS[0](x)
    outputs = build_source(dict(TOY, checkpoint=path, **options))(x, True)
    torch.testing.assert_close(outputs.feats, feats)
    torch.testing.assert_close(outputs.final, THEIRS[1](feats))
    # And so does the student's start.
    state = source_state_of(dict(TOY, checkpoint=path, **options))['backbone']
    assert set(state) == set(ENCODER)
    assert all(torch.equal(state[k], v) for k, v in ENCODER.items())


def test_one_prefix_is_the_encoders(tmp_path):
    path = written(tmp_path, dict(model=WRAPPED))
    parts = load_source_state(path, prefix='module.encoder.')
    assert set(parts['backbone']) == set(ENCODER)
    assert parts['head'] == parts['neck'] == {}
    with refused(found='2 missing', within='teacher.head'):
        build_source(dict(TOY, checkpoint=path, prefix='module.encoder.'))


def test_a_wrong_prefix_lists_those_there_are(tmp_path):
    path = written(tmp_path, WRAPPED)
    there = "'module.encoder.' (14 keys), 'module.classifier.' (2 keys)"
    for prefix, wanted in (
        (None, "'backbone.'"),
        ('encoder.', "'encoder.'"),
        (dict(backbone='module.encoder', head='fc'), "'fc.'"),
    ):
        with refused(found=there) as error:
            load_source_state(path, prefix=prefix)
        assert error.value.expected.startswith(wanted)


def test_what_no_part_claims_is_an_error_unless_a_prefix_was_given(tmp_path):
    state = torch.load(teacher_file(tmp_path / 'a.pth'))['state_dict']
    state['decoder.weight'] = torch.ones(1)
    path = written(tmp_path, dict(state_dict=state))
    with refused(found=['1 keys', "'decoder.weight'"]):
        load_source_state(path)
    parts = load_source_state(path, prefix=dict(backbone='backbone.'))
    assert len(parts['backbone']) == 14


@pytest.mark.parametrize(
    'prefix',
    [
        3,
        dict(head='fc.'),
        dict(backbone='a.', decoder='b.'),
        dict(backbone='a.', head='a'),
    ],
)
def test_a_prefix_that_makes_no_sense_is_shown(prefix, tmp_path):
    path = written(tmp_path, STATE)
    with refused('model.teacher.prefix'):
        load_source_state(path, prefix=prefix)


def test_two_sets_of_weights_are_not_chosen_between(tmp_path):
    path = written(tmp_path, dict(student=OTHER, teacher=WRAPPED))
    with refused(
        found="['student', 'teacher']", cure='model.teacher.state_key'
    ):
        load_source_state(path, prefix=MODULE)
    with refused(found=["'tutor'", "'student'"]):
        load_source_state(path, prefix=MODULE, state_key='tutor')


def test_a_missing_file_says_how_to_get_it():
    with refused(within='no.pth', kind=MissingFileError) as error:
        build_source(dict(TOY, checkpoint='no.pth', how_to_get='make me'))
    assert error.value.cure.startswith('To get it: make me. ')
    with refused('model.teacher.checkpoint', cure='init_from_teacher=False'):
        source_state_of(dict(TOY))


@pytest.mark.parametrize(
    ('name', 'cure'),
    [
        ('https://example.org/a/resnet.pth', 'curl'),
        ('models/face.onnx', 'sface_to_mmpose.py models/face.onnx OUT.pth'),
        ('f.task', 'face_landmarker_to_mmpose.py f.task OUT.pth'),
        ('resnet50_ft_weight.pkl', 'vggface2_to_mmpose.py'),
        ('model.safetensors', 'safetensors.torch.load_file'),
    ],
)
def test_what_is_no_file_of_torch_says_how_it_becomes_one(name, cure):
    for read in (build_source, source_state_of):
        with refused(
            'model.teacher.checkpoint', found=name, cure=cure
        ) as error:
            read(dict(TOY, checkpoint=name))
        assert not isinstance(error.value, MissingFileError)


def test_a_checkpoint_of_mmpose_is_a_teacher(tmp_path):
    model = model_config(teacher_file(tmp_path / 'teacher.pth'))
    hooks = [dict(type='EMAHook')]
    cfg = runner_config(tmp_path, model, epochs=1, custom_hooks=hooks)
    Runner.from_cfg(cfg).train()
    path = str(tmp_path / 'epoch_1.pth')
    state = torch.load(path, weights_only=False)['state_dict']
    parts = source_state_of(dict(TOY, checkpoint=path))
    assert len(parts['backbone']) == len(ENCODER) and parts['head']
    for key, value in parts['backbone'].items():
        assert torch.equal(value, state[f'backbone.{key}'])
