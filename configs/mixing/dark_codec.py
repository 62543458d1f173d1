# Heat-maps decoded by DARK: the neighbourhood of the maximum tells where it
# lies between the pixels. Zhang et al., "Distribution-aware coordinate
# representation for human pose estimation", CVPR 2020.
_base_ = './_base_/ed_without_udp.py'
dark = dict(
    type='MSRAHeatmap',
    input_size=_base_.codec.input_size,
    heatmap_size=_base_.codec.heatmap_size,
    sigma=_base_.codec.sigma,
    unbiased=True,
)
codec = dict(dark, _delete_=True)
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.steps,
            dict(type='GenerateTarget', encoder=dark),
            dict(type='PackLandmarkInputs'),
        ]
    )
)
model = dict(head=dict(decoder=codec))
