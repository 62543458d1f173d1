"""Leaves out landmarks of another version of their photograph."""

from pathlib import Path

import numpy as np

from ..face_fit import fit_to_faces
from .options import PrepareOptions
from .report import Report

__all__ = ['without_misfits']


def without_misfits(
    results: list[dict],
    options: PrepareOptions,
    report: Report,
    staged: Path | None = None,
) -> list[dict]:
    """Leave out records that do not fit their faces as the others do.

    Args:
        results (list[dict]): Of :meth:`.PictureMaker.make`.
        options (PrepareOptions): With ``unit='px'`` nothing is left out.
        report (Report): Where records are left out.
        staged (Path, optional): The unfinished set, from which their
            pictures are removed.

    Returns:
        list[dict]: The others.
    """
    if options.unit == 'px':
        return results
    points = []
    for result in results:
        x, y, visible = np.array(result['keypoints']).T
        points.append(
            np.where(visible[:, None] > 0, np.column_stack([x, y]), np.nan)
        )
    fits = fit_to_faces(points, [result['faces'] for result in results])
    kept = []
    for result, fit in zip(results, fits):
        if fit is None or not fit.wrong:
            kept.append(result)
            continue
        if staged is not None:
            (staged / 'images' / result['file_name']).unlink()
        number = result['job'].number
        report.rows[number].picture = ''
        report.leave_out(
            number,
            'unit',
            f'{fit.text}: clicked in another version of the photograph? Put '
            'that one into IMAGES, or prepare those of each size by '
            'themselves, with --unit; --unit px if the points are right',
        )
    return kept
