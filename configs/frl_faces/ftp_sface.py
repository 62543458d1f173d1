# Fine-tuning parts: of the encoder only its final convolutional layer learns.
_base_ = './ft_sface.py'
model = dict(
    frozen=['backbone'], trainable=['backbone.stage4.1.pointwise.conv']
)
