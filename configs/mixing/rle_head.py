# Coordinates by regression from the pooled map, their errors' distribution
# learned along. Li et al., "Human pose regression with residual log-likelihood
# estimation", ICCV 2021.
_base_ = './_base_/ed_without_udp.py'
label = dict(type='RegressionLabel', input_size=_base_.codec.input_size)
codec = dict(label, _delete_=True)
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.steps,
            dict(type='GenerateTarget', encoder=label),
            dict(type='PackLandmarkInputs'),
        ]
    )
)
model = dict(
    # The regularisers see the encoder's maps, before the neck pools them.
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        _delete_=True,
        type='RLEHead',
        in_channels=1024,
        num_joints=_base_.num_keypoints,
        loss=dict(type='RLELoss', use_target_weight=True),
        decoder=label,
    ),
)
