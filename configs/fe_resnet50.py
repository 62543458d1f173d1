# Feature extraction: the encoder stays the face-recognition network's.
_base_ = './ft_resnet50.py'
model = dict(frozen=['backbone'])
