"""Modules that learn with a model but are no part of its checkpoint."""

from torch import Tensor, nn

__all__ = ['TrainingOnly']


class TrainingOnly(nn.ModuleDict):
    """Named modules that a model's state dict does not hold.

    They are in ``parameters()``, so that they are optimised, averaged and
    kept equal over processes, but not in ``state_dict()``: what inference
    loads has no trace of them, and loads strictly with or without them. Their
    own state, which a resumed run needs, is :meth:`training_state`.
    """

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        super().__init__(modules)
        # A hook, as mmengine's own way through a model calls no state_dict().
        self._register_state_dict_hook(_remove_own_keys)

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        """See ``nn.Module``; what the file lacks stays as it is."""
        for name, value in self.training_state().items():
            state_dict.setdefault(prefix + name, value)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def training_state(self) -> dict[str, Tensor]:
        """Parameters and buffers by name, ``'<module>.*'``, detached."""
        return {
            f'{name}.{key}': value
            for name, module in self.items()
            for key, value in module.state_dict().items()
        }


def _remove_own_keys(module, state_dict, prefix, local_metadata) -> None:
    for key in [k for k in state_dict if k.startswith(prefix)]:
        del state_dict[key]
    versions = getattr(state_dict, '_metadata', {})
    for key in [k for k in versions if f'{k}.'.startswith(prefix)]:
        del versions[key]
