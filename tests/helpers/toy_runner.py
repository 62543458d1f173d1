"""mmengine's real Runner around a model of one number."""

from pathlib import Path
from uuid import uuid4

import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import Dataset


class Slope(BaseModel):
    """Learns x -> 2x."""

    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs, mode='tensor'):
        error = self.slope * inputs - 2 * inputs
        return {'loss': (error**2).mean()} if mode == 'loss' else [error]


class Numbers(Dataset):
    def __init__(self, length, **metainfo):
        self.length = length
        self.metainfo = metainfo

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return dict(inputs=torch.tensor([0.5]))


class SlopeError(BaseMetric):
    """Falls while the slope is learned."""

    default_prefix = 'toy'

    def process(self, data_batch, data_samples):
        self.results += [float(e.abs().sum()) for e in data_samples]

    def compute_metrics(self, results):
        return {'error': max(results)}


def numbers_loader(length=10, **metainfo):
    return dict(
        dataset=Numbers(length, **metainfo),
        sampler=dict(type='DefaultSampler', shuffle=False),
        batch_size=1,
        collate_fn=dict(type='default_collate'),
    )


def toy_runner(
    work_dir, iters=2, by_epoch=False, model=None, kind=Runner, **options
):
    """A Runner that trains ``iters`` batches (or epochs of ten of them).

    Args:
        work_dir (Path): Where it writes.
        iters (int): Batches, or epochs, to train.
        by_epoch (bool): Whether ``iters`` are epochs.
        model (BaseModel, optional): Defaults to a new Slope.
        kind (type): The Runner's.
        **options: Arguments of the Runner.
    """
    number = 10 if by_epoch else iters
    length = dict(max_epochs=iters) if by_epoch else dict(max_iters=iters)
    settings = dict(
        model=model or Slope(),
        work_dir=str(work_dir),
        train_dataloader=numbers_loader(number),
        train_cfg=dict(by_epoch=by_epoch, **length),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_scope='mmpose',
        log_level='ERROR',
        # MessageHub and logger of a name are shared within a process.
        experiment_name=f'toy_{Path(work_dir).name}_{uuid4().hex}',
    )
    return kind(**{**settings, **options})
