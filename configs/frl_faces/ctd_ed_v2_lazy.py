# CTD-ED whose teacher runs at every fourth step only.
_base_ = './ctd_ed_v2.py'
model = dict(
    regularizers={
        name: dict(every=4) for name in _base_.model.regularizers
    }
)
