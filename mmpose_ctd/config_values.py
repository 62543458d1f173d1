"""Small questions about values of configs, checkpoints and models."""

from collections.abc import Mapping
from typing import Any

from mmengine.model import is_model_wrapper
from torch import nn


def component_name(component: Any) -> str:
    """The class name in a component's ``type``, without a registry's scope.

    It is a name or a class. Of anything else the name is empty.
    """
    kind = component.get('type') if isinstance(component, Mapping) else None
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
    return name.rpartition('.')[2]


def entry(value: Any, key: str) -> Any:
    """What a dict has under a key; None of anything else."""
    return value.get(key) if isinstance(value, dict) else None


def is_number(value: Any) -> bool:
    """Whether this is an int or a float; a bool is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside of mmengine's wrapper for several processes, if any."""
    return model.module if is_model_wrapper(model) else model
