from .exact_resume_hook import ExactResumeHook
from .finite_loss_hook import FiniteLossHook
from .flip_check_hook import FlipCheckHook
from .freed_memory_hook import FreedMemoryHook
from .landmark_figure_hook import LandmarkFigureHook
from .privacy_hook import PrivacyHook
from .progress_bar_hook import ProgressBarHook
from .provenance_hook import ProvenanceHook
from .regularizer_hooks import RegularizerScheduleHook, RegularizerStateHook
from .resumed_config_hook import ResumedConfigHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .work_dir_hook import WorkDirHook

__all__ = [
    'ExactResumeHook',
    'FiniteLossHook',
    'FlipCheckHook',
    'FreedMemoryHook',
    'LandmarkFigureHook',
    'PrivacyHook',
    'ProgressBarHook',
    'ProvenanceHook',
    'RegularizerScheduleHook',
    'RegularizerStateHook',
    'ResumedConfigHook',
    'SafeCheckpointHook',
    'WorkDirHook',
]
