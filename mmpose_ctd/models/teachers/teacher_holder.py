"""Keeps the teacher beside the model, not in it."""

import torch.nn as nn

__all__ = ['TeacherHolder']


class TeacherHolder:
    """A box that torch does not look into.

    A module in a plain object is in no ``state_dict()``, ``parameters()`` or
    DDP bucket. A deep copy of the box is the box itself, so that an EMA copy
    of the model shares the one teacher; a pickled box arrives empty.

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
