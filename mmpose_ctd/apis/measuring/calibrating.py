"""Makes a calibration from a model's training and validation faces.

N: faces, K: landmarks, M: measures.
"""

from collections.abc import Sequence

import numpy as np

from mmpose_ctd.datasets.splits.schemes import CALIBRATING
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional.measurements import (
    Measurement,
    measure,
)

from .calibration import Calibration
from .error_model import (
    LEVELS,
    ErrorModel,
    fit_error_model,
    folds,
    log_score,
)
from .familiarity import fit_appearance, fit_shape, left_out_distances
from .framing import landmark_template
from .heatmap_spread import SPREADS
from .labelled_faces import LabelledFaces, LocatedFaces, learn_face_box
from .landmark_model import LandmarkModel
from .locating import Framing
from .measure_errors import measure_deviations
from .reliability import Reliability

__all__ = [
    'calibrate',
    'cross_validate',
    'judge',
    'refuse_few',
    'training_framing',
]

_FOLDS = 10
# Share of the training faces that would be flagged, for each reason.
_UNUSUAL = 0.01
# Degrees; training turns faces by up to 15, and heads are rarely straight.
_LARGEST_ROLL = 25.0


def training_framing(faces: LabelledFaces, model: LandmarkModel) -> Framing:
    """How the training images are framed, and how fine they are.

    Args:
        faces (LabelledFaces): Of the training.
        model (LandmarkModel): Trained on them.
    """
    units = faces.units
    template = landmark_template(units, np.isfinite(units).all(axis=-1))
    width = float(np.median([frame.width for frame in faces.frames]))
    least = model.pipeline.input_size[0]
    width = max(least, round(width))
    return Framing(
        template,
        (width, round(width * model.aspect)),
        learn_face_box(faces, template, model.aspect),
    )


def calibrate(
    model: LandmarkModel,
    framing: Framing,
    training: tuple[LabelledFaces, LocatedFaces],
    validation: tuple[LabelledFaces, LocatedFaces],
    measurements: Sequence[Measurement],
) -> tuple[Calibration, Reliability]:
    """Fit everything, and say by cross-validation what it is worth.

    Args:
        model (LandmarkModel): Trained.
        framing (Framing): Of its training faces.
        training (tuple): The faces that it was trained on, and what it finds
            there: what is usual.
        validation (tuple): Faces that it was not trained on: its errors.
        measurements (Sequence[Measurement]): M measures.

    Returns:
        tuple[Calibration, Reliability]: The second from faces that the fit
        left out, subject by subject.

    Raises:
        InputError: If there are too few subjects.
    """
    faces, found = validation
    people = refuse_few(faces)
    errors = input_errors(faces, found, model.pipeline.input_size[0])
    scores = {
        spread: _left_out_score(errors, found, faces.subjects, spread)
        for spread in ('none', *SPREADS)
    }
    spread = min(scores, key=scores.get)
    reliability = cross_validate(
        model, faces, found, measurements, errors, spread
    )
    landmarks = fit_error_model(errors, found.spreads, spread)
    ratios = measure_ratios(
        model, faces, found, measurements, landmarks.deviations(found.spreads)
    )
    _, seen = training
    subjects = training[0].subjects
    limits = _limits(seen, subjects, found)
    calibration = Calibration(
        fingerprint=model.fingerprint,
        names=model.names,
        input_size=model.pipeline.input_size,
        framing=framing,
        errors=landmarks,
        measures=[one.name for one in measurements],
        measure_errors=_fit_measures(ratios),
        appearance=fit_appearance(seen.features),
        shape=fit_shape(seen.points),
        limits=limits,
    )
    calibration.statement = dict(
        training_faces=len(training[0]),
        validation_faces=len(faces),
        validation_subjects=people,
        spread=spread,
        log_scores={k: round(v, 4) for k, v in scores.items()},
        left_out=reliability.summary(),
    )
    return calibration, reliability


def refuse_few(faces: LabelledFaces) -> int:
    """Refuse too few people to calibrate with.

    Args:
        faces (LabelledFaces): Of people who did not train.

    Returns:
        int: How many people they are.

    Raises:
        InputError: If they are fewer than ten.
    """
    people = len(np.unique(faces.subjects))
    if people < CALIBRATING:
        raise InputError(
            where='mmpose_ctd calibrate',
            found=f'{people} labelled subjects who neither train nor test',
            expected=f'at least {CALIBRATING}, as a 95 % interval from '
            'fewer would be a guess',
            cure='Label more faces that do not train. Without a calibration '
            'mmpose_ctd measure measures, too, but gives no intervals.',
        )
    return people


def input_errors(
    faces: LabelledFaces, found: LocatedFaces, width: int
) -> np.ndarray:
    """Distances from the truth in pixels of the network input, (N, K)."""
    distances = np.linalg.norm(found.points - faces.points, axis=-1)
    return distances * width / found.scales[:, None]


