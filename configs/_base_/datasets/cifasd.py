# A clinical set of one's own in the layout of docs/data.md; the name is the
# paper's.
_base_ = './frl_faces.py'
data_root = '{{$CTD_DATA_ROOT:data}}/cifasd/'
# Landmarks in the annotation file: put your number here. (The paper's is
# not known to us; the default is that of the public set.)
num_keypoints = 19

own_files = dict(
    data_root=data_root,
    ann_file='annotations/landmarks.json',
    num_keypoints=num_keypoints,
    # Landmarks of one side alone, as the paper's: state one_sided=True, which
    # RandomFlip asks for (docs/data.md, Left and right).
)
train_dataloader = dict(dataset=dict(own_files, split='splits/train.txt'))
val_dataloader = dict(dataset=dict(own_files, split='splits/val.txt'))
test_dataloader = dict(dataset=dict(own_files, split='splits/test.txt'))
