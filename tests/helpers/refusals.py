"""Shortens tests of errors: the type, and the fields that matter."""

import contextlib

import pytest

from mmpose_ctd.errors import InputError


@contextlib.contextmanager
def refused(where=None, found='', expected='', cure='', kind=InputError):
    """Expect an error with this ``where``, and these texts in its fields."""
    with pytest.raises(kind) as error:
        yield
    value = error.value
    assert where is None or value.where == where, value.where
    assert found in value.found, value.found
    assert expected in value.expected, value.expected
    assert cure in value.cure, value.cure