def measure_ratios(
    model: LandmarkModel,
    faces: LabelledFaces,
    found: LocatedFaces,
    measurements: Sequence[Measurement],
    deviations: np.ndarray,
) -> np.ndarray:
    """Errors of measures divided by their propagated SDs, (N, M).

    Args:
        deviations (np.ndarray): Landmarks' error SDs, input px, (N, K).
    """
    scale = found.scales[:, None] / model.pipeline.input_size[0]
    names = model.names
    ours = measure(found.points, None, names, measurements)
    theirs = measure(faces.points, None, names, measurements)
    sds = measure_deviations(
        found.points, deviations * scale, names, measurements
    )
    ratios = np.full((len(faces), len(measurements)), np.nan)
    for i, one in enumerate(measurements):
        sd = sds[one.name]
        # Of landmarks on one spot, where no slope exists.
        np.divide(
            np.abs(ours[one.name] - theirs[one.name]),
            sd,
            out=ratios[:, i],
            where=sd > 0,
        )
    return ratios


def _fit_measures(ratios: np.ndarray) -> ErrorModel:
    if not np.isfinite(ratios).any():
        none = np.zeros(ratios.shape[1])
        return ErrorModel('none', 0.0, 0.0, none, dict.fromkeys(LEVELS, 0.0))
    return fit_error_model(ratios, {}, 'none')


def _left_out_score(errors, found, subjects, spread: str) -> float:
    """Log score of faces that the fit has not seen; smaller is better."""
    fold = folds(subjects, _FOLDS)
    deviations = np.full(errors.shape, np.nan)
    for part in range(fold.max() + 1):
        out = fold == part
        fit = fit_error_model(errors[~out], _of(found, ~out), spread)
        deviations[out] = fit.deviations(_of(found, out))
    return log_score(errors, deviations)


def _of(found: LocatedFaces, chosen: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[chosen] for name, values in found.spreads.items()}


def cross_validate(
    model: LandmarkModel,
    faces: LabelledFaces,
    found: LocatedFaces,
    measurements: Sequence[Measurement],
    errors: np.ndarray,
    spread: str,
) -> Reliability:
    """Expected against observed errors, each face left out of its fit."""
    fold = folds(faces.subjects, _FOLDS)
    deviations = np.full(errors.shape, np.nan)
    radii = np.full((len(faces), len(LEVELS)), np.nan)
    ratios = np.full((len(faces), len(measurements)), np.nan)
    measure_radii = radii.copy()
    for part in range(fold.max() + 1):
        out = fold == part
        fit = fit_error_model(errors[~out], _of(found, ~out), spread)
        deviations[out] = fit.deviations(_of(found, out))
        radii[out] = [fit.radii[level] for level in LEVELS]
        all_sds = fit.deviations(found.spreads)
        own = measure_ratios(model, faces, found, measurements, all_sds)
        second = _fit_measures(own[~out])
        ratios[out] = own[out] / np.exp(second.offset + second.landmarks)
        measure_radii[out] = [second.radii[level] for level in LEVELS]
    return Reliability(
        errors=errors,
        deviations=deviations,
        radii=radii,
        ratios=ratios,
        measure_radii=measure_radii,
        measures=[one.name for one in measurements],
        subjects=faces.subjects,
    )


def judge(
    calibration: Calibration,
    model: LandmarkModel,
    faces: LabelledFaces,
    found: LocatedFaces,
    measurements: Sequence[Measurement],
) -> Reliability:
    """Expected against observed errors on faces that nothing was fitted to."""
    n = len(faces)
    deviations = calibration.errors.deviations(found.spreads)
    ratios = measure_ratios(model, faces, found, measurements, deviations)
    factors = [calibration.measure_factor(one.name) for one in measurements]
    own = [calibration.errors.radii[level] for level in LEVELS]
    second = [calibration.measure_errors.radii[level] for level in LEVELS]
    return Reliability(
        errors=input_errors(faces, found, model.pipeline.input_size[0]),
        deviations=deviations,
        radii=np.tile(own, (n, 1)),
        ratios=ratios / np.array(factors),
        measure_radii=np.tile(second, (n, 1)),
        measures=[one.name for one in measurements],
        subjects=faces.subjects,
    )


def _limits(
    seen: LocatedFaces, subjects: np.ndarray, others: LocatedFaces
) -> dict[str, float]:
    """Largest usual values.

    Training faces are held to a fit without their subject. What the model
    says of itself is rosy on faces that it was trained on: there the
    validation faces count as well.
    """
    both = [seen, others]
    return dict(
        appearance=_quantile(
            left_out_distances(seen.features, subjects, fit_appearance)
        ),
        shape=_quantile(left_out_distances(seen.points, subjects, fit_shape)),
        roll=_LARGEST_ROLL,
        unsteadiness=_quantile(np.concatenate([f.moves for f in both])),
        faintness=_quantile(
            np.concatenate(
                [f.spreads['inverse_peak'].max(axis=1) for f in both]
            )
        ),
    )


def _quantile(values: np.ndarray) -> float:
    ordered = np.sort(values)
    rank = int(np.ceil((len(ordered) + 1) * (1 - _UNUSUAL)))
    # Never 0, which everything would be above.
    return max(float(ordered[min(rank, len(ordered)) - 1]), 1e-9)
