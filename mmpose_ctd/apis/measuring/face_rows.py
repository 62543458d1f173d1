"""Rows of the table of measures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.datasets.checking.eye_distances import implausible_distance
from mmpose_ctd.evaluation.functional.measurements import (
    Measurement,
    measure,
)
from mmpose_ctd.landmark_sides import partner_places

from .calibration import Calibration
from .columns import Columns
from .judgement import Judgement
from .landmark_model import Prediction
from .measure_errors import measure_deviations
from .norms import Norms
from .photograph_table import Subject

__all__ = ['FaceRows', 'MeasuredFace']

_LEVEL = 0.95
_DIGITS = dict(px=2, mm=2, deg=1, ratio=4, z=2)


@dataclass(frozen=True)
class MeasuredFace:
    """What is known of a face, for its row and its picture.

    Attributes:
        points (np.ndarray): Landmarks, pixels of the photograph, (K, 2).
        radii (np.ndarray, optional): Within which 95 % of the true ones
            lie, (K,); None where nothing is promised.
        row (dict): Title -> cell.
        values (dict[str, tuple]): Measure -> value, low, high in its best
            unit, and the unit; low and high NaN where nothing is promised.
    """

    points: np.ndarray
    radii: np.ndarray | None
    row: dict
    values: dict


class FaceRows:
    """Makes rows of predictions.

    Args:
        columns (Columns): Of the table.
        calibration (Calibration, optional): Of the model.
        norms (Norms, optional): Of the user.
    """

    def __init__(
        self,
        columns: Columns,
        calibration: Calibration | None = None,
        norms: Norms | None = None,
    ) -> None:
        self.columns = columns
        self.calibration = calibration
        self.norms = norms
        self._partners = partner_places(columns.names)

    def make(
        self,
        found: Prediction,
        judgements: Sequence[Judgement | None],
        subjects: Sequence[Subject],
        input_width: int,
    ) -> list[MeasuredFace]:
        """Measure N faces.

        Args:
            found (Prediction): Of the model.
            judgements (Sequence[Judgement | None]): Of each.
            subjects (Sequence[Subject]): What is known of each.
            input_width (int): Of the network input, in its pixels.
        """
        c, names = self.columns, self.columns.names
        values = measure(found.points, None, names, c.measurements)
        deviations, errors = None, {}
        if self.calibration:
            scale = found.scales[:, None] / input_width
            own = self.calibration.errors.deviations(found.spreads)
            deviations = np.broadcast_to(own, found.points.shape[:2]) * scale
            sds = measure_deviations(
                found.points, deviations, names, c.measurements
            )
            radius = self.calibration.measure_errors.radii[_LEVEL]
            errors = {
                name: sd * radius * self.calibration.measure_factor(name)
                for name, sd in sds.items()
            }
        faces = []
        for i, (judgement, subject) in enumerate(zip(judgements, subjects)):
            absurd = self._absurd_scale(found.points[i], subject.mm_per_px)
            if absurd and judgement is not None:
                judgement = judgement._replace(
                    reasons=[*judgement.reasons, absurd]
                )
            # Of faces unlike the validation faces it promises nothing.
            holds = judgement is not None and not judgement.reasons
            faces.append(
                self._face(
                    found.points[i],
                    deviations[i] if holds else None,
                    {name: float(v[i]) for name, v in values.items()},
                    {n: float(e[i]) for n, e in errors.items()}
                    if holds
                    else {},
                    judgement,
                    subject,
                    found.frames[i].width,
                    absurd,
                )
            )
        return faces

    def _absurd_scale(
        self, points: np.ndarray, mm_per_px: float | None
    ) -> str | None:
        """In words, what no face has with this scale."""
        if mm_per_px is None:
            return None
        found = implausible_distance(
            points, mm_per_px, self.columns.names, self._partners
        )
        return found and (
            f'with this mm_per_px the {found.what} are {found.length:.0f} mm '
            f'apart; people have {found.low:.0f} to {found.high:.0f} mm'
        )

    def _face(
        self,
        points,
        deviations,
        values,
        errors,
        judgement,
        subject,
        width,
        absurd,
    ) -> MeasuredFace:
        row, remarks = dict(frame_px=round(width)), []
        if judgement is None:
            row['status'] = 'uncalibrated'
        else:
            row['status'] = 'check' if judgement.reasons else 'measured'
            remarks += judgement.reasons
            row |= {
                key: f'{judgement.values[key]:.2f}'
                for key in ('appearance', 'shape')
            }
            row['roll_deg'] = f'{judgement.values["roll"]:.1f}'
        scale = subject.mm_per_px
        if absurd and judgement is None:
            row['status'] = 'check'
            remarks.append(absurd)
        if self.columns.mm:
            row['mm_per_px'] = scale if scale is not None else ''
            if scale is None:
                remarks.append('scale unknown: no mm')
        if absurd:
            scale = None
        best = {}
        for one in self.columns.measurements:
            best[one.name] = self._measure(
                row, one, values[one.name], errors.get(one.name), scale
            )
        if self.norms:
            remarks += self._scores(row, best, row['status'], subject)
        for k, name in enumerate(self.columns.names):
            row[f'{name}_x_px'], row[f'{name}_y_px'] = (
                f'{v:.2f}' for v in points[k]
            )
            if deviations is not None:
                row[f'{name}_sd_px'] = f'{deviations[k]:.2f}'
        row['remarks'] = '; '.join(dict.fromkeys(remarks))
        radii = None
        if deviations is not None:
            radii = deviations * self.calibration.errors.radii[_LEVEL]
        return MeasuredFace(points, radii, row, best)

    def _measure(
        self,
        row: dict,
        one: Measurement,
        value: float,
        error: float | None,
        scale: float | None,
    ) -> tuple[float, float, float, str]:
        """Fill in a measure; in its best unit it comes back."""
        best = (np.nan, np.nan, np.nan, '')
        for unit in self.columns.units_of(one):
            factor = scale if unit == 'mm' else 1.0
            if factor is None or not np.isfinite(value):
                continue
            low = high = np.nan
            title, digits = f'{one.name}_{unit}', _DIGITS[unit]
            row[title] = f'{value * factor:.{digits}f}'
            if error is not None and np.isfinite(error):
                # No length is below nothing.
                low = max(0.0, value - error) * factor
                high = (value + error) * factor
                row[f'{title}_low95'] = f'{low:.{digits}f}'
                row[f'{title}_high95'] = f'{high:.{digits}f}'
            best = (value * factor, low, high, unit)
        return best

    def _scores(self, row, best, status, subject) -> list[str]:
        """Fill in z-scores; in words, why there are none."""
        if status == 'check':
            return ['no z-scores of a face to check']
        remarks = []
        for name in self.norms.measures:
            norm = self.norms.find(name, subject)
            if isinstance(norm, str):
                remarks.append(f'no z: {norm}')
                continue
            value, low, high, unit = best[name]
            if unit != {'1': 'ratio'}.get(norm.unit, norm.unit):
                remarks.append('no z: scale unknown')
                continue
            titles = [f'{name}_z', f'{name}_z_low95', f'{name}_z_high95']
            for title, bound in zip(titles, (value, low, high)):
                if np.isfinite(bound):
                    row[title] = f'{norm.z(bound):.2f}'
        return remarks
