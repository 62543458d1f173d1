"""How far two annotators differ on the same photographs."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from mmpose_ctd.datasets.preparation.labelled_points import (
    LabelledPoints,
    photographs_below,
    read_labelled_points,
)
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import (
    Agreement,
    agreement,
    measure,
    measurement_units,
    parse_measurements,
    standard_measurements,
)
from mmpose_ctd.files import json_file, write_whole
from mmpose_ctd.landmark_sides import canonical

#: Sizes of a pixel that two annotators give one photograph may differ so far.
_SCALE = 0.01
_KIND = 'mmpose_ctd annotators'


@dataclass
class AnnotatorAgreement:
    """Differences of two annotators, second - first.

    Attributes:
        landmarks (pd.DataFrame): A row for each landmark and unit (px and,
            where the size of a pixel is known, mm): ``n``, photographs that
            both labelled; ``distance``, mean distance of both marks; for x
            (to the right) and y (down) ``bias`` (mean difference), ``sd`` (of
            a difference) and ``icc`` (ICC(2,1), absolute agreement of two
            single raters), as ``bias_x`` ... ``icc_y``; ``share``, the mean
            distance in percent of the distance between the outer corners of
            the eyes.
        measures (pd.DataFrame): A row for each measure and unit: ``n``,
            ``mean``, ``bias``, ``sd``, ``loa_low``, ``loa_high``, ``mae``,
            ``icc``, and ends of 95 % intervals, as ``bias_low``.
        num_photographs (int): That both labelled.
        notes (list[str]): What was left out.
    """

    landmarks: pd.DataFrame
    measures: pd.DataFrame
    num_photographs: int
    notes: list[str]

    def write(self, path: str | os.PathLike) -> None:
        """Write a JSON file that ``mmpose_ctd report`` reads.

        It names no person, photograph or folder.
        """
        content = dict(
            kind=_KIND,
            num_photographs=self.num_photographs,
            landmarks=json.loads(self.landmarks.to_json(orient='records')),
            measures=json.loads(self.measures.to_json(orient='records')),
        )
        write_whole(path, json.dumps(content, indent=1).encode())


def compare_annotators(
    first: str | os.PathLike,
    second: str | os.PathLike,
    *,
    images: str | os.PathLike | None = None,
    mm_per_px: float | None = None,
    **options,
) -> AnnotatorAgreement:
    """Compare the points of two annotators, or of one at two times.

    Photographs are matched by their file names. ICC(2,1) is that of P. E.
    Shrout and J. L. Fleiss (Psychol Bull 86, 1979), see
    :func:`.intraclass_correlation`; intervals are those of
    :func:`.agreement`.

    Args:
        first (str or PathLike): File or folder of points, in any format that
            ``mmpose_ctd prepare`` reads.
        second (str or PathLike): That of the other annotator.
        images (str or PathLike, optional): Folder of the photographs: needed
            where a file does not give their sizes and counts y from below
            (tps), and where EXIF turns them.
        mm_per_px (float, optional): Size of a pixel of all photographs;
            overrides the files' own.
        **options: Options of :func:`.prepare` about points, for both files.

    Returns:
        AnnotatorAgreement: px are those of the upright photographs.

    Raises:
        MissingFileError: If a file does not exist.
        InputError: If points cannot be read, the files share no photograph or
            landmark, or give a photograph different sizes of a pixel.

    Examples:
        >>> from mmpose_ctd.apis import compare_annotators
        >>> found = compare_annotators('anna.csv', 'ben.csv')
        ... # doctest: +SKIP
        >>> found.landmarks[['landmark', 'unit', 'distance']]
        ... # doctest: +SKIP
    """
    if mm_per_px is not None and not 0 < mm_per_px < np.inf:
        raise InputError(
            where=f'--mm-per-px {mm_per_px}', expected='a number above 0'
        )
    known = None if images is None else photographs_below(images)
    a, b = (read_labelled_points(p, known, **options) for p in (first, second))
    files = [os.path.basename(path) for path in (first, second)]
    photos = sorted(a.points.keys() & b.points.keys())
    names = [name for name in a.names if name in b.names]
    for shared, what, own in (
        (photos, 'photographs', [[*one.points] for one in (a, b)]),
        (names, 'landmarks', [a.names, b.names]),
    ):
        if not shared:
            one, other = (', '.join(map(str, [*some][:3])) for some in own)
            raise InputError(
                where=' and '.join(files),
                found=f'no {what} in common ({one} ...; {other} ...)',
                expected='the same photographs and names of landmarks',
                cure='; '.join(_reasons(a) + _reasons(b)),
            )
    notes = _notes(a, b, files, photos, names)
    points = []
    for one in (a, b):
        at = [one.names.index(name) for name in names]
        points.append(np.stack([one.points[photo][at] for photo in photos]))
    scale = _scales(a, b, photos, mm_per_px)
    subjects = [a.subjects.get(p, b.subjects.get(p)) for p in photos]
    if len(photos) > 1 and None in subjects:
        notes.append(
            'photographs without subject count as different people; if some '
            'show one person, the intervals are too narrow'
        )
    if np.isfinite(scale).any() and not np.isfinite(scale).all():
        number = int(np.isfinite(scale).sum())
        notes.append(
            f'mm: of the {number} photographs whose pixel has a known size'
        )
    units = {'px': np.ones(len(photos)), 'mm': scale}
    units = {u: s for u, s in units.items() if np.isfinite(s).any()}
    eyes = np.mean([eye_distances(p, names) for p in points], axis=0)
    measures = a.measurements or b.measurements
    listed = (
        standard_measurements(names)
        if measures is None
        else parse_measurements(
            [one for one in measures if _measurable(one, measures, names)],
            names,
        )
    )
    return AnnotatorAgreement(
        _landmark_table(points, names, units, eyes, subjects),
        _measure_table(points, names, units, listed, subjects),
        len(photos),
        notes,
    )


def read_annotators(path: str | os.PathLike) -> dict:
    """The file that :meth:`AnnotatorAgreement.write` wrote.

    Returns:
        dict: ``num_photographs``; ``landmarks`` and ``measures``, lists of
        their tables' rows.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is another kind of file.
    """
    expected = 'the file that mmpose_ctd annotators A B --out writes'
    with json_file(path, expected) as content:
        if content['kind'] != _KIND:
            raise ValueError(content['kind'])
        for row in content['landmarks']:
            row['landmark'], row['unit'], row['distance'], row['share']
        for row in content['measures']:
            row['measure'], row['unit'], row['mean'], row['sd'], row['icc']
    return content


def eye_distances(points: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Distance of the outer corners of N faces' eyes, (N,), NaN if unknown.

    ``points`` are (N, K, 2), ``names`` those of the K landmarks.
    """
    known = {canonical(name): k for k, name in enumerate(names)}
    pair = [known.get(('exocanthion', side)) for side in 'RL']
    if None in pair:
        return np.full(len(points), np.nan)
    right, left = pair
    return np.linalg.norm(points[:, left] - points[:, right], axis=1)


