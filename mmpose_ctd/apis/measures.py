"""Measures and their agreement, for a notebook.

Tables are mappings from a measure's name to its values, such as a pandas
DataFrame; ``pandas.DataFrame`` takes the results.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import (
    Measurement,
    agreement,
    measure,
    parse_measurements,
    standard_measurements,
)


def measures_of(
    points: np.ndarray,
    names: Sequence[str],
    measurements: Sequence[Mapping | Measurement] | None = None,
    visible: np.ndarray | None = None,
    mm_per_px: float | np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Measure one face or several.

    Args:
        points (np.ndarray): Landmarks in image pixels, shape (N, K, 2), or
            (K, 2) for one face. NaN where one is missing.
        names (Sequence[str]): The K landmarks.
        measurements (Sequence, optional): What to measure, see
            :func:`parse_measurements`. ``None`` takes all standard measures
            that these landmarks allow. Defaults to ``None``.
        visible (np.ndarray, optional): Nonzero where a landmark is known,
            shape of ``points`` without its last axis.
        mm_per_px (float or np.ndarray, optional): Millimetres of a pixel,
            one for all or one a face. None leaves distances in pixels.

    Returns:
        dict[str, np.ndarray]: Measure's name -> N values, NaN where one is
        not known; distances in px or mm, angles in degrees.

    Raises:
        InputError: If shapes or measures do not fit.

    Examples:
        >>> eye = [[10., 20.], [40., 20.]]
        >>> measures_of(eye, ['exocanthion_R', 'endocanthion_R'])
        {'palpebral_fissure_length_R': array([30.])}
    """
    points = np.asarray(points, dtype=np.float64)
    if points.ndim == 2:
        points = points[None]
        visible = None if visible is None else np.asarray(visible)[None]
    if measurements is None:
        measurements = standard_measurements(names)
    else:
        measurements = parse_measurements(measurements, names)
    return measure(points, visible, names, measurements, mm_per_px)


def agreement_table(
    manual: Mapping[str, Sequence[float]],
    predicted: Mapping[str, Sequence[float]],
    subjects: Sequence | None = None,
) -> list[dict]:
    """Agreement of two tables of measures, whose rows are the same images.

    Args:
        manual (Mapping[str, Sequence[float]]): Measure's name -> N values by
            hand; NaN or None where not known.
        predicted (Mapping[str, Sequence[float]]): The other way to measure.
            Columns that only one of the two has are left out.
        subjects (Sequence, optional): Person of each image, N names.

    Returns:
        list[dict]: A row a measure: ``measure``, ``n``, ``people``, ``bias``,
        ``sd``, ``loa_low``, ``loa_high``, ``mae``, ``icc``, ``slope``, the
        intervals as ``bias_low``, ``bias_high`` and so on, ``interval``,
        ``notes``.

    Raises:
        InputError: If the tables have no measure in common, or another
            number of rows.

    Examples:
        >>> by_hand = {'philtrum_length': [14., 15., 17., 16.]}
        >>> by_model = {'philtrum_length': [15., 15., 18., 16.]}
        >>> row = agreement_table(by_hand, by_model)[0]
        >>> row['measure'], row['n'], row['bias']
        ('philtrum_length', 4, 0.5)
    """
    common = [name for name in manual if name in predicted]
    if not common:
        raise InputError(
            where='manual and predicted',
            found=f'the measures {[*manual]} and {[*predicted]}',
            expected='measures in common',
        )
    rows = []
    for name in common:
        columns = (_column(name, table[name]) for table in (manual, predicted))
        try:
            found = agreement(*columns, subjects)
        except InputError as error:
            raise InputError(f'{name}: {error}') from error
        row = dict(measure=name, n=found.n, people=found.num_subjects)
        row.update(sd=found.sd, mae=found.mae)
        for key in ('bias', 'loa_low', 'loa_high', 'icc', 'slope'):
            value, low, high = getattr(found, key)
            row.update({key: value, f'{key}_low': low, f'{key}_high': high})
        row.update(interval=found.interval, notes=' '.join(found.notes))
        rows.append(row)
    return rows


def _column(name: str, values: Sequence[float]) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            found=f'{[*values][:3]!r} ...',
            expected='numbers, NaN where not known',
        ) from None
