"""Errors for people.

What a user gave (a config, a file, a record) cannot be used. The message says
what was found, where, what was expected and how to mend it; the command line
tools print it without a stack trace.
"""


class InputError(ValueError):
    """Something the user gave cannot be used."""


class MissingFileError(InputError, FileNotFoundError):
    """A file that a config names does not exist."""

    # OSError prints an errno in front of a plain message.
    __str__ = Exception.__str__
