# Moved; this path stays for one release.
_base_ = '../../../projects/frl_study/configs/recipe/ema.py'
_deprecation_ = dict(expected='projects/frl_study/configs/recipe/ema.py')
