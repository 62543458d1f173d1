# CTD-ED that also sees smiling faces without labels: of each batch, 8 images
# have landmarks and 4 have none.
_base_ = '../../../../configs/frl_faces/ctd_ed_sface.py'
train_dataloader = dict(
    batch_sampler=dict(type='PartlyLabelledBatchSampler', unlabelled=4),
    dataset=dict(
        type='PartlyLabelledDataset',
        unlabelled=dict(
            ann_file='annotations/unlabelled.json',
            # Who is tested or validated on must not be seen, not even so.
            exclude=['splits/test.txt'],
        ),
    ),
)
model = dict(head=dict(loss=dict(labelled_only=True)))
