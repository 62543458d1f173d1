"""All numbers of the tables as rows of a CSV file."""

import csv
import io
from collections.abc import Sequence

import numpy as np

from mmpose_ctd.table_cells import safe_row

from .cell import Cell, spread
from .grouping import Arm
from .pairing import Pair, corrected
from .variant_section import baseline_of, itself_of

__all__ = ['numbers_csv']


def numbers_csv(arms: Sequence[Arm], baseline: str, threshold: float) -> str:
    """One row a study, system, variant and budget.

    Differences are to ``reference``: the baseline, and for variants the same
    system without the variation, else the baseline. Empty fields are not
    known.

    Args:
        arms (Sequence[Arm]): All studies.
        baseline (str): The system that others are compared with.
        threshold (float): tau of AUC and FR.

    Returns:
        str: Text of the file.
    """
    rows = []
    for arm in arms:
        alike = [
            a for a in arms if a is not arm and a.test_set == arm.test_set
        ]
        for budget in arm.budgets:
            cells = [c for c in arm.cells.values() if c.budget == budget]
            plain = [c for c in cells if not c.variant]
            varied = [c for c in cells if c.variant]
            base = arm.get(baseline, budget)
            families = [
                [(cell, base) for cell in plain],
                [(c, _reference(c, arm, baseline, alike)) for c in varied],
            ]
            for family in families:
                pairs = [Pair.of(*both) for both in family]
                for both, pair, p in zip(family, pairs, corrected(pairs)):
                    rows.append(_row(arm, both[0], pair, p, threshold))
    if not rows:
        return ''
    file = io.StringIO()
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow(rows[0])
    writer.writerows(safe_row(row.values()) for row in rows)
    return file.getvalue()


def _reference(cell, arm, baseline, elsewhere) -> Cell | None:
    found, _ = itself_of(cell, arm, elsewhere)
    return found or baseline_of(cell, arm, baseline, elsewhere)[0]


def _row(
    arm: Arm, cell: Cell, pair: Pair | None, p_holm: float, threshold: float
) -> dict:
    low, high = cell.interval
    limits = sorted({2.0, 3.0, float(threshold)})
    areas = cell.areas(threshold)
    row = {
        'study': arm.study,
        'held_out': arm.held_out,
        'test_set': arm.test_set,
        'system': cell.system,
        'variant': cell.variant,
        'budget': cell.budget,
        'seeds': ' '.join(map(str, cell.seeds)),
        'images': len(cell.subjects),
        'subjects': cell.num_subjects,
        'me': cell.mean_error,
        'me_sd': cell.deviation,
        'me_low': low,
        'me_high': high,
        f'auc_{threshold:g}': float(areas.mean()),
        f'auc_{threshold:g}_sd': spread(areas),
        **{f'fr_{t:g}': float(cell.failure_rates(t).mean()) for t in limits},
        'training_seconds': float(cell.seconds.mean()),
        'steps': ' '.join(map(str, sorted({run.steps for run in cell.runs}))),
    }
    row.update(dict.fromkeys(_COMPARED, float('nan')))
    row.update(reference='', shared_seeds='')
    if pair:
        random = pair.random_seeds
        row.update(
            zip(
                _COMPARED,
                (
                    pair.difference,
                    pair.relative,
                    *pair.interval,
                    *pair.crossed,
                    pair.p_value,
                    p_holm,
                    pair.p_t,
                    pair.p_wilcoxon,
                    pair.effect_size,
                    random.low,
                    random.high,
                    random.p_value,
                ),
            )
        )
        row['reference'] = pair.base.name
        row['shared_seeds'] = ' '.join(map(str, pair.seeds))
    return {key: _field(value) for key, value in row.items()}


_COMPARED = (
    'difference',
    'difference_relative',
    'difference_low_faces',
    'difference_high_faces',
    'difference_low_faces_seeds',
    'difference_high_faces_seeds',
    'p_sign_flip',
    'p_sign_flip_holm',
    'p_t',
    'p_wilcoxon',
    'd_z',
    'difference_low_faces_seeds_t',
    'difference_high_faces_seeds_t',
    'p_faces_seeds_t',
)


def _field(value) -> str:
    if isinstance(value, float):
        return f'{value:.6g}' if np.isfinite(value) else ''
    return str(value)
