"""The report of a comparison."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from .run_record import RunRecord

__all__ = ['compare_report']


def compare_report(
    records: Iterable[Mapping], out: str | Path, **settings
) -> list[Path]:
    """Write tables and figures of runs; see :func:`.write_comparison`."""
    from .summary import write_comparison

    names = RunRecord.__dataclass_fields__
    found = []
    for record in records:
        errors = [
            [np.nan if e is None else e for e in row]
            for row in record['errors']
        ]
        values = {name: record[name] for name in names}
        values |= dict(
            landmarks=tuple(record['landmarks']),
            subjects=np.array(record['subjects']),
            sites=tuple(record['sites']),
            errors=np.array(errors),
        )
        found.append(RunRecord(**values))
    return write_comparison(found, out, **settings)
