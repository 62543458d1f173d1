"""Mean and spread of systems over their runs with several seeds."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.evaluation.functional import bootstrap_interval

__all__ = [
    'check_alike',
    'mean_errors',
    'paired_change',
    'read_report',
    'seed_table',
]


def read_report(path: str | Path) -> dict:
    """The report in a file that ``tools/test.py --out`` wrote.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is another kind of file.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(
            f'{path}: no such file; `python tools/test.py CONFIG CHECKPOINT '
            f'--out {path}` writes it.'
        )
    try:
        report = json.loads(path.read_text(encoding='utf-8'))['reports'][0]
        report['metrics']['ME']['value'], report['image_errors'][0] + 0.0
        report['groups'], report['test_set']
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(
            f'{path}: expected the metrics that `python tools/test.py ... '
            f'--out FILE.json` writes, found something else ({error!r}).'
        ) from error
    return report


def seed_table(systems: Mapping[str, Sequence[dict]]) -> str:
    """Compare systems in a Markdown table, one row each.

    A metric is its mean over the seeds, with the standard deviation (n - 1)
    over them. The last column is the difference of ME to the first system's:
    each test image's error is averaged over the seeds first, and the interval
    is a 95 % bootstrap one over the subjects (over images where the data name
    no subject). It knows how much faces differ, and not how much seeds do.
    Systems with fewer or more runs than the first have none.

    Args:
        systems (Mapping[str, Sequence[dict]]): Name -> its reports, one a
            seed; the same test images in all.

    Returns:
        str: The table.

    Raises:
        InputError: If the reports are of different tests.
    """
    first = next(iter(systems.values()))
    check_alike(systems, first[0])
    names = list(first[0]['metrics'])
    tau = first[0]['threshold']
    headings = [f'{n} at {tau:g}' if n in ('AUC', 'FR') else n for n in names]
    headings = [h.replace('@', ' at ') for h in headings]
    lines = [
        ['system', 'seeds', *headings, 'difference of ME'],
        ['---'] * (len(names) + 3),
    ]
    for system, reports in systems.items():
        told = ''
        if reports is not first and len(reports) == len(first):
            change, low, high = paired_change(reports, first)
            told = f'{change:+.3f} [{low:+.3f}, {high:+.3f}]'
        cells = [_spread(reports, name) for name in names]
        lines.append([system, str(len(reports)), *cells, told])
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def check_alike(systems: Mapping[str, Sequence[dict]], first: dict) -> None:
    """Refuse to compare reports of different tests.

    Args:
        systems (Mapping[str, Sequence[dict]]): Name -> its reports.
        first (dict): The report that the others must be like.

    Raises:
        InputError: Names the first that is not, and in what.
    """
    keys = ['unit', 'threshold', 'per', 'num_images', 'test_set']
    if first['unit'] == 'input':
        # A pixel of the input is another length then.
        keys.append('input_sizes')
    for system, reports in systems.items():
        for report in reports:
            for key in keys:
                if report[key] != first[key]:
                    raise InputError(
                        f'{system}: tested with {key}={report[key]!r}, the '
                        f'first system with {first[key]!r}. Test all of them '
                        'in the same way, on the same images'
                        + (
                            '; with test_evaluator.unit=image sizes compare.'
                            if key == 'input_sizes'
                            else '.'
                        )
                    )
            if list(report['metrics']) != list(first['metrics']):
                raise InputError(
                    f'{system}: has the metrics {list(report["metrics"])}, '
                    f'the first system {list(first["metrics"])}.'
                )


def mean_errors(reports: Sequence[dict]) -> np.ndarray:
    """Error of each image, (N,), averaged over the seeds."""
    return np.mean([report['image_errors'] for report in reports], axis=0)


def paired_change(
    reports: Sequence[dict], base: Sequence[dict]
) -> tuple[float, float, float]:
    """Difference of two systems' ME on the same images.

    Args:
        reports (Sequence[dict]): A system's reports, one a seed.
        base (Sequence[dict]): Those of the system it is compared with.

    Returns:
        tuple[float, float, float]: Mean difference and its 95 % bootstrap
        interval over subjects; negative where ``reports`` are better.
    """
    change = mean_errors(reports) - mean_errors(base)
    interval = bootstrap_interval(change, base[0]['groups'])
    return float(change.mean()), *interval


def _spread(reports: Sequence[dict], name: str) -> str:
    values = np.array([r['metrics'][name]['value'] for r in reports])
    rate = name.startswith('FR')
    scale, digits, unit = (100, 1, ' %') if rate else (1, 3, '')
    told = f'{scale * values.mean():.{digits}f}'
    if len(values) > 1:
        told += f' ± {scale * values.std(ddof=1):.{digits}f}'
    return told + unit
