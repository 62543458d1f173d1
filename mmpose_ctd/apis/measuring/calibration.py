"""What is known of a model's errors, and of the faces it was trained on."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mmpose_ctd.errors import InputError
from mmpose_ctd.visualization.reliability_figure import plot_reliability

from .error_model import ErrorModel
from .familiarity import Appearance, FaceShape
from .framing import Framing
from .landmark_model import LandmarkModel

__all__ = ['Calibration', 'Judgement']

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


@dataclass
class Calibration:
    """Contents of a calibration file.

    Attributes:
        fingerprint (str): Of the model's weights.
        names (list[str]): The K landmarks.
        input_size (tuple[int, int]): Width and height of the network input.
        framing (Framing): Of the training faces.
        errors (ErrorModel): Of the landmarks.
        measures (list[str]): Names of the measures that are calibrated.
        measure_errors (ErrorModel): Of the measures, in units of the SDs
            propagated from the landmarks; spread ``'none'``.
        appearance (Appearance): Of the training faces.
        shape (FaceShape): Of the training faces.
        limits (dict[str, float]): Largest usual value of each part of a
            :class:`Judgement`.
        statement (dict): What the calibration found, for people.
    """

    fingerprint: str
    names: list
    input_size: tuple
    framing: Framing
    errors: ErrorModel
    measures: list
    measure_errors: ErrorModel
    appearance: Appearance
    shape: FaceShape
    limits: dict
    statement: dict = field(default_factory=dict)

    def measure_factor(self, name: str) -> float:
        """Factor of a measure's propagated SD."""
        model = self.measure_errors
        known = name in self.measures
        own = model.landmarks[self.measures.index(name)] if known else 0.0
        return float(np.exp(model.offset + own))

    def judge(
        self,
        points: np.ndarray,
        features: np.ndarray,
        moves: np.ndarray,
        spreads: dict[str, np.ndarray],
    ) -> list[Judgement]:
        """Compare N faces (see :class:`.LocatedFaces`) with the limits."""
        limits = self.limits
        rolls = self.shape.rolls(points)
        faint = spreads['inverse_peak'] / limits['faintness']
        values = dict(
            appearance=self.appearance.distances(features)
            / limits['appearance'],
            shape=self.shape.distances(points) / limits['shape'],
            roll=np.abs(rolls) / limits['roll'],
            unsteadiness=moves / limits['unsteadiness'],
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
        ours, theirs = (
            (one.fingerprint, one.names, tuple(one.input_size))
            for one in (self, model)
        )
        if ours != theirs:
            raise InputError(
                where=path,
                found='it belongs to another checkpoint or input size '
                f'({_of(self)})',
                expected=f'{_of(model)}',
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
            if key in self.statement:
                plot_reliability(self.statement[key], faces, file)
                yield faces, file

    def describe(self) -> Iterator[str]:
        """What the calibration found, in sentences."""
        said = self.statement
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


def _of(one: Calibration | LandmarkModel) -> str:
    size = 'x'.join(map(str, one.input_size))
    return f'weights {one.fingerprint[:8]}, input {size}'
