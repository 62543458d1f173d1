"""Writes WebMorph's templates: the text that ``parse_tem`` reads."""

import numpy as np


def format_tem(points: np.ndarray, lines: tuple = ()) -> str:
    """The text of a template.

    Args:
        points (np.ndarray): (N, 2), pixels.
        lines (Sequence[TemLine]): Curves through them.
    """
    rows = [str(len(points))]
    rows += [f'{float(x)!r}\t{float(y)!r}' for x, y in points]
    rows.append(str(len(lines)))
    for line in lines:
        rows += [str(int(line.closed)), str(len(line.indices))]
        rows.append(' '.join(map(str, line.indices)))
    return '\n'.join(rows) + '\n'
