# CTD-ED from random weights: face recognition comes by the teacher alone.
_base_ = '../ctd_ed_sface.py'
model = dict(init_from_teacher=False)
