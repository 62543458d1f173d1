"""A model is shown faces as it learned them, or nothing is predicted."""

import logging

import pytest
from config_set import CONFIGS, STUDY
from mmengine.config import Config

from mmpose_ctd import trained as trained_framing_module
from mmpose_ctd.errors import InputError
from mmpose_ctd.framing import input_framing
from mmpose_ctd.trained import (
    refuse_framing_change,
    refuse_mixed_framing,
    trained_framing,
)

FACE = dict(type='FindFaceBox')


def dataset(face=None, size=(112, 112), udp=True, crop='image', **padding):
    return dict(
        crop=crop,
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
    ('trained', 'given'),
    [
        (dict(), dict()),
        (dict(size=[112, 112]), dict()),
        (dict(padding=1.25), dict()),
        (dict(face=FACE), dict(face=dict(FACE, side=1.1, centre=0.72))),
        # The detector's box takes the place of the annotated one.
        (dict(face=FACE, crop='bbox'), dict(face=FACE)),
    ],
)
def test_the_same_framing_passes(stored, trained, given):
    content = stored(config(**trained))
    refuse_framing_change('a.pth', content, config(**given))


@pytest.mark.parametrize('stored', [old, new])
@pytest.mark.parametrize(
    ('trained', 'given'),
    [
        (dict(face=FACE), dict()),
        (dict(), dict(face=FACE)),
        (dict(face=FACE), dict(face=dict(FACE, side=1.5))),
        (dict(face=FACE), dict(face=dict(FACE, centre=0.5))),
        (dict(), dict(size=(256, 256))),
        (dict(size=(96, 128)), dict(size=(128, 96))),
        (dict(padding=1.0), dict()),
        (dict(), dict(udp=False)),
        (dict(crop='bbox'), dict()),
    ],
)
def test_another_framing_is_refused(stored, trained, given):
    content = stored(config(**trained))
    with pytest.raises(InputError) as error:
        refuse_framing_change('a.pth', content, config(**given))
    assert error.value.where == 'a.pth' and error.value.cure


@pytest.mark.parametrize(
    'content',
    [
        {},
        dict(meta=None),
        dict(meta=dict(cfg=None)),
        dict(meta=dict(cfg='x =')),
        dict(meta=dict(cfg='test_dataloader = 3')),
        dict(meta=dict(dataset_meta=dict(input_framing='os.system'))),
        dict(meta=dict(dataset_meta=dict(input_framing=dict(input_size=3)))),
        old(config('val_dataloader')),
    ],
)
def test_a_checkpoint_that_does_not_say_is_not_compared(content):
    assert trained_framing(content) is None
    refuse_framing_change('a.pth', content, config())
    refuse_framing_change('a.pth', old(config()), Config())


def test_what_a_checkpoint_names_is_neither_imported_nor_run(tmp_path):
    text = f"open({str(tmp_path / 'ran')!r}, 'w')\n" + config().pretty_text
    text = text.replace('FindFaceBox', 'os.system')
    content = dict(meta=dict(cfg=text))
    assert trained_framing(content)['input_size'] == [112, 112]
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(
    ('train', 'test', 'fits'),
    [
        (dict(face=FACE), dict(face=FACE), True),
        (dict(padding=1.0, crop='bbox'), dict(padding=1.25), True),
        (dict(face=FACE), dict(), False),
        (dict(), dict(face=FACE), False),
        (dict(face=FACE), dict(face=dict(FACE, side=2)), False),
        (dict(udp=False), dict(), False),
    ],
)
def test_training_and_test_must_cut_faces_out_alike(train, test, fits):
    cfg = Config(
        dict(
            train_dataloader=dict(dataset=dataset(**train)),
            test_dataloader=dict(dataset=dataset(**test)),
        )
    )
    if fits:
        refuse_mixed_framing(cfg)
        return
    with pytest.raises(InputError) as error:
        refuse_mixed_framing(cfg)
    assert error.value.where == 'train_dataloader.dataset.pipeline'


@pytest.mark.parametrize(
    ('train', 'test', 'warns'),
    [
        (dict(padding=1.5), dict(padding=1.0), True),
        (dict(padding=1.0), dict(), True),
        (dict(padding=1.25), dict(), False),
        (dict(crop='bbox'), dict(), False),
    ],
)
def test_other_padding_is_one_warning(monkeypatch, train, test, warns):
    said = []
    monkeypatch.setattr(
        trained_framing_module,
        'print_log',
        lambda text, logger, level: said.append((text, level)),
    )
    refuse_mixed_framing(
        Config(
            dict(
                train_dataloader=dict(dataset=dataset(**train)),
                test_dataloader=dict(dataset=dataset(**test)),
            )
        )
    )
    assert [level for _, level in said] == [logging.WARNING] * warns
    assert not any('\n' in text for text, _ in said)


@pytest.mark.parametrize(
    'path',
    [
        path
        for root in (CONFIGS, STUDY)
        for path in sorted(root.rglob('*.py'))
        if '_base_' not in path.parts
    ],
    ids=lambda path: path.stem,
)
def test_our_configs_train_and_test_with_the_same_padding(path):
    cfg = Config.fromfile(path)
    train, test = (
        input_framing(cfg[f'{loader}_dataloader'].dataset) or {}
        for loader in ('train', 'test')
    )
    assert train.get('padding') == test.get('padding')
