from .exact_resume_hook import ExactResumeHook
from .finite_loss_hook import FiniteLossHook
from .freed_memory_hook import FreedMemoryHook
from .landmark_figure_hook import LandmarkFigureHook
from .privacy_hook import PrivacyHook
from .progress_bar_hook import ProgressBarHook
from .regularizer_schedule_hook import RegularizerScheduleHook
from .regularizer_state_hook import RegularizerStateHook

__all__ = [
    'ExactResumeHook',
    'FiniteLossHook',
    'FreedMemoryHook',
    'LandmarkFigureHook',
    'PrivacyHook',
    'ProgressBarHook',
    'RegularizerScheduleHook',
    'RegularizerStateHook',
]
