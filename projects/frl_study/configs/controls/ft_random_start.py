# Training from random weights: no face recognition anywhere.
_base_ = '../../../../configs/frl_faces/ft_sface.py'
model = dict(init_from_teacher=False)
