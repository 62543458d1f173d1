"""From arguments to the table of measures."""

import argparse
import json
import os
import sys

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

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional.measurement_catalogue import (
    measurements_of_set,
)
from mmpose_ctd.evaluation.functional.measurements import measurement_units
from mmpose_ctd.trained_people import compare_people
from mmpose_ctd.version import __version__

from .calibrating import training_framing
from .calibration import Calibration, read_calibration
from .columns import Columns
from .face_rows import FaceRows
from .labelled_faces import load_faces
from .landmark_model import LandmarkModel
from .locating import Framing
from .measuring_run import FolderMeasurer
from .norms import Norms
from .photograph_folder import list_photographs
from .photograph_table import PhotographTable
from .resuming import check_resumed, file_digest, subject_digests
from .row_file import RowFile, write_json

__all__ = ['measure_folder']

#: Training faces that show how all are framed.
_MOST = 200
_TEXT = ('file', 'status', 'remarks', 'start')


def measure_folder(cfg: Config, args: argparse.Namespace) -> dict[str, int]:
    """Measure the photographs of a folder.

    Args:
        cfg (Config): Of the training.
        args (argparse.Namespace): Of ``mmpose_ctd measure``.

    Returns:
        dict[str, int]: How many rows were written with each status.
    """
    files, others = list_photographs(args.images, args.recursive)
    if others:
        print(f'{others} other files of {args.images} are skipped.')
    model = LandmarkModel(cfg, args.checkpoint, get_device())
    calibration, framing = None, None
    if args.calibration:
        calibration = read_calibration(args.calibration)
        calibration.check_model(model, args.calibration)
        _warn_of_people(calibration)
    else:
        framing = _learned_framing(cfg, model)
        print(
            'warning: without --calibration there are no intervals, and '
            'faces unlike the training faces are not noticed.',
            file=sys.stderr,
        )
    table = None
    if args.table:
        table = PhotographTable(args.table, args.images)
        if table.dropped:
            print(
                f'note: --table {args.table}: all names begin with '
                f'{table.dropped!r}, which is taken for IMAGES.',
                file=sys.stderr,
            )
        if table.unknown:
            print(
                f'warning: --table {args.table}: {len(table.unknown)} rows '
                f'are of no photograph, such as {table.unknown[0]!r}.',
                file=sys.stderr,
            )
    trained = _who_trained(cfg, args, model, table)
    measurements = measurements_of_set(model.metainfo)
    mm = args.mm_per_px is not None or (
        table is not None and 'mm_per_px' in table.columns
    )
    norms = None
    if args.norms:
        norms = Norms(args.norms, measurement_units(measurements, mm))
        if norms.unused:
            print(
                f'--norms {args.norms}: nothing is measured for '
                f'{", ".join(norms.unused[:5])}.'
            )
    columns = Columns(
        model.names,
        measurements,
        calibration is not None,
        mm,
        norms.measures if norms else (),
    )
    measurer = FolderMeasurer(
        model,
        FaceRows(columns, calibration, norms),
        args.images,
        calibration,
        args.framing,
        table,
        args.mm_per_px,
        args.overlays,
        args.batch_size,
        framing,
        trained,
    )
    out = _open(
        args, columns, model, calibration, subject_digests(table, files), files
    )
    try:
        counts = _run(measurer, files, out)
    except BaseException:
        out.close(complete=False)
        raise
    out.close(complete=True)
    if args.json:
        os.makedirs(os.path.dirname(args.json) or '.', exist_ok=True)
        write_json(args.out, args.json, args.delimiter, _TEXT)
    told = ', '.join(f'{number} {status}' for status, number in counts.items())
    print(f'{args.out}: {told or "nothing new"}')
    return counts


def _learned_framing(cfg: Config, model: LandmarkModel) -> Framing:
    """How the training faces are framed, without a calibration.

    Raises:
        InputError: If the training images are not there.
    """
    try:
        faces = load_faces(cfg, 'train_dataloader', model, most=_MOST)
    except InputError as error:
        raise InputError(
            where='--calibration',
            found='not given, and the training images, which would show how '
            f'faces are framed, cannot be read ({error})',
            expected='one of the two',
            cure='Make a calibration where the training images are: python '
            'mmpose_ctd calibrate CONFIG CHECKPOINT --out FILE.json',
        ) from error
    return training_framing(faces, model)


def _warn_of_people(calibration: Calibration) -> None:
    """Say where it is not known that its people did not train."""
    people = calibration.statement.get('people')
    if people == 'compared':
        return
    print(
        'warning: the people of the calibration were not compared with those '
        'who trained the model: '
        + (
            str(people)
            if people
            else 'it was made by a version that did not. If in doubt, make '
            'it again.'
        ),
        file=sys.stderr,
    )


def _who_trained(
    cfg: Config,
    args: argparse.Namespace,
    model: LandmarkModel,
    table: PhotographTable | None,
) -> set[str]:
    """Photographs of people who trained the model, as far as it is known."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    if table is None or not table.people or not dataset.get('ann_file'):
        return set()
    found = compare_people(
        model.trained,
        os.path.join(dataset.get('data_root') or '', dataset['ann_file']),
        {*table.people.values()},
    )
    files = {f for f, one in table.people.items() if one in found.trained}
    if files:
        print(
            f'warning: --table {args.table}: {len(files)} photographs are of '
            'people who trained the model. Its errors on them are smaller '
            'than on others.',
            file=sys.stderr,
        )
    if found.note:
        print(f'note: --table {args.table}: {found.note}', file=sys.stderr)
    return files


def _open(
    args: argparse.Namespace,
    columns: Columns,
    model: LandmarkModel,
    calibration: Calibration | None,
    table: dict[str, str],
    files: list[str],
) -> RowFile:
    """The table, and beside it what made it and what its columns mean."""
    os.makedirs(os.path.dirname(args.out) or '.', exist_ok=True)
    stem = args.out[: -len('.csv')]
    about = f'{stem}.about.json'
    run = dict(
        program=f'mmpose_ctd {__version__}',
        weights=model.fingerprint,
        calibrated=calibration is not None,
        calibration=calibration.statement if calibration else None,
        calibration_sha256=file_digest(args.calibration),
        norms_sha256=file_digest(args.norms),
        framing=args.framing,
        mm_per_px=args.mm_per_px,
        delimiter=args.delimiter,
    )
    if args.overwrite:
        for path in (args.out, f'{args.out}.part', about):
            if os.path.exists(path):
                os.remove(path)
    if args.resume:
        table = check_resumed(args, about, run, table, files)
    titles = columns.meanings()
    out = RowFile(
        args.out, list(titles), args.excel, args.delimiter, args.resume
    )
    part = f'{about}.part'
    with open(part, 'w', encoding='utf-8') as file:
        content = dict(run=run, columns=titles, table=table)
        json.dump(content, file, indent=1)
    os.replace(part, about)
    return out


def _run(
    measurer: FolderMeasurer, files: list[str], out: RowFile
) -> dict[str, int]:
    console = Console()
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, disable=not console.is_terminal
    ) as progress:
        done = len(files) - sum(1 for f in files if f not in out.done)
        task = progress.add_task(
            'Photographs', total=len(files), completed=done
        )
        told = 10 * done // len(files)

        def advance(count: int) -> None:
            nonlocal done, told
            done += count
            progress.update(task, completed=done)
            tenth = 10 * done // len(files)
            # In a log, a line every tenth.
            if not console.is_terminal and tenth > told:
                told = tenth
                print(f'Photographs {done}/{len(files)}', flush=True)

        return measurer.run(files, out, advance)