# ------------------------------------------------------------------- tables


def _landmark_table(points, names, units, eyes, subjects) -> pd.DataFrame:
    rows = []
    for k, name in enumerate(names):
        one, other = (p[:, k] for p in points)
        apart = np.linalg.norm(other - one, axis=1)
        for unit, scale in units.items():
            row = dict(landmark=name, unit=unit)
            lengths = apart * scale
            row['n'] = int(np.isfinite(lengths).sum())
            row['distance'] = _mean(lengths)
            row['share'] = _mean(100 * apart / eyes)
            for axis, letter in enumerate('xy'):
                found = agreement(
                    one[:, axis] * scale, other[:, axis] * scale, subjects, 0
                )
                row[f'bias_{letter}'] = found.bias.value
                row[f'sd_{letter}'] = found.sd
                row[f'icc_{letter}'] = found.icc.value
            rows.append(row)
    return pd.DataFrame(rows)


def _measure_table(points, names, units, listed, subjects) -> pd.DataFrame:
    rows = []
    for unit, scale in units.items():
        values = [
            measure(p, None, names, listed, None if unit == 'px' else scale)
            for p in points
        ]
        called = measurement_units(listed, unit == 'mm')
        for one in listed:
            if one.kind != 'distance' and unit == 'mm':
                continue  # it is there already
            pair = [table[one.name] for table in values]
            if not np.isfinite(pair[0] + pair[1]).any():
                continue
            found = agreement(*pair, subjects)
            mean = _mean((pair[0] + pair[1]) / 2)
            row = dict(measure=one.name, unit=called[one.name], n=found.n)
            rows.append(row | dict(mean=mean) | _flat(found))
    titles = ['measure', 'unit', 'n', 'mean', 'bias', 'sd', 'icc']
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=titles)


def _flat(found: Agreement) -> dict:
    """Numbers of an agreement, with ends of intervals as ``bias_low``."""
    row = dict(sd=found.sd, mae=found.mae)
    for key in ('bias', 'loa_low', 'loa_high', 'icc'):
        value, low, high = asdict(found)[key]
        row |= {key: value, f'{key}_low': low, f'{key}_high': high}
    return row


def _mean(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float('nan')


# ------------------------------------------------------------- what is shared


def _scales(
    a: LabelledPoints, b: LabelledPoints, photos, given: float | None
) -> np.ndarray:
    """Size of a pixel of each photograph, mm, NaN where unknown, (N,)."""
    if given is not None:
        return np.full(len(photos), given)
    scales = np.full(len(photos), np.nan)
    for i, photo in enumerate(photos):
        both = [
            one.mm_per_px[photo] for one in (a, b) if photo in one.mm_per_px
        ]
        if both and max(both) > (1 + _SCALE) * min(both):
            raise InputError(
                where=f'photograph {photo}',
                found=f'mm_per_px {both[0]:g} and {both[1]:g}',
                expected='one size of a pixel in both files',
                cure='Correct it, or state one for all: --mm-per-px.',
            )
        if both:
            scales[i] = np.mean(both)
    return scales


def _measurable(one, listed, names) -> bool:
    if one.kind == 'ratio':
        known = {m.name: m for m in listed}
        return all(_measurable(known[part], listed, names) for part in one.of)
    return {*one.of} <= {*names}


def _reasons(found: LabelledPoints) -> list[str]:
    """Why records are left out, each reason once."""
    counts = Counter(found.left_out.values())
    return [f'{n} records left out: {reason}' for reason, n in counts.items()]


def _notes(
    a: LabelledPoints, b: LabelledPoints, files, photos, names
) -> list[str]:
    notes = []
    for one, file in zip((a, b), files):
        notes += [f'{file}: {reason}' for reason in _reasons(one)]
        alone = len(one.points) - len(photos)
        if alone:
            notes.append(f'{file}: {alone} photographs that only it labels')
        others = [name for name in one.names if name not in names]
        if others:
            notes.append(f'{file}: only it has {", ".join(others)}')
    return notes
