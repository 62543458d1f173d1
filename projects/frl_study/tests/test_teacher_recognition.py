"""Whether a teacher tells the subjects of images apart."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config
from mmpose.registry import MODELS
from toy_models import (
    ToyClassifier,
    ToyEncoder,
    batch,
    model_config,
    teacher_file,
)

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers import SourceModel
from projects.frl_study.diagnostics.teacher_recognition import (
    recognition_of,
    teacher_recognition,
)


class BatchedSource(SourceModel):
    """A source whose outputs depend on the other images of the batch."""

    needs_a_batch = True


@pytest.fixture
def config(tmp_path):
    source = teacher_file(tmp_path / 'teacher.pth')
    return Config(dict(model=model_config(source)))


def counted(outputs, subjects):
    """Pair by pair, as the words say it."""

    def cosine(i, j):
        a, b = outputs[i], outputs[j]
        return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))

    indices = range(len(subjects))
    hits, chances = [], []
    for i in indices:
        others = [j for j in indices if j != i]
        own = [j for j in others if subjects[j] == subjects[i]]
        if own:
            nearest = max(others, key=lambda j: cosine(i, j))
            hits.append(nearest in own)
            chances.append(len(own) / len(others))
    pairs = list(itertools.combinations(indices, 2))
    one = [cosine(*p) for p in pairs if subjects[p[0]] == subjects[p[1]]]
    two = [cosine(*p) for p in pairs if subjects[p[0]] != subjects[p[1]]]
    wins = [(a > b) + (a == b) / 2 for a in one for b in two]
    return np.mean(hits), np.mean(chances), np.mean(wins), len(hits)


@given(
    seed=st.integers(0, 10_000),
    subjects=st.lists(st.sampled_from('abcd'), min_size=3, max_size=9).filter(
        lambda own: 1 < len(set(own)) < len(own)
    ),
)
def test_recognition_is_what_counting_finds(seed, subjects):
    outputs = np.random.default_rng(seed).normal(size=(len(subjects), 3))
    found = recognition_of(torch.tensor(outputs), subjects)
    assert (
        found.first,
        found.chance,
        found.auc,
        found.probes,
    ) == pytest.approx(counted(outputs, subjects))


def test_a_subject_with_one_image_is_an_opponent_only():
    outputs = torch.tensor([[1.0, 0.0], [0.9, 0.5], [1.0, 0.1], [-1.0, 0.0]])
    found = recognition_of(outputs, ['a', 'a', 'b', 'c'])
    # The first image's nearest is b's, the second's as well.
    assert (found.first, found.probes) == (0, 2)
    assert found.chance == pytest.approx(1 / 3)
    assert found.auc == pytest.approx(3 / 5)


def test_every_output_of_the_teacher_is_examined(config):
    data = batch(6)
    subjects = [s.metainfo['subject'] for s in data['data_samples']]
    assert len(set(subjects)) == 3
    parts = [
        {key: values[i : i + 4] for key, values in data.items()}
        for i in (0, 4)
    ]
    found = teacher_recognition(config, parts)

    state = torch.load(config.model.teacher.checkpoint, weights_only=True)
    encoder, head = ToyEncoder(), ToyClassifier()
    for part, net in (('backbone.', encoder), ('head.', head)):
        net.load_state_dict(
            {
                k.removeprefix(part): v
                for k, v in state['state_dict'].items()
                if k.startswith(part)
            }
        )
        net.eval()
    mean = torch.tensor([120.0, 110.0, 100.0]).view(3, 1, 1)
    std = torch.tensor([60.0, 55.0, 50.0]).view(3, 1, 1)
    images = torch.stack([i.flip(0).float() for i in data['inputs']])
    with torch.no_grad():
        maps = encoder((images - mean) / std)
        outputs = dict(zip(('map 1', 'map 2'), maps), final=head(maps))
    assert list(found) == list(outputs)
    for name, value in outputs.items():
        told = found[name]
        expected = counted(value.double().flatten(1).numpy(), subjects)
        assert (told.first, told.chance, told.auc, told.probes) == (
            pytest.approx(expected)
        )


def test_a_teacher_without_a_head_has_maps_alone(config):
    config.model.teacher.head = None
    config.model.teacher.prefix = dict(backbone='backbone.')
    assert list(teacher_recognition(config, [batch(4)])) == ['map 1', 'map 2']


def test_what_cannot_be_examined_is_told(config):
    def refused(function, *arguments):
        with pytest.raises(InputError) as error:
            function(*arguments)
        return error.value.where, error.value.found

    data = 'train_dataloader.dataset'
    for subjects, number in (('ab', 2), ('aa', 1)):
        found = f'2 image(s) and {number} subject(s)'
        one = refused(recognition_of, torch.eye(2), [*subjects])
        assert one == (data, found)
    nobodys = batch(2)
    for sample in nobodys['data_samples']:
        del sample.subject
    where, found = refused(teacher_recognition, config, [nobodys])
    assert where == data and "no 'subject'" in found
    where, found = refused(teacher_recognition, config, [])
    assert (where, found) == ('train_dataloader', 'no images')
    MODELS.register_module(module=BatchedSource, force=True)
    config.model.teacher.type = 'BatchedSource'
    where, _ = refused(teacher_recognition, config, [batch(4)])
    assert where == 'model.teacher.type=BatchedSource'
    del config.model['teacher']
    where, _ = refused(teacher_recognition, config, [batch(2)])
    assert where == 'model.teacher'
