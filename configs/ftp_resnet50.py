# Fine-tuning parts: of the encoder only its final convolutional layer learns.
_base_ = './ft_resnet50.py'
model = dict(frozen=['backbone'], trainable=['backbone.layer4.2.conv3'])
