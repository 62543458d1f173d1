"""Errors for people.

Something that a user gave (a config, a file, a record) cannot be used. The
command line tools print such an error in one line, without a stack trace.
Code that needs to know what is wrong reads the fields, never the message.
"""

from collections.abc import Sequence


class InputError(ValueError):
    """Something the user gave cannot be used.

    Give either a whole message or the four parts of one::

        InputError(
            where='landmarks.json: image id=7',
            found="width='256'",
            expected='a number of pixels',
            cure='Export the file again.',
        )

    Args:
        message (str): The whole message. Defaults to one made of the parts:
            ``where: found; expected ... cure``.
        where (str): File, record and key.
        found (str): The value found, or what is wrong with it.
        expected (str): What was expected, as it follows that word.
        cure (str): What to do, one or more sentences.

    Attributes:
        where, found, expected, cure (str): The parts; empty where the error
            was made of a whole message.
    """

    def __init__(
        self,
        message: str = '',
        *,
        where: str = '',
        found: str = '',
        expected: str = '',
        cure: str = '',
    ) -> None:
        self.where = where
        self.found = found
        self.expected = expected
        self.cure = cure
        super().__init__(message or self.text())

    def text(self, with_where: bool = True) -> str:
        """The message made of the parts, perhaps without the place."""
        said = '; '.join(
            part
            for part in (
                self.found,
                self.expected and f'expected {self.expected}',
            )
            if part
        )
        if said and self.cure and said[-1] not in '.!?':
            said += '.'
        said = ' '.join(part for part in (said, self.cure) if part)
        parts = [self.where] if with_where else []
        return ': '.join(part for part in (*parts, said) if part)


def one_line(error: Exception) -> str:
    """What an exception says, in one line and without its class."""
    # A KeyError prints the repr of its message.
    plain = isinstance(error, KeyError) and len(error.args) == 1
    return ' '.join(str(error.args[0] if plain else error).split())


class MissingFileError(InputError, FileNotFoundError):
    """A file that a config names does not exist."""

    # OSError prints an errno in front of a plain message.
    __str__ = Exception.__str__


def some_of(values: Sequence, most: int = 8) -> str:
    """The first few of many values: ``a, b ...``."""
    return ', '.join(map(str, values[:most])) + ' ...' * (len(values) > most)


def listed(names: Sequence[str], most: int = 3) -> str:
    """The first few of many names, and how many more: ``a, b and 4 more``."""
    more = len(names) - most
    return ', '.join(names[:most]) + (f' and {more} more' if more > 0 else '')
