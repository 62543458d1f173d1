# A vision transformer (ViT-S, as in ViTPose) as student, SFace as teacher. Xu
# et al., "ViTPose: simple vision transformer baselines for human pose
# estimation", NeurIPS 2022.
_base_ = '../frl_faces/ctd_ed_sface.py'
model = dict(
    # The student's own images. The teacher's are worked out from both.
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    init_from_teacher=False,
    backbone=dict(
        _delete_=True,
        type='mmpretrain.VisionTransformer',
        arch=dict(
            embed_dims=384,
            num_layers=12,
            num_heads=12,
            feedforward_channels=384 * 4,
        ),
        img_size=_base_.codec.input_size,
        patch_size=16,
        qkv_bias=True,
        drop_path_rate=0.1,
        with_cls_token=False,
        # A map (N, 384, h, w); tokens have no place in the image.
        out_type='featmap',
        patch_cfg=dict(padding=2),
        # From random weights. MMPose's published start:
        # init_cfg=dict(
        #     type='Pretrained',
        #     checkpoint='https://download.openmmlab.com/mmpose/'
        #     'v1/pretrained_models/mae_pretrain_vit_small_20230913.pth',
        # ),
    ),
    head=dict(in_channels=384),
    regularizers=dict(
        ed=dict(
            # Stride 16, as the teacher's: no resampling.
            connector=dict(
                type='PointwiseConnector', in_channels=384, out_channels=1024
            ),
        )
    ),
)
optim_wrapper = dict(clip_grad=dict(max_norm=1.0, norm_type=2))
