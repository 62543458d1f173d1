# Fine-tuning that starts from mesh_landmarks.py: encoder and deconvolutions
# know where faces have what; only the last layer is new. How to make
# the start: projects/frl_study/recipe.md, "Learning from a mesh first".
_base_ = '../../../../configs/frl_faces/ft_sface.py'
load_from = '{{$CTD_CHECKPOINTS:checkpoints}}/mesh_landmarks.pth'
