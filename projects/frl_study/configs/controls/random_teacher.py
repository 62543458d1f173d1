# CTD-ED with a teacher that knows nothing: of the same shape, with random
# weights. The model itself still starts from the face-recognition network.
_base_ = '../../../../configs/frl_faces/ctd_ed_sface.py'
model = dict(teacher=dict(type='RandomSourceModel', seed=0))
