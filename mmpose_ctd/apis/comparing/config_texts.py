"""The texts of a config, such as names of files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ['Text', 'texts_of']


@dataclass(frozen=True)
class Text:
    """A text in a config.

    Attributes:
        value (str): The text.
        key (str): Where it stands, dotted.
        parent (Mapping): The mapping around it.
    """

    value: str
    key: str
    parent: Mapping


def texts_of(
    value, key: str = '', parent: Mapping | None = None
) -> Iterator[Text]:
    """All texts within a part of a config.

    Args:
        value: The part: mappings, lists, and what they hold.
        key (str): Of the part. Defaults to ``''``.
        parent (Mapping, optional): The mapping around it.

    Yields:
        Text: In the config's order.
    """
    if isinstance(value, str):
        yield Text(value, key, parent or {})
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from texts_of(item, f'{key}.{name}'.lstrip('.'), value)
    elif isinstance(value, (list, tuple, set)):
        for index, item in enumerate(value):
            yield from texts_of(item, f'{key}.{index}'.lstrip('.'), parent)
