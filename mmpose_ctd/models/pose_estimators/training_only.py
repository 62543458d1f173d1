"""Modules that train with a model but are not in its checkpoint."""

from torch import Tensor, nn


class TeacherHolder:
    """Holds the teacher outside the module tree.

    A module in a plain object is in no ``state_dict()``, ``parameters()`` or
    DDP bucket. A deep copy returns the holder itself, so an EMA copy of the
    model shares the teacher. A pickled holder arrives empty.

    Attributes:
        module (nn.Module, optional): The teacher, once it is built.
    """

    def __init__(self) -> None:
        self.module: nn.Module | None = None

    def __deepcopy__(self, memo: dict) -> 'TeacherHolder':
        return self

    def __copy__(self) -> 'TeacherHolder':
        return self

    def __reduce__(self):
        return TeacherHolder, ()


class TrainingOnly(nn.ModuleDict):
    """Named modules that are in ``parameters()`` but not in ``state_dict()``.

    They are optimised, averaged and synchronised like any module. The
    weights that inference loads do not contain them, and a strict load works
    with and without them. :meth:`training_state` is what a resumed run needs.
    """

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        super().__init__(modules)
        # A hook, as mmengine's own traversal does not call state_dict().
        self._register_state_dict_hook(_remove_own_keys)

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        """See ``nn.Module``; entries missing in the file stay unchanged."""
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
