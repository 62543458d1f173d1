"""Another framing of a config, and what a config says of its own."""

import pytest
from config_set import CONFIGS
from mmengine.config import Config
from refusals import refused

from mmpose_ctd.errors import InputError
from mmpose_ctd.framing import (
    check_framing,
    framing,
    merge_options,
    refuse_variables,
)
from mmpose_ctd.input_framing import input_framing

FT = str(CONFIGS / 'frl_faces' / 'ft_sface.py')
CLOSE = f"""_base_ = {FT!r}
from mmpose_ctd.framing import framing
locals().update(framing(_base_, 192, 1.1))
"""


def read(place, text, name='close.py'):
    (place / name).write_text(text)
    return Config.fromfile(place / name)


def with_options(path, **options):
    cfg = Config.fromfile(path)
    merge_options(cfg, {f'framing.{k}': v for k, v in options.items()})
    return cfg


def steps(cfg, loader='train'):
    return cfg[f'{loader}_dataloader'].dataset.pipeline


def kinds(cfg, loader='train'):
    return [step.type for step in steps(cfg, loader)]


def test_a_config_of_three_lines_is_what_the_options_make(tmp_path):
    cfg = read(tmp_path, CLOSE)
    assert cfg.to_dict() == (
        with_options(FT, input_size=192, face_side=1.1).to_dict()
    )
    # The copy that a work dir keeps.
    cfg.dump(tmp_path / 'copy.py')
    assert Config.fromfile(tmp_path / 'copy.py').to_dict() == cfg.to_dict()
    check_framing(cfg)


def test_it_sets_codec_decoder_and_all_pipelines():
    cfg = with_options(FT, input_size=192, face_side=1.1)
    assert cfg.codec == dict(
        type='UDPHeatmap',
        input_size=(192, 192),
        heatmap_size=(48, 48),
        sigma=5 / 3,
    )
    assert cfg.model.head.decoder == steps(cfg)[6].encoder == cfg.codec
    for loader in ('train', 'val', 'test'):
        assert kinds(cfg, loader)[:3] == [
            'LoadLandmarkImage',
            'FindFaceBox',
            'GetBBoxCenterScale',
        ]
        assert input_framing(cfg[f'{loader}_dataloader'].dataset) == dict(
            input_size=[192, 192],
            padding=1.0,
            use_udp=True,
            face_side=1.1,
            face_centre=0.72,
        )
    # The detector's boxes vary; whole images do not.
    assert steps(cfg)[4].shift_prob == 1.0
    merge_options(cfg, {'framing.face_side': 0})
    assert steps(cfg)[3].shift_prob == 0.0
    assert cfg.framing == dict(input_size=192, face_side=0)
    assert kinds(cfg) == kinds(Config.fromfile(FT))


@pytest.mark.parametrize(
    ('side', 'sigma'),
    [(64, 4 / 3), (160, 5 / 3), (384, 8 / 3)],
)
def test_sigma_is_in_thirds_and_follows_the_size(side, sigma):
    codec = with_options(FT, input_size=side).codec
    assert codec.sigma == sigma and codec.heatmap_size[0] == side // 4


def test_there_and_back_is_the_same_config():
    cfg = with_options(FT, input_size=112, face_side=0.8)
    merge_options(cfg, {'framing.input_size': 256, 'framing.face_side': 0})
    cfg.pop('framing')
    assert cfg.to_dict() == Config.fromfile(FT).to_dict()


@pytest.mark.parametrize(
    ('name', 'settings'),
    [
        ('dark_codec', {'head.decoder.sigma': 4 / 3}),
        ('udp_codec', {'head.loss.loss_weight': 19 * 32 * 32}),
        (
            'rtmpose_simcc_head',
            {
                'head.decoder.sigma': 5.66 * 0.5**0.5,
                'head.input_size': (128, 128),
                'head.in_featuremap_size': (4, 4),
            },
        ),
        ('rle_head', {'head.decoder.input_size': (128, 128)}),
        ('vit_student', {'backbone.img_size': (128, 128)}),
        # A teacher's input is its own.
        ('mmpose_teacher', {'teacher.prefix': 'backbone.'}),
    ],
)
def test_other_heads_and_codecs_follow(name, settings):
    path = CONFIGS / 'mixing' / f'{name}.py'
    cfg = with_options(path, input_size=128, face_side=1.1)
    for key, value in settings.items():
        found = cfg.model
        for part in key.split('.'):
            found = found[part]
        assert found == value, key
    encoder = steps(cfg)[6].encoder
    assert encoder == cfg.model.head.decoder == cfg.codec
    assert tuple(encoder.input_size) == (128, 128)


