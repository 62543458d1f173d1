"""What the config of a checkpoint says, without running it."""

import ast
from typing import Any

__all__ = ['entry', 'trained_config']


def trained_config(content: dict, name: str) -> Any:
    """A value of the config that a checkpoint was trained with.

    mmengine stores the config as the text of a Python file. It is looked at,
    never run.

    Args:
        content (dict): Of a checkpoint.
        name (str): Name at the file's top level, such as
            ``'test_dataloader'``.

    Returns:
        Any: Dicts, lists, tuples and constants, None in place of anything
        else; None, too, where the checkpoint does not tell.
    """
    text = entry(content.get('meta'), 'cfg')
    try:
        tree = ast.parse(text if isinstance(text, str) else '')
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for line in tree.body:
        if (
            isinstance(line, ast.Assign)
            and isinstance(line.targets[0], ast.Name)
            and line.targets[0].id == name
        ):
            return _value(line.value)
    return None


def entry(value: Any, key: str) -> Any:
    """What a dict has under a key; None of anything else."""
    return value.get(key) if isinstance(value, dict) else None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        # dict(key=...) is how mmengine writes most of it.
        return {k.arg: _value(k.value) for k in node.keywords if k.arg}
    if isinstance(node, ast.Dict):
        return {
            key.value: _value(value)
            for key, value in zip(node.keys, node.values)
            if isinstance(key, ast.Constant)
        }
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(item) for item in node.elts]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
