"""What a checkpoint says of its training, and configs that differ from it."""

import logging

import pytest
from mmengine.config import Config
from refusals import refused

from mmpose_ctd import trained
from mmpose_ctd.input_framing import input_framing
from mmpose_ctd.trained import (
    check_same_split,
    refuse_framing_change,
    refuse_mixed_framing,
    trained_framing,
    trained_split,
)

FACE = dict(type='FindFaceBox')


def dataset(face=None, size=(112, 112), udp=True, crop='image', **padding):
    return dict(
        crop=crop,
        split='splits/n080.txt',
        pipeline=[
            dict(type='LoadLandmarkImage'),
            *([face] if face else []),
            dict(type='GetBBoxCenterScale', **padding),
            dict(type='TopdownAffine', input_size=size, use_udp=udp),
        ],
    )


def config(loader='test_dataloader', **options):
    return Config({loader: dict(dataset=dataset(**options))})


def old(cfg):
    """A checkpoint of an earlier version: the text of its config."""
    return dict(meta=dict(cfg=cfg.pretty_text))


def new(cfg):
    framing = input_framing(cfg.test_dataloader.dataset)
    return dict(meta=dict(dataset_meta=dict(input_framing=framing)))


@pytest.mark.parametrize('stored', [old, new])
@pytest.mark.parametrize(
    ('learned', 'given', 'fits'),
    [
        (dict(), dict(), True),
        (dict(padding=1.25), dict(), True),
        (dict(face=FACE), dict(face=dict(FACE, side=1.1, centre=0.72)), True),
        # The detector's box takes the place of the annotated one.
        (dict(face=FACE, crop='bbox'), dict(face=FACE), True),
        (dict(face=FACE), dict(), False),
        (dict(), dict(face=FACE), False),
        (dict(face=FACE), dict(face=dict(FACE, side=1.5)), False),
        (dict(), dict(size=(256, 256)), False),
        (dict(padding=1.0), dict(), False),
        (dict(), dict(udp=False), False),
        (dict(crop='bbox'), dict(), False),
    ],
)
def test_another_framing_than_the_trainings_is_refused(
    stored, learned, given, fits
):
    content, cfg = stored(config(**learned)), config(**given)
    if fits:
        refuse_framing_change('a.pth', content, cfg)
        return
    with refused('a.pth') as error:
        refuse_framing_change('a.pth', content, cfg)
    assert error.value.cure


def test_the_error_names_the_options_of_the_training():
    content = new(config(face=dict(FACE, side=1.5), size=(64, 64)))
    with refused(
        cure='--cfg-options framing.input_size=64 framing.face_side=1.5'
    ):
        refuse_framing_change('a.pth', content, config())


@pytest.mark.parametrize(
    'content',
    [
        {},
        dict(meta=dict(cfg='x =')),
        dict(meta=dict(cfg='test_dataloader = train_dataloader = 3')),
        dict(meta=dict(dataset_meta=dict(input_framing='os.system'))),
        dict(meta=dict(dataset_meta=dict(input_framing=dict(input_size=3)))),
        old(config('val_dataloader')),
    ],
)
def test_a_checkpoint_that_does_not_say_is_not_compared(content):
    assert trained_framing(content) is None
    assert trained_split(content) is None
    refuse_framing_change('a.pth', content, config())
    refuse_framing_change('a.pth', old(config()), Config())
    check_same_split('a.pth', None, config('train_dataloader'))


def test_what_a_checkpoint_names_is_neither_imported_nor_run(tmp_path):
    text = f"open({str(tmp_path / 'ran')!r}, 'w')\n" + config().pretty_text
    text += "train_dataloader = {'dataset': {'split': 'a.txt'}}\n"
    content = dict(meta=dict(cfg=text.replace('FindFaceBox', 'os.system')))
    assert trained_framing(content)['input_size'] == [112, 112]
    assert trained_split(content) == 'a.txt'
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(
    ('train', 'test', 'outcome'),
    [
        (dict(face=FACE), dict(face=FACE), ''),
        (dict(padding=1.25), dict(), ''),
        # Augmentation may make up for it.
        (dict(padding=1.0, crop='bbox'), dict(padding=1.25), 'warned'),
        (dict(padding=1.0), dict(), 'warned'),
        (dict(face=FACE), dict(), 'refused'),
        (dict(), dict(face=FACE), 'refused'),
        (dict(face=FACE), dict(face=dict(FACE, side=2)), 'refused'),
        (dict(udp=False), dict(), 'refused'),
    ],
)
def test_training_and_test_must_cut_faces_out_in_one_way(
    monkeypatch, train, test, outcome
):
    said = []
    monkeypatch.setattr(
        trained, 'print_log', lambda text, logger, level: said.append(level)
    )
    cfg = config(**test)
    cfg.train_dataloader = dict(dataset=dataset(**train))
    if outcome == 'refused':
        with refused('train_dataloader.dataset.pipeline'):
            refuse_mixed_framing(cfg)
    else:
        refuse_mixed_framing(cfg)
    assert said == [logging.WARNING] * (outcome == 'warned')


def test_a_framing_that_mmposes_own_tools_ignore_is_refused():
    cfg = config()
    cfg.framing = dict(input_size=64)
    with refused('test_dataloader.dataset.pipeline'):
        refuse_mixed_framing(cfg)


def test_the_split_is_read_as_mmengine_writes_it():
    assert trained_split(old(config('train_dataloader'))) == 'splits/n080.txt'


@pytest.mark.parametrize(
    ('split', 'given', 'fits'),
    [
        ('splits/train.txt', './splits/train.txt', True),
        ('<...>/train.txt', '/data/anna/train.txt', True),
        ('splits/n080.txt', 'splits/n020.txt', False),
        ('splits/n080.txt', '/a/n020.txt', False),
    ],
)
def test_other_training_subjects_are_refused(split, given, fits):
    cfg = Config(dict(train_dataloader=dict(dataset=dict(split=given))))
    if fits:
        check_same_split('a.pth', split, cfg)
        return
    with refused(
        found=repr(given), cure=f'train_dataloader.dataset.split={split}'
    ):
        check_same_split('a.pth', split, cfg)
