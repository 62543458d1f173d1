"""Writes WebMorph's templates: the text that ``read_tem`` reads."""

import numpy as np


def format_tem(points: np.ndarray, lines: tuple = ()) -> str:
    """The text of a template.

    Args:
        points (np.ndarray): (N, 2), pixels.
        lines (Sequence[tuple]): Whether a curve is closed, and its points.
    """
    rows = [str(len(points))]
    rows += [f'{float(x)!r}\t{float(y)!r}' for x, y in points]
    rows.append(str(len(lines)))
    for closed, indices in lines:
        rows += [str(int(closed)), str(len(indices))]
        rows.append(' '.join(map(str, indices)))
    return '\n'.join(rows) + '\n'
