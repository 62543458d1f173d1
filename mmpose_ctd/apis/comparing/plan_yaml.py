"""Reads a YAML file as people write it."""

import re
from pathlib import Path

import yaml

from mmpose_ctd.errors import InputError, MissingFileError

__all__ = ['read_yaml']


class _Loader(yaml.SafeLoader):
    """Reads 1e-3 as a number, as Python does; YAML 1.1 sees a text."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'{key!r} is set twice', key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: list(resolvers)
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    'tag:yaml.org,2002:float',
    re.compile(r'[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$'),
    list('-+.0123456789'),
)


def read_yaml(path: Path):
    """The content of a YAML file, which can be nothing but plain values.

    Args:
        path (Path): The file.

    Raises:
        MissingFileError: If there is none.
        InputError: If it is no YAML, or sets a key twice.
    """
    if not path.is_file():
        raise MissingFileError(f'The plan {str(path)!r} does not exist.')
    try:
        return yaml.load(path.read_text(encoding='utf-8-sig'), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        told = ' '.join(str(error).split())
        raise InputError(f'{path}: no YAML file ({told}).') from error