def test_a_config_on_top_changes_what_it_names(tmp_path):
    read(tmp_path, CLOSE)
    cfg = read(
        tmp_path,
        """_base_ = './close.py'
num_keypoints = 14
codec = dict(_base_.codec, sigma=1.0)
train_pipeline = [
    *_base_.train_pipeline[:-2],
    dict(type='GenerateTarget', encoder=codec),
    _base_.train_pipeline[-1],
]
own = dict(data_root='mine/', num_keypoints=num_keypoints)
train_dataloader = dict(dataset=dict(own, pipeline=train_pipeline))
test_dataloader = dict(dataset=own)
model = dict(head=dict(out_channels=num_keypoints, decoder=codec))
""",
        'myset.py',
    )
    check_framing(cfg)
    assert steps(cfg)[-2].encoder == cfg.model.head.decoder
    assert steps(cfg)[5].input_size == (192, 192)
    assert cfg.test_dataloader.dataset.data_root == 'mine/'
    assert steps(cfg, 'test')[3].input_size == (192, 192)


def test_a_wrapped_dataset_and_other_settings_of_users_follow():
    cfg = Config.fromfile(FT)
    inner = cfg.train_dataloader.dataset
    inner.pipeline[3].update(shift_factor=0.2, shift_prob=0.5)
    cfg.train_dataloader.dataset = dict(
        type='RepeatDataset', times=2, dataset=inner
    )
    merge_options(cfg, {'framing.face_side': 1.4, 'framing.input_size': 64})
    found = cfg.train_dataloader.dataset.dataset.pipeline
    assert found[1] == dict(type='FindFaceBox', side=1.4)
    assert found[4].shift_prob == 0.5 and found[5].input_size == (64, 64)


def test_options_of_other_settings_come_after_it():
    cfg = Config.fromfile(FT)
    key = 'train_dataloader.dataset.pipeline.1.side'
    merge_options(cfg, {key: 2.0, 'framing.face_side': 1.1})
    assert steps(cfg)[1].side == 2.0


@pytest.mark.parametrize(
    ('config', 'options', 'expected'),
    [
        (FT, dict(input_size=100), 'multiple of 16'),
        (FT, dict(input_size=192.0), 'multiple of 16'),
        ('hourglass.py', dict(input_size=112), 'multiple of 128'),
        ('ft_resnet50.py', dict(input_size=112), 'multiple of 32'),
        (FT, dict(face_side=-1), '0.2 to 5'),
        (FT, dict(face_side=float('nan')), '0.2 to 5'),
        (FT, dict(side=1.1), 'framing.face_side'),
    ],
)
def test_an_impossible_framing_is_refused(config, options, expected):
    with refused(expected=expected):
        with_options(CONFIGS / config, **options)


def test_a_map_that_would_not_be_whole_is_refused():
    cfg = Config.fromfile(FT)
    cfg.codec.heatmap_size = (8, 8)
    with refused(expected='a multiple of 32'):
        framing(cfg, input_size=112)


def test_a_config_without_a_cropping_pipeline_is_refused():
    with refused('framing'):
        framing(dict(model=dict(type='A')), 64)


@pytest.mark.parametrize(
    'order', ['{call}{own}', '{own}{call}'], ids=['before', 'after']
)
@pytest.mark.parametrize(
    'own',
    [
        "model = dict(frozen=['backbone'])\n",
        "train_dataloader = dict(dataset=dict(split='a.txt'))\n",
    ],
)
def test_other_settings_in_the_same_file_are_never_silently_lost(
    tmp_path, order, own
):
    head, _, update = CLOSE.rpartition('locals')
    text = head + order.format(call=f'locals{update}', own=own)
    with pytest.raises(InputError) as error:
        check_framing(read(tmp_path, text))
    assert error.value.where and error.value.cure


def test_a_framing_that_another_tool_did_not_make_is_refused():
    cfg = Config.fromfile(FT)
    cfg.merge_from_dict({'framing.input_size': 64})
    with refused('train_dataloader.dataset.pipeline'):
        check_framing(cfg)


def test_earlier_variables_are_refused_with_what_replaces_them(monkeypatch):
    refuse_variables()
    monkeypatch.setenv('CTD_FACE_SIDE', '1.1')
    monkeypatch.setenv('CTD_INPUT_SIZE', '64')
    with pytest.raises(InputError) as error:
        refuse_variables()
    assert error.value.cure.endswith(
        '--cfg-options framing.input_size=64 framing.face_side=1.1'
    )
