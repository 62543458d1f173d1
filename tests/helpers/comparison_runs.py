"""Records and reports of a comparison, without training."""

import re
import zlib

import numpy as np
import pytest
from matplotlib.figure import Figure

from mmpose_ctd.apis.comparing import error_sections, label_sections
from mmpose_ctd.apis.comparing.report import compare_report

LANDMARKS = ('subnasale', 'stomion', 'gnathion')
#: ME at 20 labels in pixels, about.
SYSTEMS = {'FT': 2.0, 'CTD-ED': 1.8, 'HG': 3.0}


def run(system='FT', budget=20, seed=0, factor=1.0, subjects=12, **changes):
    """A record whose errors differ by subject, landmark, seed and system.

    Args:
        system (str): Its name; its error is that of SYSTEMS, or 2 px.
        budget (int): Labels; errors fall with their fourth root.
        seed (int): Of the run.
        factor (float): Multiplies all errors.
        subjects (int): Test subjects, one image each, of two sites in turn.
        **changes: Other fields of the record.
    """
    variant = changes.get('variant', '')
    people = np.random.default_rng(0).normal(0, 0.2, (subjects, 1))
    points = np.linspace(0.8, 1.2, len(LANDMARKS))
    name = zlib.crc32(f'{system} {variant}'.encode())
    own = np.random.default_rng([name, budget, seed])
    errors = SYSTEMS.get(system, 2.0) * factor * (max(budget, 5) / 20) ** -0.25
    errors = errors * np.exp(people + own.normal(0, 0.02)) * points
    errors = errors * own.gamma(16, 1 / 16, errors.shape)
    return dict(
        study='main',
        system=system,
        variant='',
        budget=budget,
        seed=seed,
        held_out='',
        role='final',
        options={},
        config_hash=f'{name:x}',
        commit='abc1234',
        environment={'torch': '2.13.0', 'machine': 'two cores'},
        started=f'2026-03-0{seed % 9 + 1}T10:00:00',
        seconds=100.0 + seed,
        test_seconds=5.0,
        steps=300,
        test_set='faces',
        landmarks=LANDMARKS,
        subjects=np.arange(subjects),
        sites=tuple('london' if i % 2 else '3dsk' for i in range(subjects)),
        errors=errors,
    ) | {**changes}


def runs(
    systems=tuple(SYSTEMS), budgets=(10, 20, 40), seeds=(0, 1, 2), **more
):
    """All combinations."""
    return [
        run(system, budget, seed, **more)
        for system in systems
        for budget in budgets
        for seed in seeds
    ]


def some(seeds=(0, 1), systems=('FT', 'CTD-ED'), **more):
    return runs(systems, (10, 20), seeds, **more)


def write(records, out, **options):
    """The files of a report, and the text of its Markdown page."""
    files = compare_report(records, out, **{'baseline': 'FT', **options})
    return files, (out / 'results.md').read_text(encoding='utf-8')


def table(text, caption):
    """Rows below a caption: first cell -> heading -> cell."""
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
    """Empty figures, which are not rendered: figures take most of the time."""

    def save(self, file, **_):
        file.write(b'drawn')

    monkeypatch.setattr(Figure, 'savefig', save)
    for module, name in (
        (error_sections, 'plot_ced'),
        (label_sections, 'plot_curve_panels'),
        (label_sections, 'plot_learning_curves'),
    ):
        monkeypatch.setattr(module, name, lambda *_, **__: Figure())
