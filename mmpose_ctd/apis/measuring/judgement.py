"""Says in words what makes a face unlike the training faces."""

from typing import NamedTuple

import numpy as np

from .calibration import Calibration

__all__ = ['Judgement', 'judge_faces']

#: What is held against its limit -> what a flag says of it.
_REASONS = {
    'appearance': 'looks unlike the training faces',
    'shape': 'landmarks form no usual face',
    'roll': 'head is turned in the plane',
    'unsteadiness': 'landmarks move when framed anew',
}


class Judgement(NamedTuple):
    """Of one face.

    Attributes:
        values (dict[str, float]): ``appearance``, ``shape``,
            ``unsteadiness`` and ``faintness``, each divided by its limit, so
            that above 1 is unusual; ``roll`` in degrees.
        reasons (list[str]): What is unusual, in words; empty if nothing is.
    """

    values: dict
    reasons: list


def judge_faces(
    calibration: Calibration,
    points: np.ndarray,
    features: np.ndarray,
    moves: np.ndarray,
    spreads: dict[str, np.ndarray],
) -> list[Judgement]:
    """Hold N faces against the limits of the training faces.

    Args:
        calibration (Calibration): Of the model.
        points (np.ndarray): Landmarks, (N, K, 2).
        features (np.ndarray): Pooled encoder features, (N, C).
        moves (np.ndarray): See :func:`.locate`, (N,).
        spreads (dict[str, np.ndarray]): See :func:`.heatmap_spreads`.
    """
    limits = calibration.limits
    rolls = calibration.shape.rolls(points)
    faint = spreads['inverse_peak'] / limits['faintness']
    values = dict(
        appearance=calibration.appearance.distances(features)
        / limits['appearance'],
        shape=calibration.shape.distances(points) / limits['shape'],
        roll=np.abs(rolls) / limits['roll'],
        unsteadiness=moves / limits['unsteadiness'],
    )
    judgements = []
    for i in range(len(points)):
        own = {name: float(v[i]) for name, v in values.items()}
        reasons = [_REASONS[name] for name, v in own.items() if not v <= 1]
        hidden = [calibration.names[k] for k in np.flatnonzero(faint[i] > 1)]
        if hidden:
            more = f' and {len(hidden) - 3} more' if len(hidden) > 3 else ''
            reasons.append(f'hardly seen: {", ".join(hidden[:3])}{more}')
        own |= dict(roll=float(rolls[i]), faintness=float(faint[i].max()))
        judgements.append(Judgement(own, reasons))
    return judgements
