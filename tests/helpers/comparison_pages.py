"""Reports of made-up runs, and how tests read them."""

import re

import pytest
from comparison_runs import runs
from matplotlib.figure import Figure

from mmpose_ctd.apis.comparing.summary import write_comparison


def write(records, out, **options):
    options = {'baseline': 'FT', 'title': 'Toy', **options}
    files = write_comparison(records, out, **options)
    return files, (out / 'results.md').read_text(encoding='utf-8')


def table(text, caption):
    """Rows below a caption, cells as text."""
    lines = text.split(caption, 1)[1].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith('|'))
    rows = []
    for line in lines[start:]:
        if not line.startswith('|'):
            break
        rows.append([c.strip() for c in re.split(r'(?<!\\)\|', line)[1:-1]])
    assert len({len(row) for row in rows}) == 1
    return {row[0]: dict(zip(rows[0], row)) for row in rows[2:]}


@pytest.fixture
def draft(monkeypatch):
    """Figures are made but not rendered, which takes most of the time."""

    def save(self, file, **_):
        getattr(file, 'write', getattr(file, 'write_bytes', None))(b'drawn')

    monkeypatch.setattr(Figure, 'savefig', save)


def some(seeds=(0, 1), systems=('FT', 'CTD-ED'), **more):
    return runs(systems, (10, 20), seeds, **more)
