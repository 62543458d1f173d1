# CTD-ED whose teacher sees another image of the batch than the model does.
_base_ = '../../../../configs/frl_faces/ctd_ed_sface.py'
custom_imports = dict(
    imports=['mmpose_ctd', 'projects.frl_study.control_teachers'],
    allow_failed_imports=False,
)
model = dict(teacher=dict(type='ShuffledSourceModel'))
