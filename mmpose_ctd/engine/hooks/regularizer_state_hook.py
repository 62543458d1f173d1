"""Saves the connectors of regularisers for a resumed run."""

from mmengine.hooks import Hook
from mmpose.registry import HOOKS

from mmpose_ctd.engine.runner_facts import model_of
from mmpose_ctd.errors import InputError

KEY = 'regularizers'


@HOOKS.register_module()
class RegularizerStateHook(Hook):
    """Saves and restores the weights of connectors.

    They are under ``'regularizers'`` of a checkpoint, outside the
    ``state_dict`` that inference loads.
    """

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Called with what is about to be saved."""
        state = _learned(runner)
        if state:
            checkpoint[KEY] = {k: v.cpu() for k, v in state.items()}

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Called with a checkpoint before the model loads it.

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
                where='resume',
                found=f'the checkpoint has connectors {shapes[0]}',
                expected=f'those of model.regularizers, {shapes[1]}',
                cure='Resume with the config of that training. To start a new '
                'one from its weights: load_from=CHECKPOINT without resume.',
            )
        for name, value in own.items():
            value.copy_(found[name])


def _learned(runner) -> dict:
    """The regularisers' own tensors; {} for a model without any."""
    regularizers = getattr(model_of(runner), 'regularizers', None)
    return {} if regularizers is None else regularizers.training_state()
