"""A config with a teacher of another size."""

import copy

from mmengine.config import Config

from mmpose_ctd.errors import InputError

from .sizes import sizes_of

__all__ = ['TEACHERS', 'with_teacher']

_VIT = dict(
    type='mmpretrain.VisionTransformer',
    patch_size=16,
    with_cls_token=False,
    out_type='featmap',
)
#: Name -> config of the encoder, channels of its last map.
TEACHERS = dict(
    resnet50=(dict(type='mmpretrain.ResNet', depth=50), 2048),
    resnet101=(dict(type='mmpretrain.ResNet', depth=101), 2048),
    convnext_t=(
        dict(
            type='mmpretrain.ConvNeXt',
            arch='tiny',
            gap_before_final_norm=False,
        ),
        768,
    ),
    vit_s=(dict(_VIT, arch='deit-small'), 384),
    vit_b=(dict(_VIT, arch='b'), 768),
)


def with_teacher(cfg: Config, name: str) -> Config:
    """The config with ED against another encoder, of random weights.

    Time does not depend on values. The student's last map goes through a
    connector and both are resampled to the smaller grid, as a user would have
    to do.

    Args:
        cfg (Config): Left as it is. One without regularisers is given back.
        name (str): Of :data:`TEACHERS`.

    Raises:
        InputError: If the name is unknown, or the head does not tell the
            channels of the student's last map.
    """
    if name not in TEACHERS:
        raise InputError(
            f'teacher={name}: expected one of {", ".join(TEACHERS)}.'
        )
    cfg = copy.deepcopy(cfg)
    if not cfg.model.get('regularizers'):
        return cfg
    channels = cfg.model.head.get('in_channels')
    if not isinstance(channels, int):
        raise InputError(
            f'model.head.in_channels={channels!r}: expected a number, the '
            "channels of the student's last map, for a teacher of another "
            'size.'
        )
    encoder, width = copy.deepcopy(TEACHERS[name])
    if encoder['type'].endswith('VisionTransformer'):
        encoder['img_size'] = sizes_of(cfg)['input_size']
    model = cfg.model
    convention = model.teacher.get('data_preprocessor')
    model.init_from_teacher = False
    # Not update(), which would merge the old teacher into the new one.
    model.teacher = dict(
        type='SourceModel', backbone=encoder, data_preprocessor=convention
    )
    model.regularizers = dict(
        ed=dict(
            type='EncoderDistillLoss',
            resample=True,
            connector=dict(in_channels=channels, out_channels=width),
        )
    )
    return cfg
