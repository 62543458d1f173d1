# Fine-tuning on images of other light and colour. (MMPose's own
# PhotometricDistortion exchanges colour channels in half of the images.)
_base_ = '../../../../configs/frl_faces/ft_sface.py'
colour = dict(
    type='mmpretrain.ColorJitter',
    brightness=0.3,
    contrast=0.3,
    saturation=0.3,
    hue=0.02,
    backend='cv2',
)
train_pipeline = [
    *_base_.train_pipeline[:-2],
    colour,
    *_base_.train_pipeline[-2:],
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
