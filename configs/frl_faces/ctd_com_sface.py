# Fine-tuning with both of the paper's regularisers.
_base_ = './ctd_ed_sface.py'
model = dict(
    regularizers=dict(
        # As in ctd_cd_sface.py.
        cd=dict(
            type='ClassifierDistillLoss', loss_weight=10.0, temperature=0.1
        )
    )
)
