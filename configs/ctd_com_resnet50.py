# Fine-tuning with both of the paper's regularisers.
_base_ = './ctd_ed_resnet50.py'
model = dict(
    regularizers=dict(
        # As in ctd_cd_resnet50.py.
        cd=dict(type='ClassifierDistillLoss', loss_weight=10.0)
    )
)
