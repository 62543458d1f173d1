# CTD-ED whose teacher runs at every second step only.
_base_ = './ctd_ed_v2.py'
model = dict(
    regularizers={name: dict(every=2) for name in _base_.model.regularizers}
)
