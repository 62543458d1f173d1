# CTD-ED whose teacher is normalised by the batch, as the model is.
_base_ = '../ctd_ed_sface.py'
model = dict(teacher=dict(type='BatchStatisticsSourceModel'))
