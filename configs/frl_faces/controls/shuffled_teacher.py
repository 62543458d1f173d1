# CTD-ED whose teacher sees another image of the batch than the model does.
_base_ = '../ctd_ed_sface.py'
model = dict(teacher=dict(type='ShuffledSourceModel'))
