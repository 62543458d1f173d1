"""What is known of a model's errors, and of the faces it was trained on."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import AfterValidator

from mmpose_ctd.errors import InputError
from mmpose_ctd.visualization import plot_reliability

from .calibration_values import STRICT, FaceMean, Names, Positive, Size
from .error_model import ErrorModel
from .familiarity import Appearance, MeanShape
from .framing import Framing
from .landmark_model import LandmarkModel

#: What is compared with its limit -> what a flag says.
_REASONS = {
    'appearance': 'looks unlike the training faces',
    'shape': 'landmarks form no usual face',
    'roll': 'head is turned in the plane',
    'unsteadiness': 'landmarks move when framed anew',
}


class Judgement(NamedTuple):
    """How unusual a face is.

    Attributes:
        values (dict[str, float]): ``appearance``, ``shape``,
            ``unsteadiness`` and ``faintness``, each divided by its limit
            (above 1 is unusual); ``roll`` in degrees.
        reasons (list[str]): What is unusual, in words; empty if nothing is.
    """

    values: dict
    reasons: list


def _fits_together(look: Appearance) -> Appearance:
    d, c = look.directions.shape
    products = look.directions @ look.directions.T
    for fits, expected in (
        (len(look.mean) == c, 'a mean as long as the directions'),
        (np.abs(look.mean).max() <= 1.001, 'features of length 1'),
        (len(look.variances) == d, 'as many directions as variances'),
        ((look.variances > 0).all(), 'variances above 0'),
        (np.allclose(products, np.eye(d), atol=1e-3), 'orthonormal rows'),
    ):
        if not fits:
            raise ValueError(expected)
    return look


def _positive_radii(errors: ErrorModel) -> ErrorModel:
    if min(errors.radii.values()) < 1e-6:
        raise ValueError('radii above 0')
    return errors


@dataclass
class ModelFacts:
    """Weights, K landmarks, and width and height of the network input."""

    fingerprint: str
    landmarks: Names
    input_size: Size


@dataclass
class Limits:
    """Largest usual value of each part of a :class:`Judgement`."""

    appearance: Positive
    shape: Positive
    roll: Positive
    unsteadiness: Positive
    faintness: Positive


@dataclass
class Familiarity:
    """How the training faces look, and how far others may be from that."""

    limits: Limits
    mean_shape: FaceMean
    appearance: Annotated[Appearance, AfterValidator(_fits_together)]


@dataclass
class Calibration:
    """Contents of a calibration file.

    Attributes:
        about (dict): What the calibration found, for people.
        model (ModelFacts): Which model it belongs to.
        framing (Framing): Of the training faces.
        landmark_errors (ErrorModel): Of the landmarks.
        measure_errors (ErrorModel): Of the measures, in units of the SDs
            propagated from the landmarks; spread ``'none'``. Without
            measures its radii are 0.
        familiarity (Familiarity): Of the training faces.
    """

    __pydantic_config__ = STRICT

    about: dict[str, Any]
    model: ModelFacts
    framing: Framing
    landmark_errors: Annotated[ErrorModel, AfterValidator(_positive_radii)]
    measure_errors: ErrorModel
    familiarity: Familiarity

    @property
    def names(self) -> list[str]:
        """The K landmarks."""
        return self.model.landmarks

    def measure_factor(self, name: str) -> float:
        """Factor of a measure's propagated SD."""
        errors = self.measure_errors
        return float(np.exp(errors.offset + errors.of.get(name, 0.0)))

    def judge(
        self,
        points: np.ndarray,
        features: np.ndarray,
        moves: np.ndarray,
        spreads: dict[str, np.ndarray],
    ) -> list[Judgement]:
        """Compare N faces (see :class:`.LocatedFaces`) with the limits."""
        look, limits = self.familiarity.appearance, self.familiarity.limits
        shape = MeanShape(self.familiarity.mean_shape)
        rolls = shape.rolls(points)
        faint = spreads['inverse_peak'] / limits.faintness
        values = dict(
            appearance=look.distances(features) / limits.appearance,
            shape=shape.distances(points) / limits.shape,
            roll=np.abs(rolls) / limits.roll,
            unsteadiness=moves / limits.unsteadiness,
        )
        judgements = []
        for i in range(len(points)):
            own = {name: float(v[i]) for name, v in values.items()}
            reasons = [_REASONS[name] for name, v in own.items() if not v <= 1]
            hidden = [self.names[k] for k in np.flatnonzero(faint[i] > 1)]
            if hidden:
                more = len(hidden) - 3
                reasons.append(
                    f'hardly seen: {", ".join(hidden[:3])}'
                    + (f' and {more} more' if more > 0 else '')
                )
            own |= dict(roll=float(rolls[i]), faintness=float(faint[i].max()))
            judgements.append(Judgement(own, reasons))
        return judgements

    def refuse_other_model(self, model: LandmarkModel, path: str) -> None:
        """Raise InputError if weights, landmarks or input size differ."""
        other = ModelFacts(
            model.fingerprint, model.names, tuple(model.input_size)
        )
        if self.model != other:
            raise InputError(
                where=path,
                found='it belongs to another checkpoint or input size '
                f'({_of(self.model)})',
                expected=_of(other),
                cure='Calibrate this model: mmpose_ctd calibrate CONFIG '
                'CHECKPOINT --out FILE.json',
            )

    def plot(self, path: str) -> Iterator[tuple[str, str]]:
        """Draw expected against observed errors; yield faces and file.

        The figure of the test faces, if there were any, ends in ``_test``.
        """
        stem, ending = os.path.splitext(path)
        for key, faces, file in (
            ('left_out', 'faces left out of the fit', path),
            ('test', 'test faces', f'{stem}_test{ending}'),
        ):
            if key in self.about:
                plot_reliability(self.about[key], faces, file)
                yield faces, file

    def describe(self) -> Iterator[str]:
        """What the calibration found, in sentences."""
        said = self.about
        yield (
            f'{said["validation_faces"]} faces of '
            f'{said["validation_subjects"]} subjects that were not trained '
            f'on; error SD from the heat-map: {said["spread"]}.'
        )
        for key, name in (
            ('left_out', 'left out of the fit'),
            ('test', 'test'),
        ):
            if key not in said:
                continue
            for of, shares in said[key]['coverage'].items():
                text = ', '.join(
                    f'{s["expected"]:.0%}: {s["observed"]:.1%} '
                    f'[{s["low"]:.1%}, {s["high"]:.1%}]'
                    for s in shares
                )
                yield (
                    f'Truth inside of its interval, {of}, faces {name}: {text}'
                )
        for name, rates in said['flagged'].items():
            text = ', '.join(
                f'{site} {r["flagged"]} of {r["faces"]}'
                for site, r in rates.items()
            )
            yield f'Flagged as unlike the training faces, {name}: {text}'


def _of(one: ModelFacts) -> str:
    size = 'x'.join(map(str, one.input_size))
    return f'weights {one.fingerprint[:8]}, input {size}'
