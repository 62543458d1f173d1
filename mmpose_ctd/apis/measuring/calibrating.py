"""Calibrates a model: how large its errors are, and which faces it knows.

N: faces, K: landmarks, M: measures.
"""

import os
from collections.abc import Iterable, Iterator, Set

import numpy as np
from mmengine.config import Config

from mmpose_ctd.datasets.cross_fit import subject_folds
from mmpose_ctd.datasets.landmark_file import subject_of
from mmpose_ctd.datasets.splits.schemes import CALIBRATING
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import measure
from mmpose_ctd.people_overlap import split_people, unlabelled_people
from mmpose_ctd.trained_people import compare_tested, refuse_calibrating

from .calibration import Calibration, Familiarity, Limits, ModelFacts
from .error_model import (
    LEVELS,
    SPREADS,
    ErrorModel,
    fit_error_model,
    log_score,
    measure_deviations,
    reliability,
)
from .familiarity import fit_appearance, fit_shape, left_out_distances
from .framing import Framing
from .labelled_faces import (
    LocatedFaces,
    build_labelled,
    load_faces,
    locate_faces,
    training_framing,
    whole_years,
)
from .landmark_model import LandmarkModel
from .user_tables import print_warning

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
        split (str, optional): File of the subjects to calibrate with,
            relative to the data root or the current folder; default: all in
            neither the training nor the test split, without those who train
            unlabelled.
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
    subjects = _validation_subjects(cfg, split)
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
        _refuse_tested(cfg, subjects)
        tested = build_labelled(cfg, 'test_dataloader')
        notes += compare_tested(checkpoint, model.trained, cfg, tested)
    notes = [*dict.fromkeys(filter(None, notes))]
    for note in notes:
        print_warning(note)
    validation = load_faces(
        cfg, 'train_dataloader', model, subjects, everyone=True
    )
    people = len(np.unique(validation.subjects))
    if people < CALIBRATING:
        raise InputError(
            where='mmpose_ctd calibrate',
            found=f'{people} labelled subjects who neither train nor test',
            expected=f'at least {CALIBRATING}; a 95 % interval from fewer '
            'would be a guess',
            cure='Label more faces that do not train. mmpose_ctd measure '
            'works without a calibration, but gives no intervals.',
        )
    groups = dict(
        training=load_faces(cfg, 'train_dataloader', model),
        validation=validation,
    )
    if test:
        groups['test'] = load_faces(cfg, 'test_dataloader', model)
    framing = training_framing(groups['training'], model)
    found = {
        name: locate_faces(model, faces, framing, name)
        for name, faces in groups.items()
    }
    calibration = _fit_calibration(
        model, framing, found['training'], found['validation']
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
            [(everyone, calibration.landmark_errors)],
            calibration.measure_errors,
        )
    return calibration


def _fit_calibration(
    model: LandmarkModel,
    framing: Framing,
    training: LocatedFaces,
    validation: LocatedFaces,
) -> Calibration:
    """Fit to the training faces what is usual, to the others the errors."""
    scores = {
        spread: _left_out_score(validation, spread)
        for spread in ('none', *SPREADS)
    }
    spread = min(scores, key=scores.get)
    left_out = _reliability(model, validation, _left_out(validation, spread))
    errors = fit_error_model(
        validation.errors, validation.spreads, spread, model.names
    )
    ratios = _measure_ratios(
        model, validation, errors.deviations(validation.spreads)
    )
    return Calibration(
        about=dict(
            training_faces=len(training.faces),
            training_ages=whole_years(training.faces.ages),
            validation_faces=len(validation.faces),
            validation_subjects=len(np.unique(validation.faces.subjects)),
            spread=spread,
            log_scores={k: round(v, 4) for k, v in scores.items()},
            left_out=left_out,
        ),
        model=ModelFacts(model.fingerprint, model.names, model.input_size),
        framing=framing,
        landmark_errors=errors,
        measure_errors=_fit_measures(model, ratios),
        familiarity=Familiarity(
            _limits(training, validation),
            fit_shape(training.points).mean,
            fit_appearance(training.features),
        ),
    )


def _measure_ratios(
    model: LandmarkModel, found: LocatedFaces, deviations: np.ndarray
) -> np.ndarray:
    """Errors of measures in their propagated SDs, (N, M).

    ``deviations`` are the landmarks' error SDs in input px, (N, K).
    """
    names, measurements = model.names, model.measurements
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


