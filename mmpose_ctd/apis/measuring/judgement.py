"""Says in words what makes a face unlike the training faces."""

from typing import NamedTuple

import numpy as np

from .calibration import Calibration

__all__ = ['REASONS', 'Judgement', 'judge_faces']

#: What is held against its limit -> what a flag says of it.
REASONS = {
    'appearance': 'looks unlike the training faces',
    'shape': 'landmarks form no usual face',
    'roll': 'head is turned in the plane',
    'unsteadiness': 'landmarks move when framed anew',
}


class Judgement(NamedTuple):
    """Of one face.

    Attributes:
        values (dict[str, float]): What is compared; ``roll`` in degrees, the
            others divided by their limits, so that above 1 is unusual.
        reasons (list[str]): What is unusual, in words; empty if nothing is.
    """

    values: dict
    reasons: list


def judge_faces(calibration: Calibration, found) -> list[Judgement]:
    """Hold N faces against the limits of the training faces.

    Args:
        calibration (Calibration): Of the model.
        found: With ``features`` (N, C), ``points`` (N, K, 2) and ``moves``
            (N,), as a :class:`.LocatedFaces`.
    """
    limits = calibration.limits
    rolls = calibration.shape.rolls(found.points)
    values = dict(
        appearance=calibration.appearance.distances(found.features)
        / limits['appearance'],
        shape=calibration.shape.distances(found.points) / limits['shape'],
        roll=np.abs(rolls) / limits['roll'],
        unsteadiness=found.moves / limits['unsteadiness'],
    )
    judgements = []
    for i in range(len(found.points)):
        own = {name: float(v[i]) for name, v in values.items()}
        reasons = [REASONS[name] for name, v in own.items() if not v <= 1]
        judgements.append(Judgement(own | {'roll': float(rolls[i])}, reasons))
    return judgements
