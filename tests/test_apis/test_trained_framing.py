"""A model is shown faces as it learned them, or its user is told."""

import pytest
from mmengine.config import Config

from mmpose_ctd.apis.trained_framing import framing_change


def config(side=None, size=(112, 112), padding=1.0, loader='test_dataloader'):
    face = [] if side is None else [dict(type='FindFaceBox', side=side)]
    pipeline = [
        dict(type='LoadLandmarkImage'),
        *face,
        dict(type='GetBBoxCenterScale', padding=padding),
        dict(type='TopdownAffine', input_size=size, use_udp=True),
    ]
    return Config({loader: dict(dataset=dict(pipeline=pipeline))})


def content(cfg):
    return dict(meta=dict(cfg=cfg.pretty_text))


@pytest.mark.parametrize('side', [None, 1.1])
def test_the_same_framing_is_no_change(side):
    trained = content(config(side, size=[112, 112]))
    assert framing_change('a.pth', trained, config(side)) is None


@pytest.mark.parametrize(
    ('trained', 'given', 'words'),
    [
        (config(1.1), config(), ('side=1.1', 'whole images')),
        (config(1.1), config(11.0), ('side=1.1', 'side=11.0')),
        (config(), config(size=(256, 256)), ('112 by 112', '256 by 256')),
        (config(), config(padding=1.25), ('padding 1.0', 'padding 1.25')),
    ],
)
def test_another_framing_is_told_with_both(trained, given, words):
    told = framing_change('a.pth', content(trained), given)
    assert "'a.pth'" in told and 'CTD_FACE_SIDE' in told
    for word in words:
        assert word in told


@pytest.mark.parametrize(
    'trained',
    [
        {},
        dict(meta=dict(cfg=None)),
        dict(meta=dict(cfg='x =')),
        dict(meta=dict(cfg='test_dataloader = 3')),
        content(config(loader='val_dataloader')),
    ],
)
def test_a_checkpoint_that_does_not_tell_is_believed(trained):
    assert framing_change('a.pth', trained, config()) is None
    assert framing_change('a.pth', content(config()), Config()) is None
