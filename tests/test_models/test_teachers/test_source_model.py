import copy

import pytest
import torch
from mmpose.models.data_preprocessors import PoseDataPreprocessor
from mmpose.registry import MODELS
from refusals import refused
from torch import nn
from toy_models import PREPROCESSOR, teacher_file

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers import SourceModel


def source(checkpoint=None, **changes):
    config = dict(
        backbone=dict(type='ToyEncoder'),
        head=dict(type='ToyClassifier'),
        checkpoint=checkpoint,
        # Values are compared bit by bit; folding is tested beside.
        fold_batch_norms=False,
    )
    return SourceModel(**(config | changes))


def test_it_is_frozen_for_good(checkpoint):
    model = source(checkpoint)
    before = copy.deepcopy(model.state_dict())
    model.train()
    nn.Sequential(model).train()
    assert not any(m.training for m in model.modules())
    assert not any(p.requires_grad for p in model.parameters())
    for _ in range(3):
        feats = model(torch.rand(4, 3, 16, 16), with_final=True).feats
    assert not any(f.requires_grad for f in feats)
    after = model.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)


def test_without_a_head_it_says_where_to_put_one(checkpoint):
    model = source(checkpoint, head=None)
    with refused('model.teacher.head'):
        model(torch.rand(1, 3, 16, 16), with_final=True)


def test_it_takes_the_students_images_in_its_own_convention(checkpoint):
    model = source(checkpoint, data_preprocessor=dict(PREPROCESSOR))
    student = PoseDataPreprocessor(mean=[0.0] * 3, std=[255.0] * 3)
    model.adapt_to(student)
    photographs = torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8)

    def seen(preprocessor):
        data = dict(inputs=list(photographs), data_samples=[])
        return preprocessor.forward(data)['inputs']

    wanted = model.backbone(seen(MODELS.build(PREPROCESSOR)))
    outputs = model(seen(student), with_final=False)
    for a, b in zip(outputs.feats, wanted):
        assert torch.allclose(a, b, atol=1e-4)
    # The student's own input straight in would be something else.
    assert not torch.allclose(
        model.backbone(seen(student))[0], wanted[0], atol=1e-2
    )


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (b'not a checkpoint', 'cannot be read'),
        ([1, 2], "no 'state_dict'"),
        (dict(state_dict={'model.x': torch.ones(1)}), "'backbone.'"),
    ],
)
def test_other_files_are_refused(tmp_path, content, words):
    path = tmp_path / 'odd.pth'
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(InputError, match=words):
        source(str(path))


@pytest.mark.parametrize('size', [0, (0, 112), (8, -8), (8, 8, 8)])
def test_an_impossible_input_size_is_named(checkpoint, size):
    with refused('model.teacher.input_size'):
        source(checkpoint, input_size=size)


@pytest.mark.parametrize(
    'backbone, later',
    [
        (dict(type='ResNet', depth=18), 'layer3'),
        (dict(type='mmpretrain.ResNet', depth=18), 'layer3'),
        (dict(type='FaceResNet'), 'stage3'),
    ],
)
@pytest.mark.parametrize('stage', [1, -3])
def test_it_stops_after_the_last_stage_that_is_asked_for(
    backbone, later, stage
):
    model = source(
        backbone=dict(backbone, out_indices=(0, 1, 2, 3)), head=None
    )
    model.adapt_to(PoseDataPreprocessor())
    x = torch.rand(1, 3, 64, 64)
    whole = model(x, with_final=False).feats
    model.stop_after(stage)
    # It would fail if it ran.
    delattr(model.backbone, later)
    cut = model(x, with_final=False).feats
    assert len(cut) == 4 and cut[2:] == (None, None)
    assert all(torch.equal(a, b) for a, b in zip(cut[:2], whole))


def test_the_order_of_out_indices_is_that_of_the_maps():
    backbone = dict(type='ResNet', depth=18, out_indices=(3, 1))
    model = source(backbone=backbone, head=None)
    model.adapt_to(PoseDataPreprocessor())
    x = torch.rand(1, 3, 64, 64)
    second, _ = model(x, with_final=False).feats
    model.stop_after(0)
    kept, none = model(x, with_final=False).feats
    assert torch.equal(kept, second) and none is None


def test_what_does_not_fit_is_listed(tmp_path):
    path = teacher_file(tmp_path / 'wide.pth', channels=(6, 9))
    content = torch.load(path, weights_only=True)
    state = content['state_dict']
    state['backbone.extra'] = state.pop('backbone.stages.0.2.weight')
    torch.save(content, path)
    with refused(
        found=[
            '1 missing: stages.0.2.weight',
            '1 left over: extra',
            'stages.1.0.weight (9, 6, 3, 3) -> (8, 6, 3, 3)',
        ],
        cure='model.teacher.backbone',
    ):
        source(path)
