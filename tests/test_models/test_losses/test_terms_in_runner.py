"""The regularisers together, in mmengine's real Runner."""

import copy

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import MODELS
from toy_models import batch, model_config, runner_config

# Stage 0 has 6 channels, stage 1 has 8.
TERMS = dict(
    ed=dict(type='EncoderDistillLoss', loss_weight=10.0),
    cd=dict(type='ClassifierDistillLoss', loss_weight=2.0),
    where=dict(type='SpatialAttentionDistillLoss', stage=0),
    which=dict(type='ChannelAttentionDistillLoss', stage=1, loss_weight=3.0),
    early=dict(type='DELTALoss', stage=0, loss_weight=0.1),
    late=dict(type='DELTALoss', stage=1, loss_weight=0.2),
    hint=dict(
        type='HintLoss',
        stage=0,
        teacher_stage=1,
        resample=True,
        connector=dict(in_channels=6, out_channels=8),
    ),
    sp=dict(type='L2SPLoss', alpha=0.1),
)


class Watch(Hook):
    """Counts the teacher's runs and keeps the losses."""

    def __init__(self):
        self.runs, self.losses = 0, []

    def count(self, *_):
        self.runs += 1

    def before_train(self, runner):
        runner.model.teacher.register_forward_hook(self.count)
        runner.model.teacher.backbone.register_forward_hook(self.count)

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.losses.append({k: v.item() for k, v in outputs.items()})


def train(work_dir, checkpoint, terms, **changes):
    model = model_config(checkpoint, regularizers=copy.deepcopy(terms))
    runner = Runner.from_cfg(runner_config(work_dir, model, **changes))
    watch = Watch()
    runner.register_hook(watch)
    runner.train()
    return runner, watch


def test_all_of_them_learn_together_on_several_stages(checkpoint, tmp_path):
    runner, watch = train(tmp_path, checkpoint, TERMS, epochs=3)
    entries = {'loss_kpt', *(f'loss_{name}' for name in TERMS)}
    for losses in watch.losses:
        assert set(losses) == entries | {'loss'}
        parts = sum(losses[name] for name in entries)
        assert losses['loss'] == pytest.approx(parts, rel=1e-5)
    # Features once a step, whatever the number of terms: teacher, encoder.
    assert watch.runs == 2 * 6
    # A student that starts as its teacher differs by BatchNorm's batch
    # statistics alone; the steps then part the two.
    assert all(watch.losses[-1][f'loss_{name}'] > 0 for name in TERMS)
    saved = torch.load(tmp_path / 'epoch_3.pth', weights_only=False)
    assert not any('regularizers' in key for key in saved['state_dict'])


def test_each_term_is_what_it_would_be_alone(checkpoint):
    def losses(terms):
        torch.manual_seed(0)
        model = MODELS.build(
            model_config(checkpoint, regularizers=copy.deepcopy(terms))
        )
        model.init_weights()
        for module in (model.head, model.regularizers):
            for p in module.parameters():
                torch.nn.init.constant_(p, 0.1)
        model.train()
        inputs = model.data_preprocessor(batch(), True)
        return {k: v.item() for k, v in model(**inputs, mode='loss').items()}

    together = losses(TERMS)
    for name, term in TERMS.items():
        alone = losses({name: term})
        assert together[f'loss_{name}'] == pytest.approx(
            alone[f'loss_{name}'], rel=1e-5
        )


def sgd(lr):
    return dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=lr))


def test_l2sp_starts_from_the_weights_as_they_are_in_the_file(
    checkpoint, tmp_path
):
    # Whatever happens to a teacher that runs for another term.
    sp = dict(type='L2SPLoss', alpha=1.0, beta=0.0, vectors=True)
    terms = dict(ed=TERMS['ed'], sp=sp)
    _, watch = train(tmp_path, checkpoint, terms, optim_wrapper=sgd(0.0))
    assert watch.runs > 0
    assert [losses['loss_sp'] for losses in watch.losses] == [0.0] * 4
