# RTMPose: a CSPNeXt-s student whose head gives a distribution over x and one
# over y (SimCC) for each landmark. SFace is still the teacher. Jiang et al.,
# "RTMPose: real-time multi-person pose estimation based on MMPose", 2023.
_base_ = './_base_/ed_without_udp.py'
simcc = dict(
    type='SimCCLabel',
    input_size=_base_.codec.input_size,
    # 5.66 input pixels at 256.
    sigma=5.66 * (_base_.input_side / 256) ** 0.5,
    simcc_split_ratio=2.0,
    normalize=False,
    use_dark=False,
)
codec = dict(simcc, _delete_=True)
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.steps,
            dict(type='GenerateTarget', encoder=simcc),
            dict(type='PackLandmarkInputs'),
        ]
    )
)
model = dict(
    # Another architecture than the teacher's: no copy of its weights. For
    # published ones, init_cfg=dict(type='Pretrained', prefix='backbone.',
    # checkpoint=FILE) in the backbone and the data_preprocessor they need.
    init_from_teacher=False,
    backbone=dict(
        _delete_=True,
        type='CSPNeXt',
        arch='P5',
        expand_ratio=0.5,
        deepen_factor=0.33,
        widen_factor=0.5,
        out_indices=(4,),
        channel_attention=True,
        norm_cfg=dict(type='BN'),
        act_cfg=dict(type='SiLU'),
    ),
    head=dict(
        _delete_=True,
        type='RTMCCHead',
        in_channels=512,
        out_channels=_base_.num_keypoints,
        input_size=simcc['input_size'],
        # Stride 32.
        in_featuremap_size=(_base_.input_side // 32, _base_.input_side // 32),
        simcc_split_ratio=simcc['simcc_split_ratio'],
        final_layer_kernel_size=7,
        gau_cfg=dict(
            hidden_dims=256,
            s=128,
            expansion_factor=2,
            dropout_rate=0.0,
            drop_path=0.0,
            act_fn='SiLU',
            use_rel_bias=False,
            pos_enc=False,
        ),
        loss=dict(
            type='KLDiscretLoss',
            use_target_weight=True,
            beta=10.0,
            label_softmax=True,
        ),
        decoder=simcc,
    ),
    regularizers=dict(
        ed=dict(
            # Not tuned: about the same share of the loss, at the start, as 10
            # has beside heat-maps, whose loss is 3000 times as large.
            loss_weight=0.003,
            # 512 channels at stride 32 against 1024 at stride 16.
            connector=dict(
                type='PointwiseConnector', in_channels=512, out_channels=1024
            ),
            resample=True,
        )
    ),
)
