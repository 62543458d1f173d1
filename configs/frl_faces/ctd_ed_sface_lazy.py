# CTD-ED whose teacher runs at every fourth step only.
_base_ = './ctd_ed_sface.py'
model = dict(regularizers=dict(ed=dict(every=4)))
