"""Lets a resumed run have its regularisers' connectors back."""

from mmengine.hooks import Hook
from mmpose.registry import HOOKS

from mmpose_ctd.config_values import unwrapped
from mmpose_ctd.errors import InputError

__all__ = ['RegularizerStateHook']

KEY = 'regularizers'


@HOOKS.register_module()
class RegularizerStateHook(Hook):
    """Saves what regularisers learn beside the model, not in it.

    A checkpoint's ``state_dict`` is the model that inference loads. The
    weights of connectors stand under ``'regularizers'``, where only a resumed
    run looks for them; a run without connectors writes nothing.
    """

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Called with what is about to be saved.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): Changed in place.
        """
        state = _learned(runner)
        if state:
            checkpoint[KEY] = {k: v.cpu() for k, v in state.items()}

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Called with a checkpoint before the model loads it.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What was read.

        Raises:
            InputError: If a run resumes whose connectors are missing there or
                have other shapes.
        """
        own = _learned(runner)
        found = checkpoint.get(KEY, {})
        if not (runner._resume and (own or found)):
            return
        shapes = [
            {k: tuple(v.shape) for k, v in state.items()}
            for state in (found, own)
        ]
        if shapes[0] != shapes[1]:
            raise InputError(
                f'resume: the checkpoint holds connectors {shapes[0]}, '
                f'model.regularizers has {shapes[1]}. Resume with the config '
                'that the run started with, or start anew from its weights: '
                'load_from=CHECKPOINT without resume.'
            )
        for name, value in own.items():
            value.copy_(found[name])


def _learned(runner) -> dict:
    """Tensors of the regularisers themselves; {} for a model without any."""
    regularizers = getattr(unwrapped(runner.model), 'regularizers', None)
    return {} if regularizers is None else regularizers.training_state()
