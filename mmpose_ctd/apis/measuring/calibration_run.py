"""What mmpose_ctd calibrate does, from config to files."""

import os
import sys
from collections.abc import Sequence

import numpy as np
from mmengine.config import Config
from mmengine.device import get_device
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from mmpose_ctd.evaluation.functional.measurement_catalogue import (
    measurements_of_set,
)
from mmpose_ctd.trained_people import (
    compare_tested,
    refuse_calibrating,
)
from mmpose_ctd.visualization.reliability_figure import plot_reliability

from .calibrating import calibrate, judge, refuse_few, training_framing
from .calibration import Calibration, write_calibration
from .judgement import judge_faces
from .labelled_faces import (
    LabelledFaces,
    LocatedFaces,
    build_labelled,
    load_faces,
    locate_faces,
    refuse_tested,
    validation_subjects,
)
from .landmark_model import LandmarkModel

__all__ = ['flag_rates', 'run_calibration']


def run_calibration(
    cfg: Config,
    checkpoint: str,
    out: str,
    split: str | None = None,
    figure: str | None = None,
    test: bool = False,
    console: Console | None = None,
) -> Calibration:
    """Calibrate, write the file and the figure, and say what came out.

    Args:
        cfg (Config): Of the training.
        checkpoint (str): A ``.pth``.
        out (str): JSON file to write.
        split (str, optional): See :func:`.validation_subjects`.
        figure (str, optional): File of the reliability figure.
        test (bool): Whether ``test_dataloader`` judges it. Defaults to False.
        console (Console, optional): Where it speaks.

    Raises:
        InputError: If somebody who trained the checkpoint is to calibrate or
            to judge, the config's training subjects did not train it,
            somebody who is to judge calibrates, or faces cannot be used.
    """
    console = console or Console()
    model = LandmarkModel(cfg, checkpoint, get_device())
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
    refuse_few(validation)
    groups = dict(
        training=load_faces(cfg, 'train_dataloader', model),
        validation=validation,
    )
    if test:
        groups['test'] = load_faces(cfg, 'test_dataloader', model)
    framing = training_framing(groups['training'], model)
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    found = {}
    with Progress(*columns, console=console) as progress:
        for name, faces in groups.items():
            task = progress.add_task(f'{name} faces', total=len(faces))
            found[name] = locate_faces(
                model,
                faces,
                framing,
                lambda count, task=task: progress.advance(task, count),
            )
    pairs = {name: (groups[name], found[name]) for name in groups}
    measurements = measurements_of_set(model.metainfo)
    calibration, left_out = calibrate(
        model, framing, pairs['training'], pairs['validation'], measurements
    )
    said = calibration.statement
    # Whether its people are known to be others than those who trained.
    said['people'] = ' '.join(notes) or 'compared'
    said['flagged'] = {
        name: flag_rates(calibration, *pairs[name])
        for name in ('validation', 'test')
        if name in pairs
    }
    reports = {'faces left out of the fit': left_out}
    if test:
        judged = judge(calibration, model, *pairs['test'], measurements)
        said['test'] = judged.summary()
        reports['test faces'] = judged
    write_calibration(calibration, out)
    console.print(f'Calibration written to {out}')
    if figure:
        for name, report in reports.items():
            path = figure
            if name == 'test faces':
                path = '{}_test{}'.format(*os.path.splitext(figure))
            plot_reliability(report.summary(), name, path)
            console.print(f'Figure of the {name} written to {path}')
    for line in _statement(said):
        console.print(line, markup=False, highlight=False)
    return calibration


def flag_rates(
    calibration: Calibration, faces: LabelledFaces, found: LocatedFaces
) -> dict[str, dict]:
    """Share of faces that would be flagged, over all and by site.

    Args:
        calibration (Calibration): With its limits.
        faces (LabelledFaces): N faces.
        found (LocatedFaces): What the model finds there.

    Returns:
        dict[str, dict]: Site (and ``'all'``) -> faces and flagged.
    """
    judgements = judge_faces(
        calibration, found.points, found.features, found.moves, found.spreads
    )
    flagged = np.array([bool(judgement.reasons) for judgement in judgements])
    sites = np.array([str(site) for site in faces.sites])
    rates = dict(all=_rate(flagged))
    if len(set(sites)) > 1:
        for site in sorted(set(sites)):
            rates[site] = _rate(flagged[sites == site])
    return rates


def _rate(flagged: np.ndarray) -> dict:
    return dict(faces=len(flagged), flagged=int(flagged.sum()))


def _statement(said: dict) -> Sequence[str]:
    yield (
        f'{said["validation_faces"]} faces of {said["validation_subjects"]} '
        f'subjects that were not trained on; error SD from the heat-map: '
        f'{said["spread"]}.'
    )
    for key, name in (('left_out', 'left out of the fit'), ('test', 'test')):
        if key not in said:
            continue
        for of, shares in said[key]['coverage'].items():
            told = ', '.join(
                f'{s["expected"]:.0%}: {s["observed"]:.1%} '
                f'[{s["low"]:.1%}, {s["high"]:.1%}]'
                for s in shares
            )
            yield f'Truth inside of its interval, {of}, faces {name}: {told}'
    for name, rates in said['flagged'].items():
        told = ', '.join(
            f'{site} {r["flagged"]} of {r["faces"]}'
            for site, r in rates.items()
        )
        yield f'Flagged as unlike the training faces, {name}: {told}'
