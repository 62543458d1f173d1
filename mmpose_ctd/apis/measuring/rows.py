"""Rows of the table of measures, and what its columns mean."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mmpose_ctd.datasets.checking.eye_distances import implausible_distance
from mmpose_ctd.errors import listed
from mmpose_ctd.evaluation.functional import Measurement, measure
from mmpose_ctd.landmark_sides import partner_places

from .calibration import Calibration, Judgement
from .error_model import measure_deviations
from .framing import Frame
from .landmark_model import LandmarkModel
from .surfaces import FaceSurface
from .user_tables import Norms, Subject, age_range, unknown_age

_LEVEL = 0.95
#: From this share of the network input's width on, the photograph shows
#: enough of the face. At a quarter, errors of 30 faces were a quarter larger.
_RESOLVED = 0.5
_LOW = 'its 95 % interval begins here; 0: not known to differ from 0'
_HIGH = 'and ends here'


class Column(NamedTuple):
    """A column of the table.

    Attributes:
        meaning (str): What it holds.
        digits (int, optional): Decimals that are written; None for text and
            for numbers that are written as they are.
    """

    meaning: str
    digits: int | None = None


_PHOTOGRAPH = {
    'file': Column('name of the photograph, relative to the folder IMAGES'),
    'status': Column(
        'measured: as the calibration promises. check: unlike the training '
        'faces (image, landmarks, age), another face of its size, too few '
        'pixels, landmarks outside the photograph, or an absurd scale: look '
        'at it, no intervals hold. imprecise: 95 % intervals of more than '
        'half of the measures reach 0. uncalibrated: no calibration was '
        'given. no face found, unreadable: nothing is measured'
    ),
    'remarks': Column('why, in words; which intervals reach 0'),
    'faces': Column('faces that were detected; the largest is measured'),
    'start': Column(
        'where the search began: face (the detected one) or image (the whole '
        'photograph)'
    ),
    'width_px': Column('of the upright photograph, in its pixels'),
    'height_px': Column('of the upright photograph, in its pixels'),
    'frame_px': Column(
        'width of the part that the network saw, in pixels of the '
        'photograph; below half of the network input: check'
    ),
    'appearance': Column(
        'distance from the training faces, in its limit: above 1 is unusual',
        2,
    ),
    'shape': Column(
        'distance of the landmarks from the mean face, in its limit: above 1 '
        'is unusual',
        2,
    ),
    'roll_deg': Column(
        "the head's turn in the plane of the photograph, clockwise", 1
    ),
}
#: Unit, as column titles have it -> decimals, and its meaning.
_UNITS = dict(
    px=(2, 'pixels of the photograph'),
    mm=(2, 'mm'),
    deg=(1, 'degrees'),
    ratio=(4, '1'),
)


@dataclass(frozen=True)
class MeasuredFace:
    """What is known of a face, for its row and its picture.

    Attributes:
        row (dict): Title of a column -> value.
        points (np.ndarray, optional): Landmarks, pixels of the photograph,
            (K, 2); None without a face.
        uncertainty (np.ndarray, optional): Of each landmark, (K,): error SD
            in input px by the calibration, else spread of the heat-map's
            peak in its pixels.
        radii (np.ndarray, optional): That contain 95 % of the true
            landmarks, (K,); None without calibration and on faces to check.
        values (dict): Measure -> value, low, high in its best unit, and the
            unit; low and high are NaN where they are not known.
    """

    row: dict
    points: np.ndarray | None = None
    uncertainty: np.ndarray | None = None
    radii: np.ndarray | None = None
    values: dict = field(default_factory=dict)


class FaceRows:
    """Makes rows of predictions.

    ``mm`` is whether the scale of any photograph is known; ``ages`` are those
    of the training faces, whole years, empty if unknown; ``lifted`` is whether
    the photographs are textures, whose faces are measured on their meshes.

    Attributes:
        columns (dict[str, Column]): By title, in their order.
    """

    def __init__(
        self,
        model: LandmarkModel,
        calibration: Calibration | None = None,
        norms: Norms | None = None,
        mm: bool = False,
        ages: Collection[int] = (),
        lifted: bool = False,
    ) -> None:
        self.names, self.measurements = model.names, model.measurements
        self.input_width = model.input_size[0]
        self.calibration, self.norms, self.mm = calibration, norms, mm
        self.ages, self.lifted = ages, lifted
        self.columns = self._columns()
        self._partners = partner_places(model.names)

    def _columns(self) -> dict[str, Column]:
        found = dict(_PHOTOGRAPH)

        def add(title: str, meaning: str, digits: int) -> None:
            found[title] = Column(meaning, digits)
            if self.calibration:
                found[f'{title}_low95'] = Column(_LOW, digits)
                found[f'{title}_high95'] = Column(_HIGH, digits)

        if self.mm:
            found['mm_per_px'] = Column(
                'millimetres of a pixel of the photograph, as given'
            )
        for one in self.measurements:
            between = (' / ' if one.kind == 'ratio' else ' to ').join(one.of)
            for unit in self._units(one):
                digits, words = _UNITS[unit]
                meaning = f'{one.kind}: {between}, in {words}'
                add(f'{one.name}_{unit}', meaning, digits)
            if self.lifted and one.kind == 'distance':
                found[f'{one.name}_surface_mm'] = Column(
                    f'{between}, along the surface, in mm', 2
                )
            if self.norms and one.name in self.norms.measures:
                add(f'{one.name}_z', 'z-score by the norms that were given', 2)
        for name in self.names:
            found[f'{name}_x_px'] = Column(
                f'{name}, pixels of the photograph from the left; the centre '
                'of the leftmost pixel is 0',
                2,
            )
            found[f'{name}_y_px'] = Column(
                f'{name}, pixels of the photograph from the top', 2
            )
            for axis in 'xyz' * self.lifted:
                found[f'{name}_{axis}_mm'] = Column(
                    f'{name}, {axis} on the mesh, in mm', 3
                )
            if self.calibration:
                found[f'{name}_sd_px'] = Column(
                    f'{name}, standard deviation of the error along each '
                    'axis, in pixels of the photograph',
                    2,
                )
        return found

    def _units(self, one: Measurement) -> list[str]:
        """Units of a measure, as column titles have them."""
        if one.kind == 'distance' and self.lifted:
            return ['mm']
        if one.kind == 'distance':
            return ['px', 'mm'] if self.mm else ['px']
        return ['deg' if one.kind == 'angle' else 'ratio']

    # ---------------------------------------------------------------- rows

    def make(
        self,
        points: np.ndarray,
        frame: Frame,
        spreads: dict[str, np.ndarray],
        judgement: Judgement | None,
        subject: Subject,
        size: tuple[int, int],
        surface: FaceSurface | None = None,
    ) -> MeasuredFace:
        """Measure a face, in a photograph or on its surface.

        ``points`` (K, 2) were found in the frame, with ``spreads`` (1, K);
        ``size`` is the photograph's width and height.
        """
        zoom = frame.width / self.input_width
        remarks = list(judgement.reasons) if judgement else []
        remarks += self._objections(points, zoom, size, subject)
        places = surface.points if surface else points
        scale = 1.0 if surface else subject.mm_per_px
        absurd = self._absurd_scale(places, scale)
        if absurd:
            remarks.append(absurd)
        values = measure(places[None], None, self.names, self.measurements)
        unsure = spreads['moment'][0]
        if self.calibration:
            unsure = self.calibration.landmark_errors.deviations(spreads)[0]
        # The calibration promises nothing of unusual faces.
        holds = judgement is not None and not remarks
        deviations, errors = None, {}
        if holds:
            deviations = unsure * frame.width / self.input_width
            errors = self._errors(places, deviations, surface)
        row = dict.fromkeys(self.columns)
        row['frame_px'] = round(frame.width)
        row['status'] = 'measured' if holds else 'check'
        if judgement is not None:
            row['appearance'] = judgement.values['appearance']
            row['shape'] = judgement.values['shape']
            row['roll_deg'] = judgement.values['roll']
        elif not remarks:
            row['status'] = 'uncalibrated'
        if self.mm:
            row['mm_per_px'] = scale
            if scale is None:
                remarks.append('scale unknown: no mm')
        if absurd:
            scale = None
        if surface:
            remarks += surface.remarks
            self._add_surface(row, surface, bool(absurd))
        best = {
            one.name: self._measure(
                row, one, float(values[one.name][0]), errors, scale
            )
            for one in self.measurements
        }
        zero = [name for name, (_, low, *_) in best.items() if low == 0]
        if zero:
            remarks.append(f'95 % interval reaches 0: {listed(zero)}')
            if 2 * len(zero) > len(best):
                row['status'] = 'imprecise'
        if self.norms:
            remarks += self._scores(row, best, subject)
        for k, name in enumerate(self.names):
            row[f'{name}_x_px'], row[f'{name}_y_px'] = map(float, points[k])
            if deviations is not None:
                row[f'{name}_sd_px'] = float(deviations[k])
        row['remarks'] = '; '.join(dict.fromkeys(remarks))
        radii = None
        if deviations is not None:
            radii = deviations * self.calibration.landmark_errors.radii[_LEVEL]
        return MeasuredFace(row, points, unsure, radii, best)

    def _errors(
        self,
        places: np.ndarray,
        deviations: np.ndarray,
        surface: FaceSurface | None,
    ) -> dict[str, float]:
        """Half the 95 % interval of each measure."""
        sds = measure_deviations(
            places[None],
            deviations[None],
            self.names,
            self.measurements,
            surface and surface.steps[None],
        )
        radius = self.calibration.measure_errors.radii[_LEVEL]
        return {
            name: float(sd[0] * radius * self.calibration.measure_factor(name))
            for name, sd in sds.items()
        }

    def _add_surface(
        self, row: dict, surface: FaceSurface, absurd: bool
    ) -> None:
        for name, point in zip(self.names, surface.points):
            if np.isfinite(point).all() and not absurd:
                for axis, value in zip('xyz', point):
                    row[f'{name}_{axis}_mm'] = float(value)
        for name, length in surface.lengths.items():
            if np.isfinite(length) and not absurd:
                row[f'{name}_surface_mm'] = length

    def _objections(
        self,
        points: np.ndarray,
        zoom: float,
        size: tuple[int, int],
        subject: Subject,
    ) -> list[str]:
        """In words, why the errors may be larger than those known.

        ``zoom`` is a pixel of the network input in pixels of the photograph,
        ``size`` the photograph's width and height.
        """
        found = []
        if zoom < _RESOLVED:
            found.append(
                f'the face has few pixels: it is enlarged {1 / zoom:.1f} '
                'times for the network'
            )
        # The outermost pixels reach half a pixel further.
        inside = (points >= -0.5) & (points <= np.array(size) - 0.5)
        outside = np.flatnonzero(~inside.all(axis=1))
        if outside.size:
            names = listed([self.names[k] for k in outside])
            found.append(f'outside the photograph: {names}')
        if unknown_age(subject.age, self.ages):
            found.append(
                f'age {subject.age:g}: no training face is near it '
                f'({age_range(self.ages)} years)'
            )
        return found

    def _absurd_scale(
        self, points: np.ndarray, mm_per_px: float | None
    ) -> str | None:
        """In words, which distance no face has with this scale."""
        if mm_per_px is None:
            return None
        found = implausible_distance(
            points, mm_per_px, self.names, self._partners
        )
        given = 'mesh_unit' if self.lifted else 'mm_per_px'
        return found and (
            f'with this {given} the {found.what} are {found.length:.0f} mm '
            f'apart; people have {found.low:.0f} to {found.high:.0f} mm'
        )

    def _measure(
        self,
        row: dict,
        one: Measurement,
        value: float,
        errors: dict[str, float],
        scale: float | None,
    ) -> tuple[float, float, float, str]:
        """Fill in a measure; returns it in its best unit."""
        best = (np.nan, np.nan, np.nan, '')
        for unit in self._units(one):
            factor = scale if unit == 'mm' else 1.0
            if factor is None or not np.isfinite(value):
                continue
            low = high = np.nan
            title = f'{one.name}_{unit}'
            row[title] = value * factor
            error = errors.get(one.name, np.nan)
            if np.isfinite(error):
                # Lengths are not negative.
                low = max(0.0, value - error) * factor
                high = (value + error) * factor
                row[f'{title}_low95'], row[f'{title}_high95'] = low, high
            best = (value * factor, low, high, unit)
        return best

    def _scores(self, row: dict, best: dict, subject: Subject) -> list[str]:
        """Fill in z-scores; returns, in words, why some are missing."""
        if row['status'] == 'check':
            return ['no z-scores of a face to check']
        if row['status'] == 'imprecise':
            return ['no z-scores: imprecise']
        remarks = []
        for name in self.norms.measures:
            norm = self.norms.find(name, subject)
            if isinstance(norm, str):
                remarks.append(f'no z: {norm}')
                continue
            *bounds, unit = best[name]
            if self.lifted and not unit:
                continue  # it was not measured
            if unit != {'1': 'ratio'}.get(norm.unit, norm.unit):
                remarks.append('no z: scale unknown')
                continue
            for ending, bound in zip(('', '_low95', '_high95'), bounds):
                # A length of 0 has no z-score by L, M and S.
                if np.isfinite(bound) and np.isfinite(z := norm.z(bound)):
                    row[f'{name}_z{ending}'] = z
        return remarks
