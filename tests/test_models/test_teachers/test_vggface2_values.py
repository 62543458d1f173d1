"""Converted files by VALUE: one random network, written in each published
form, converted, and run beside the network that it was written from."""

import functools

import pytest
import torch
import vggface2_files as files
from mmpose.registry import MODELS
from vggface2_network import (
    differences,
    photograph,
    random_state,
    run,
)

from mmpose_ctd.models.teachers.checkpoint import load_source_state
from mmpose_ctd.models.teachers.vggface2_checkpoint import convert_vggface2

FORMS = {
    'pickle of protocol 5': functools.partial(files.write_pickle, protocol=5),
    'dag': files.write_dag,
    'dag as zip': functools.partial(files.write_dag, legacy=False),
    'Keras': files.write_keras,
    'Keras with scopes': functools.partial(
        files.write_keras, scope_suffix='_1'
    ),
}
# Each form (that of Python 2: test_vggface2_teacher.py), each architecture
# and each set of final layers at least once.
CASES = [
    ('pickle of protocol 5', {'se': True}),
    ('dag as zip', {}),
    ('dag', {'embedding': 128, 'classes': 10}),
    ('dag', {'embedding': 256, 'classes': None, 'se': True}),
    ('Keras with scopes', {}),
    ('Keras', {'classes': None, 'se': True}),
]
# Odd maps before the max-pool, whose windows the edge cuts off.
SIZE = 102


@pytest.fixture
def convert(tmp_path):
    """Write a network in some form; give the converted networks."""

    def convert(form, state, **options):
        # The name says nothing.
        FORMS[form](tmp_path / 'file', state)
        meta = convert_vggface2(
            tmp_path / 'file', tmp_path / 'out.pth', force=True, **options
        )
        parts = load_source_state(str(tmp_path / 'out.pth'))
        networks = {}
        for part in ('backbone', 'head'):
            if meta[part] is None:
                assert not parts[part]
                continue
            changes = {'out_indices': (0, 1, 2, 3)} if part != 'head' else {}
            networks[part] = MODELS.build({**meta[part], **changes})
            networks[part].load_state_dict(parts[part], strict=True)
            networks[part].eval()
        return meta, networks

    yield convert
    for path in tmp_path.iterdir():  # 100 MB each
        path.unlink()


@torch.no_grad()
def outputs(networks, x):
    feats = networks['backbone'](x)
    head = networks.get('head')
    return [*feats, head(feats)] if head else [*feats]


@functools.cache
def wanted(**network):
    """Four maps and the last output: logits, else the embedding."""
    values = run(random_state(**network), photograph(SIZE))
    return values[:4] + values[4:][-1:]


@pytest.mark.parametrize(('form', 'network'), CASES)
def test_every_stage_and_the_output_have_the_values_of_the_source(
    form, network, convert
):
    meta, networks = convert(form, random_state(**network))
    squeezed = network.get('se', False)
    kind = 'VGGFace2SEResNet' if squeezed else 'VGGFace2ResNet'
    backbone = networks['backbone']
    assert type(backbone).__name__ == kind
    assert backbone.mean == (131.0912, 103.8827, 91.4953)
    assert (backbone.std, backbone.channel_order) == ((1.0,) * 3, 'rgb')
    assert meta['classes'] == network.get('classes', 10)
    assert meta['embedding_dim'] == network.get('embedding')
    assert meta['source_channel_order'] == ('rgb' if 'dag' in form else 'bgr')
    ours = outputs(networks, photograph(SIZE))
    theirs = wanted(**network)
    assert len(ours) == 4 + bool(meta['head'])
    assert max(differences(ours, theirs)) <= 1e-5
    assert all(value.std() > 0.3 for value in theirs), 'nothing to see'


def test_another_epsilon_is_folded_into_the_variances(convert):
    """As keras-vggface's code runs these files."""
    state, eps = random_state(), 1e-3
    meta, networks = convert('Keras', state, bn_eps=eps)
    assert (meta['source_bn_eps'], meta['bn_eps']) == (eps, 1e-5)
    x = photograph(SIZE)
    theirs = run(state, x, eps=eps)
    assert max(differences(outputs(networks, x), theirs)) <= 1e-5
    assert max(differences(run(state, x), theirs)) > 1e-3