def _fit_measures(model: LandmarkModel, ratios: np.ndarray) -> ErrorModel:
    names = [one.name for one in model.measurements]
    if not np.isfinite(ratios).any():
        none, radii = dict.fromkeys(names, 0.0), dict.fromkeys(LEVELS, 0.0)
        return ErrorModel('none', 0.0, 0.0, none, radii)
    return fit_error_model(ratios, {}, 'none', names)


def _left_out(
    found: LocatedFaces, spread: str
) -> Iterator[tuple[np.ndarray, ErrorModel]]:
    """Masks of faces that are left out, and the fit to all others."""
    fold = subject_folds(found.faces.subjects)
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
    fits: Iterable[tuple[np.ndarray, ErrorModel]],
    of_measures: ErrorModel | None = None,
) -> dict:
    """Expected against observed errors.

    ``fits`` are masks of faces with the fit that predicts them. Without
    ``of_measures`` a fit to all other faces predicts the measures.
    """
    n = len(found.faces)
    deviations = np.full(found.errors.shape, np.nan)
    ratios = np.full((n, len(model.measurements)), np.nan)
    radii, measure_radii = np.full((2, n, len(LEVELS)), np.nan)
    for faces, fit in fits:
        sds = fit.deviations(found.spreads)
        own = _measure_ratios(model, found, sds)
        second = of_measures or _fit_measures(model, own[~faces])
        deviations[faces] = sds[faces]
        radii[faces] = [fit.radii[level] for level in LEVELS]
        ratios[faces] = own[faces] / np.exp(second.offset + second.landmarks)
        measure_radii[faces] = [second.radii[level] for level in LEVELS]
    return reliability(
        found.errors,
        deviations,
        radii,
        ratios,
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
    groups = dict(all=np.ones(len(flagged), bool))
    if len({*sites}) > 1:
        groups |= {site: sites == site for site in sorted({*sites})}
    return {
        name: dict(faces=int(own.sum()), flagged=int(flagged[own].sum()))
        for name, own in groups.items()
    }


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


# ----------------------------------------------------------- who calibrates


def _validation_subjects(cfg: Config, split: str | None) -> Set[str]:
    """Ids of the subjects who calibrate; refuses those who train."""
    dataset = cfg.train_dataloader.dataset
    train = split_people(cfg, 'train_dataloader')
    if split is not None:
        inside = os.path.join(dataset.get('data_root') or '', split)
        path = inside if os.path.isfile(inside) else split
        chosen = split_people(cfg, 'train_dataloader', path)
        both = chosen & (train or set())
        if both or train is None:
            raise InputError(
                where=f'--split {split}',
                found=f'{len(both)} of its {len(chosen)} subjects are in the '
                'training split'
                if both
                else 'train_dataloader.dataset.split is not set, so '
                'everybody trains',
                cure='Errors on faces that the model was trained on are too '
                'small: calibrate with others.',
            )
        return chosen
    taken = [train, split_people(cfg, 'test_dataloader')]
    everyone = build_labelled(cfg, 'train_dataloader', everyone=True)
    people = {
        subject_of(everyone.get_data_info(i)) for i in range(len(everyone))
    }
    rest = people.difference(*filter(None, taken), {None})
    rest -= unlabelled_people(cfg)
    if train is None or not rest:
        raise InputError(
            where='mmpose_ctd calibrate',
            found='every labelled subject is in the training or the test '
            'split, or trains without labels',
            expected='subjects who neither train nor test',
            cure='Keep some subjects out of the training and name them: '
            '--split FILE, with one id a line. '
            'train_dataloader.dataset.unlabelled.split names those who may '
            'train without labels, unlabelled.exclude those who may not.',
        )
    return rest


def _refuse_tested(cfg: Config, subjects: Set[str]) -> None:
    """Raise InputError if some of the calibrating subjects are tested."""
    test = split_people(cfg, 'test_dataloader')
    both = subjects if test is None else subjects & test
    if both:
        raise InputError(
            where='--test',
            found=f'{len(both)} of the {len(subjects)} subjects who '
            'calibrate are in the test split (test_dataloader.dataset.split'
            + (' is not set: everybody tests)' if test is None else ')'),
            cure='A calibration judged on its own faces looks better than it '
            'is. Name others with --split, or omit --test.',
        )
