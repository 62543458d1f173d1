# Feature extraction: the encoder stays the face-recognition network's.
_base_ = './ft_sface.py'
model = dict(frozen=['backbone'])
