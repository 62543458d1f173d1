# CTD-ED whose teacher runs at every fourth step only: nearly as fast as
# fine-tuning. The paper's runs at every step.
_base_ = './ctd_ed_resnet50.py'
model = dict(regularizers=dict(ed=dict(every=4)))
