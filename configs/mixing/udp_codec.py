# UDP's other form: beside a disc around each landmark, two maps of the way
# from every pixel of it to the landmark. (frl_faces uses UDP's Gaussian form.)
# Huang et al., "The devil is in the details: delving into unbiased data
# processing for human pose estimation", CVPR 2020.
_base_ = '../frl_faces/ctd_ed_sface.py'
udp = dict(
    type='UDPHeatmap',
    input_size=_base_.codec.input_size,
    heatmap_size=_base_.codec.heatmap_size,
    heatmap_type='combined',
)
codec = dict(udp, _delete_=True)
train_pipeline = [
    *_base_.train_pipeline[:5],
    dict(type='GenerateTarget', encoder=udp),
    *_base_.train_pipeline[6:],
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
model = dict(
    head=dict(
        # A disc and two offsets for each landmark.
        out_channels=3 * _base_.num_keypoints,
        loss=dict(
            _delete_=True,
            type='CombinedTargetMSELoss',
            use_target_weight=True,
            # MMPose's is a mean over landmarks and pixels. As a sum it stands
            # to the regularisers as HeatmapFrobeniusLoss does.
            loss_weight=_base_.num_keypoints * (_base_.input_side // 4) ** 2,
        ),
        decoder=codec,
    )
)
