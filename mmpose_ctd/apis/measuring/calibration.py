"""What is known of a model's errors, and of the faces it was trained on.

Its JSON file holds numbers, means and directions of variation over all faces;
no names, no ids, no paths, nothing of a single face.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter, ValidationError
from scipy.stats import binomtest

from mmpose_ctd.errors import (
    InputError,
    MissingFileError,
    listed,
    one_line,
)
from mmpose_ctd.files import write_whole
from mmpose_ctd.visualization import plot_reliability

from .error_model import ErrorModel
from .familiarity import Appearance, MeanShape
from .framing import STRICT, Framing, Points
from .landmark_model import LandmarkModel
from .user_tables import print_warning

#: Fewer people than these say little about errors and usual faces.
_MANY = 50
_FORMAT = 'mmpose_ctd calibration'
_VERSION = 1
_DIGEST = 'sha256'
_MAKE = 'mmpose_ctd calibrate CONFIG CHECKPOINT --out FILE.json'
_AGAIN = f'Copy it again, or make it again: {_MAKE}'

#: What is compared with its limit -> what a flag says.
REASONS = {
    'appearance': 'image differs from the training photographs',
    'shape': 'landmark arrangement differs from the training faces',
    'roll': 'head is turned in the plane',
    'unsteadiness': 'landmarks move when the face is cropped again',
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
class ModelFacts:
    """Weights, K landmarks, and width and height of the network input."""

    fingerprint: str
    landmarks: list[str]
    input_size: tuple[int, int]


@dataclass
class Limits:
    """Largest usual value of each part of a :class:`Judgement`."""

    appearance: float
    shape: float
    roll: float
    unsteadiness: float
    faintness: float


@dataclass
class Familiarity:
    """How the training faces look, and how far others may be from that."""

    limits: Limits
    mean_shape: Points
    appearance: Appearance


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
    landmark_errors: ErrorModel
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
            reasons = [REASONS[name] for name, v in own.items() if not v <= 1]
            hidden = [self.names[k] for k in np.flatnonzero(faint[i] > 1)]
            if hidden:
                reasons.append(f'hardly seen: {listed(hidden)}')
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
                cure=f'Calibrate this model: {_MAKE}',
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
        spread = f'error SD from the heat-map: {said["spread"]}'
        if said['spread'] == 'none':
            spread = (
                'heat-maps do not predict the error: each landmark has one SD'
            )
        yield (
            f'{said["validation_faces"]} faces of '
            f'{said["validation_subjects"]} subjects that were not trained '
            f'on; {spread}.'
        )
        parts = dict(left_out='left out of the fit', test='test')
        for key, name in parts.items():
            coverage = said[key]['coverage'] if key in said else {}
            for of, shares in coverage.items():
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
        for doubt in self.doubts():
            yield f'WARNING: {doubt}'

    def doubts(self) -> Iterator[str]:
        """Why the calibration may promise too much or flag too often."""
        people = self.about.get('validation_subjects')
        if people is not None and people < _MANY:
            yield (
                f'{people} people calibrate, which are few: the intervals '
                f'are rough with fewer than {_MANY}.'
            )
        rates = self.about.get('flagged', {}).get('validation', {}).get('all')
        trained = self.about.get('training_faces', _MANY)
        if not rates or (trained >= _MANY and people >= _MANY):
            return
        found = binomtest(rates['flagged'], rates['faces'])
        low, high = found.proportion_ci()
        yield (
            f'what is usual is known from {trained} training faces, which '
            f'are few: {rates["flagged"]} of {rates["faces"]} ordinary faces '
            f'were flagged; expect {low:.0%} to {high:.0%} of new ones with '
            'the status check.'
        )


def _of(one: ModelFacts) -> str:
    size = 'x'.join(map(str, one.input_size))
    return f'weights {one.fingerprint[:8]}, input {size}'


# ------------------------------------------------------------------ the file

_CONTENT = TypeAdapter(Calibration)


def read_calibration(path: str) -> Calibration:
    """Read a file of :func:`write_calibration`, and check it.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is not a calibration, or is damaged; names the key.
    """
    if not os.path.isfile(path):
        raise MissingFileError(
            where=path,
            found='no such file',
            expected='a calibration',
            cure=f'Make one: {_MAKE}',
        )
    try:
        text = Path(path).read_text(encoding='utf-8')
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get('format') != _FORMAT:
        raise InputError(
            where=path,
            found='not a calibration, or a damaged one',
            expected='a file that mmpose_ctd calibrate wrote',
            cure=_AGAIN,
        )
    if content.get('version') != _VERSION:
        raise InputError(
            where=path,
            found=f'a calibration of version {content.get("version")!r:.20}',
            expected=f'version {_VERSION}, which this program reads',
            cure=_AGAIN,
        )
    # Files of the first version have no digest.
    if content.get(_DIGEST) not in (None, _digest(content)):
        raise InputError(
            where=path,
            found='a damaged calibration: its content was changed after it '
            'was written',
            cure=_AGAIN,
        )
    try:
        return _CONTENT.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = '.'.join(map(str, first['loc']))
        raise InputError(
            where=f'{path}: {key:.80}',
            found='a damaged calibration: '
            f'{one_line(ValueError(first["msg"])):.120}',
            cure=_AGAIN,
        ) from error


def checked_calibration(
    given: Calibration | str | None, model: LandmarkModel
) -> Calibration | None:
    """Read the calibration; warn of what is not known."""
    if given is None:
        print_warning(
            'without --calibration there are no intervals, and faces unlike '
            'the training faces are not noticed.'
        )
        return None
    path = 'the calibration'
    if isinstance(given, str):
        path, given = given, read_calibration(given)
    given.refuse_other_model(model, path)
    for doubt in given.doubts():
        print_warning(f'{path}: {doubt}')
    people = given.about.get('people')
    if people != 'compared':
        print_warning(
            'the people of the calibration were not compared with those who '
            'trained the model: '
            + (
                people
                or 'it was made by a version that did not. If in doubt, make '
                'it again.'
            )
        )
    return given


def write_calibration(calibration: Calibration, path: str) -> None:
    """Write a calibration file, whole or not at all."""
    content = dict(format=_FORMAT, version=_VERSION)
    # With null for NaN, which JSON lacks.
    content |= json.loads(_CONTENT.dump_json(calibration))
    content[_DIGEST] = _digest(content)
    write_whole(path, json.dumps(content, indent=1, allow_nan=False).encode())


def _digest(content: dict) -> str:
    """SHA-256 of a calibration's content without the digest itself."""
    rest = {key: value for key, value in content.items() if key != _DIGEST}
    try:
        text = json.dumps(rest, sort_keys=True)
    except (ValueError, RecursionError):
        return ''
    return hashlib.sha256(text.encode()).hexdigest()
