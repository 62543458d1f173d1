"""The pages on regularisers keep pace with the code."""

import re

import pytest
from mmpose.registry import HOOKS, MODELS

from mmpose_ctd.models import losses
from mmpose_ctd.models.losses import DistillLoss


@pytest.fixture(scope='module')
def text(repo_root):
    docs = repo_root / 'docs'
    return ''.join(
        (docs / f'{page}.md').read_text()
        for page in ('regularizers', 'regularizer_weights')
    )


@pytest.fixture(scope='module')
def settings(text):
    """What the configs of the page define."""

    class Base:
        custom_hooks = ()

    found = dict(_base_=Base)
    for block in re.findall(r'```python\n(.*?)```', text, re.S):
        exec(block, found)
    return found


def regularisers():
    return {
        name
        for name in losses.__all__
        if issubclass(getattr(losses, name), DistillLoss)
        and MODELS.get(name) is not None
    }


def test_every_regulariser_is_in_the_table_and_the_config(text, settings):
    terms = settings['model']['regularizers'].values()
    assert {term['type'] for term in terms} == regularisers()
    assert len(regularisers()) >= 7
    for name in regularisers():
        assert f'| `{name}`' in text


def test_the_configs_can_be_built(settings):
    for config in settings['model']['regularizers'].values():
        assert isinstance(MODELS.build(config), DistillLoss)
    for config in settings['custom_hooks']:
        HOOKS.build(config)
