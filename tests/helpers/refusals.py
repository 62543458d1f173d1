"""Shortens tests of errors: the type, and the fields that matter."""

import contextlib

import numpy as np
import pytest

from mmpose_ctd.errors import InputError


@contextlib.contextmanager
def refused(
    where=None,
    found='',
    expected='',
    cure='',
    within='',
    text='',
    kind=InputError,
):
    """Expect an error with this ``where``, and these texts in its fields.

    ``within`` is a part of ``where``, ``text`` of the message. Each may be a
    list. Yields the error's ``ExceptionInfo``.
    """
    with pytest.raises(kind) as error:
        yield error
    value = error.value
    assert where is None or value.where == where, value.where
    for field, wanted in (
        (value.found, found),
        (value.expected, expected),
        (value.cure, cure),
        (value.where, within),
        (str(value), text),
    ):
        for one in np.atleast_1d(wanted):
            assert one in field, field
