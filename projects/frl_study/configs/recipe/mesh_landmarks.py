# A neighbouring task without labels: landmarks that FaceMesh found on all
# photographs of training subjects, smiling ones too (../../recipe.md). What it
# learns is where mesh_start.py begins.
_base_ = '../../../../configs/frl_faces/ft_sface.py'
own = dict(ann_file='annotations/mesh.json', num_keypoints=98)
train_dataloader = dict(dataset=dict(own, split='splits/train_n142_seed0.txt'))
val_dataloader = dict(dataset=own)
test_dataloader = dict(dataset=own)
model = dict(head=dict(out_channels=98))
