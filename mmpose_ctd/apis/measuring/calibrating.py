"""Calibrates a model: how large its errors are, and which faces it knows.

N: faces, K: landmarks, M: measures.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from mmengine.config import Config
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from mmpose_ctd.datasets.splits.schemes import CALIBRATING
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional.measurements import (
    Measurement,
    measure,
    measurements_of_set,
)
from mmpose_ctd.trained_people import (
    compare_tested,
    refuse_calibrating,
)

from .calibration import Calibration, Familiarity, Limits, ModelFacts
from .error_model import (
    LEVELS,
    SPREADS,
    ErrorModel,
    fit_error_model,
    folds,
    log_score,
    measure_deviations,
)
from .familiarity import fit_appearance, fit_shape, left_out_distances
from .framing import Framing
from .labelled_faces import (
    LabelledFaces,
    LocatedFaces,
    build_labelled,
    load_faces,
    locate_faces,
    refuse_tested,
    training_framing,
    validation_subjects,
)
from .landmark_model import LandmarkModel
from .reliability import reliability

_FOLDS = 10
# Share of the training faces that would be flagged, for each reason.
_UNUSUAL = 0.01
# Degrees; training turns faces by up to 15, and heads are rarely straight.
_LARGEST_ROLL = 25.0


def calibrate(
    config: str | Config,
    checkpoint: str,
    *,
    split: str | None = None,
    test: bool = False,
    device: str | None = None,
) -> Calibration:
    """Learn a model's errors from labelled faces that did not train it.

    Args:
        config (str or Config): Of the training.
        checkpoint (str): A ``.pth`` of it.
        split (str, optional): File of the subjects to calibrate with, see
            :func:`.validation_subjects`.
        test (bool): Whether to judge the calibration on the faces of
            ``test_dataloader``. Defaults to False.
        device (str, optional): Defaults to the GPU if there is one.

    Returns:
        Calibration: :func:`.write_calibration` stores it, ``describe()``
        says what was found, ``plot(path)`` draws it.

    Raises:
        InputError: If somebody who trained the checkpoint is to calibrate or
            to judge, the config's training subjects did not train it,
            somebody calibrates and judges, there are fewer than ten
            subjects, or faces cannot be used.

    Examples:
        >>> found = calibrate('configs/myset.py', 'model.pth')
        ... # doctest: +SKIP
        >>> write_calibration(found, 'calibration.json')  # doctest: +SKIP
    """
    model = LandmarkModel(config, checkpoint, device)
    cfg = model.cfg
    subjects = validation_subjects(cfg, split)
    notes = [
        refuse_calibrating(
            checkpoint,
            model.trained,
            cfg,
            build_labelled(cfg, 'train_dataloader'),
            subjects,
        )
    ]
    if test:
        refuse_tested(cfg, subjects)
        tested = build_labelled(cfg, 'test_dataloader')
        notes += compare_tested(checkpoint, model.trained, cfg, tested)
    notes = [*dict.fromkeys(filter(None, notes))]
    for note in notes:
        print(f'warning: {note}', file=sys.stderr)
    validation = load_faces(
        cfg, 'train_dataloader', model, subjects, everyone=True
    )
    _refuse_few(validation)
    groups = dict(
        training=load_faces(cfg, 'train_dataloader', model),
        validation=validation,
    )
    if test:
        groups['test'] = load_faces(cfg, 'test_dataloader', model)
    framing = training_framing(groups['training'], model)
    with progress_bar() as progress:
        found = {
            name: locate_faces(model, faces, framing, progress, name)
            for name, faces in groups.items()
        }
    measurements = measurements_of_set(model.metainfo)
    calibration = _fit_calibration(
        model, framing, found['training'], found['validation'], measurements
    )
    said = calibration.about
    # Whether its people are known to differ from those who trained.
    said['people'] = ' '.join(notes) or 'compared'
    said['flagged'] = {
        name: _flag_rates(calibration, found[name])
        for name in ('validation', 'test')
        if name in found
    }
    if test:
        everyone = np.ones(len(groups['test']), bool)
        said['test'] = _reliability(
            model,
            found['test'],
            measurements,
            [(everyone, calibration.landmark_errors)],
            calibration.measure_errors,
        )
    return calibration


def progress_bar(console: Console | None = None, **options) -> Progress:
    """A bar with counts and the time that is left."""
    return Progress(
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        **options,
    )


def _fit_calibration(
    model: LandmarkModel,
    framing: Framing,
    training: LocatedFaces,
    validation: LocatedFaces,
    measurements: Sequence[Measurement],
) -> Calibration:
    """Fit to the training faces what is usual, to the others the errors."""
    scores = {
        spread: _left_out_score(validation, spread)
        for spread in ('none', *SPREADS)
    }
    spread = min(scores, key=scores.get)
    left_out = _reliability(
        model, validation, measurements, _left_out(validation, spread)
    )
    errors = fit_error_model(
        validation.errors, validation.spreads, spread, model.names
    )
    ratios = _measure_ratios(
        model, validation, measurements, errors.deviations(validation.spreads)
    )
    return Calibration(
        about=dict(
            training_faces=len(training.faces),
            validation_faces=len(validation.faces),
            validation_subjects=len(np.unique(validation.faces.subjects)),
            spread=spread,
            log_scores={k: round(v, 4) for k, v in scores.items()},
            left_out=left_out,
        ),
        model=ModelFacts(model.fingerprint, model.names, model.input_size),
        framing=framing,
        landmark_errors=errors,
        measure_errors=_fit_measures(ratios, [m.name for m in measurements]),
        familiarity=Familiarity(
            _limits(training, validation),
            fit_shape(training.points).mean,
            fit_appearance(training.features),
        ),
    )


def _refuse_few(faces: LabelledFaces) -> None:
    people = len(np.unique(faces.subjects))
    if people < CALIBRATING:
        raise InputError(
            where='mmpose_ctd calibrate',
            found=f'{people} labelled subjects who neither train nor test',
            expected=f'at least {CALIBRATING}; a 95 % interval from fewer '
            'would be a guess',
            cure='Label more faces that do not train. mmpose_ctd measure '
            'works without a calibration, but gives no intervals.',
        )


def _measure_ratios(
    model: LandmarkModel,
    found: LocatedFaces,
    measurements: Sequence[Measurement],
    deviations: np.ndarray,
) -> np.ndarray:
    """Errors of measures in their propagated SDs, (N, M).

    ``deviations`` are the landmarks' error SDs in input px, (N, K).
    """
    names = model.names
    ours = measure(found.points, None, names, measurements)
    theirs = measure(found.faces.points, None, names, measurements)
    sds = measure_deviations(
        found.points, deviations * found.input_px, names, measurements
    )
    ratios = np.full((len(found.faces), len(measurements)), np.nan)
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


def _fit_measures(ratios: np.ndarray, names: list[str]) -> ErrorModel:
    if not np.isfinite(ratios).any():
        none, radii = dict.fromkeys(names, 0.0), dict.fromkeys(LEVELS, 0.0)
        return ErrorModel('none', 0.0, 0.0, none, radii)
    return fit_error_model(ratios, {}, 'none', names)


def _left_out(
    found: LocatedFaces, spread: str
) -> Iterator[tuple[np.ndarray, ErrorModel]]:
    """Masks of faces that are left out, and the fit to all others."""
    fold = folds(found.faces.subjects, _FOLDS)
    for part in range(fold.max() + 1):
        out = fold == part
        others = {name: v[~out] for name, v in found.spreads.items()}
        yield out, fit_error_model(found.errors[~out], others, spread)


def _left_out_score(found: LocatedFaces, spread: str) -> float:
    """Log score of faces that the fit has not seen; smaller is better."""
    deviations = np.full(found.errors.shape, np.nan)
    for out, fit in _left_out(found, spread):
        deviations[out] = fit.deviations(found.spreads)[out]
    return log_score(found.errors, deviations)


def _reliability(
    model: LandmarkModel,
    found: LocatedFaces,
    measurements: Sequence[Measurement],
    fits: Iterable[tuple[np.ndarray, ErrorModel]],
    of_measures: ErrorModel | None = None,
) -> dict:
    """Expected against observed errors.

    ``fits`` are masks of faces with the fit that predicts them. Without
    ``of_measures`` a fit to all other faces predicts the measures.
    """
    n, names = len(found.faces), [one.name for one in measurements]
    deviations = np.full(found.errors.shape, np.nan)
    ratios = np.full((n, len(names)), np.nan)
    radii, measure_radii = np.full((2, n, len(LEVELS)), np.nan)
    for faces, fit in fits:
        sds = fit.deviations(found.spreads)
        own = _measure_ratios(model, found, measurements, sds)
        second = of_measures or _fit_measures(own[~faces], names)
        deviations[faces] = sds[faces]
        radii[faces] = [fit.radii[level] for level in LEVELS]
        ratios[faces] = own[faces] / np.exp(second.offset + second.landmarks)
        measure_radii[faces] = [second.radii[level] for level in LEVELS]
    return reliability(
        found.errors,
        deviations,
        radii,
        dict(zip(names, ratios.T)),
        measure_radii,
        found.faces.subjects,
    )


def _flag_rates(
    calibration: Calibration, found: LocatedFaces
) -> dict[str, dict]:
    """Site (and ``'all'``) -> number of faces, and how many are flagged."""
    judgements = calibration.judge(
        found.points, found.features, found.moves, found.spreads
    )
    flagged = np.array([bool(judgement.reasons) for judgement in judgements])
    sites = np.array([str(site) for site in found.faces.sites])
    rates = dict(all=_rate(flagged))
    if len(set(sites)) > 1:
        for site in sorted(set(sites)):
            rates[site] = _rate(flagged[sites == site])
    return rates


def _rate(flagged: np.ndarray) -> dict:
    return dict(faces=len(flagged), flagged=int(flagged.sum()))


def _limits(training: LocatedFaces, validation: LocatedFaces) -> Limits:
    """Largest usual values.

    A training face is compared with a fit without its subject. Heat-maps
    look more certain on faces that were trained on, so the validation faces
    count there, too.
    """
    both = [training, validation]
    subjects = training.faces.subjects
    return Limits(
        appearance=_quantile(
            left_out_distances(training.features, subjects, fit_appearance)
        ),
        shape=_quantile(
            left_out_distances(training.points, subjects, fit_shape)
        ),
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
