"""The tables of the study's pages, and the pages with them filled in."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd

from mmpose_ctd.apis.error_tables import Table, markdown_table, number
from mmpose_ctd.evaluation.functional import (
    bootstrap_interval,
    crossed_effects_interval,
)

from .stored_runs import RESULTS, STUDY, StoredRuns, errors_with_facemesh

__all__ = ['PAGES', 'TABLES', 'difference', 'filled', 'markdown', 'mean']

#: Pages with tables between ``<!-- table: NAME -->`` and ``<!-- end -->``.
PAGES = (
    STUDY.parents[1] / 'README.md',
    STUDY.parents[1] / 'docs' / 'results.md',
    STUDY / 'results.md',
)
_BLOCK = re.compile(
    r'(?P<begin><!-- table: (?P<name>\w+) -->\n).*?(?P<end><!-- end -->)',
    re.DOTALL,
)

BUDGETS = (10, 20, 40, 80, 142)
# System and variant, as the stored runs name them.
Run = tuple[str, str]
FT, ED, CD = ('FT', ''), ('CTD-ED', ''), ('CTD-CD', '')
NO_PULL = ('CTD-ED', 'no pull')
MESH = ('FaceMesh vertex+ridge', '')
RANDOM = ('CTD-ED', 'random teacher')
SHUFFLED = ('CTD-ED', 'shuffled teacher')
#: FT at each learning rate.
AT_RATE = {'1e-4': FT, '2.5e-4': NO_PULL, '5e-4': ('FT', 'lr 5e-4')}
#: What each system's trials chose.
RATES = {
    'DELTA': '2.5e-4',
    'Spatial attention': '2.5e-4',
    'CTD-ED': '2.5e-4',
    'FT': '1e-4',
    'CTD-CD': '5e-4',
    'Channel attention': '2.5e-4',
    'CTD-Com': '5e-4',
    'L2-SP': '5e-4',
    'HG': '1e-4',
    'FTP': '5e-4',
    'FE': '1e-4',
}
#: The paper's systems but FT, and later ones.
PAPER = ('CTD-ED', 'CTD-CD', 'CTD-Com', 'FTP', 'FE', 'HG')
RELATIVES = ('DELTA', 'Spatial attention', 'Channel attention', 'L2-SP')
MESHES = ('FaceMesh vertex', 'FaceMesh ridge', MESH[0])
RECIPE = 'mesh start, input 192'
LONG, FLIPPED = f'{RECIPE}, 800 steps', f'{RECIPE}, 800 steps, flip test'
SITES = {'3dsk': '3dsk', 'London': 'london'}

Rows = Iterable[Iterable[str]]
#: Name of a table -> a function that yields its rows, the header first.
TABLES: dict[str, Callable[[], Rows]] = {}


def filled(page: str) -> str:
    """A page with its tables filled in.

    Args:
        page (str): Its text.

    Raises:
        KeyError: If a marker names an unknown table.
    """
    return _BLOCK.sub(
        lambda m: f'{m["begin"]}{markdown(m["name"])}\n{m["end"]}', page
    )


def markdown(name: str) -> str:
    """A table as Markdown.

    Args:
        name (str): Of :data:`TABLES`.
    """
    header, *rows = [list(row) for row in TABLES[name]()]
    return markdown_table(Table('', header, rows))


def table(make: Callable[[], Rows]) -> Callable[[], Rows]:
    """Register a table by its function's name."""
    TABLES[make.__name__] = make
    return make


# --------------------------------------------------------------------- cells


def mean(errors: np.ndarray, faces: np.ndarray | None = None) -> str:
    """``1.234 ± 0.056`` over seeds; without ± if all seeds are equal.

    Args:
        errors (np.ndarray): (S, N).
        faces (np.ndarray, optional): Subject of each image, (N,): adds the
            95 % interval over subjects.
    """
    by_seed = errors.mean(axis=1)
    cell = f'{by_seed.mean():.3f}'
    if np.ptp(by_seed) > 0:
        cell += f' ± {by_seed.std(ddof=1):.3f}'
    if faces is not None:
        low, high = _over_faces(errors, faces)
        cell += f' [{low:.3f}, {high:.3f}]'
    return cell


def difference(
    errors: np.ndarray,
    others: np.ndarray,
    subjects: np.ndarray | None = None,
    *,
    relative: bool = False,
    faces: bool = True,
    blocks: np.ndarray | None = None,
) -> str:
    """``−0.012 (−1.2 %) [over faces] [t, over faces and seeds]``.

    Args:
        errors (np.ndarray): (S, N).
        others (np.ndarray): Subtracted from them, (S, N).
        subjects (np.ndarray, optional): Of each image, (N,). Defaults to
            another one for each image.
        relative (bool): Whether to give percent.
        faces (bool): Whether to give the interval over faces.
        blocks (np.ndarray, optional): See :func:`crossed_effects_interval`.
    """
    change = errors - others
    parts = [_signed(change.mean())]
    if relative:
        parts.append(f'({percent(errors, others)} %)')
    found = crossed_effects_interval(change, subjects, blocks=blocks)
    intervals = [_over_faces(change, subjects)] if faces else []
    for low, high in (*intervals, (found.low, found.high)):
        parts.append(f'[{_signed(low)}, {_signed(high)}]')
    return ' '.join(parts)


def percent(errors: np.ndarray, others: np.ndarray) -> str:
    """The difference as a share of the others' mean, ``−1.2``."""
    return _signed(100 * (errors - others).mean() / others.mean(), 1)


def _signed(value: float, digits: int = 3) -> str:
    return number(value, digits, sign=True)


def _over_faces(errors: np.ndarray, subjects: np.ndarray | None):
    return bootstrap_interval(
        errors.mean(axis=0), subjects, num_resamples=5000
    )


@cache
def stored(name: str = 'frl_faces') -> StoredRuns:
    return StoredRuns(name)


@cache
def errors(run: Run, budget: int, site: str = '') -> np.ndarray:
    """Of one run for each seed, (S, N), in pixels."""
    return stored().errors(run[0], budget, run[1], site)


def less(run: Run, base: Run, budget: int, **options) -> str:
    """The difference of two on the usual test faces."""
    return difference(
        errors(run, budget),
        errors(base, budget),
        stored().subjects(),
        **options,
    )


def by_budget(cells: Iterable[str], budgets=BUDGETS) -> list[str]:
    """Cells of some budgets, with empty ones for the others."""
    of = dict(zip(budgets, cells, strict=True))
    return [of.get(n, '') for n in BUDGETS]


def means(run: Run) -> list[str]:
    """The mean with each budget."""
    return [mean(errors(run, n)) for n in BUDGETS]


# ------------------------------------------------------- all numbers of labels


@table
def main_results() -> Rows:
    yield ['labels', *map(str, BUDGETS)]
    rows = {
        'FT, as searched': FT,
        "FT, at CTD-ED's rate": NO_PULL,
        **{name: (name, '') for name in (*PAPER, *RELATIVES)},
        'FaceMesh': MESH,
    }
    for name, run in rows.items():
        yield [name, *means(run)]
    few = (20, 142)
    best = (mean(errors(('FT', FLIPPED), n)) for n in few)
    both = (mean(errors_with_facemesh('both', n)) for n in few)
    yield ['best recipe', *by_budget(best, few)]
    yield ['recipe and FaceMesh', *by_budget(both, few)]


@table
def readme_results() -> Rows:
    """The rows of the main table that name the paper's systems."""
    named = {'FT, as searched', *PAPER, 'FaceMesh', 'best recipe'}
    header, *rows = main_results()
    few = [header.index(label) for label in ('labels', '10', '20', '142')]
    for row in (header, *(row for row in rows if row[0] in named)):
        yield [row[i] for i in few]


def over_budgets(run: Run) -> np.ndarray:
    """Averaged over all budgets, (S, N)."""
    return np.mean([errors(run, n) for n in BUDGETS], axis=0)


def less_over_budgets(run: Run, base: Run, **options) -> str:
    """The difference of two, averaged over all budgets."""
    ours, others = over_budgets(run), over_budgets(base)
    return difference(ours, others, stored().subjects(), **options)


@table
def the_numbers() -> Rows:
    yield ['n', 'CTD-ED less FT', 'p (Holm)', "FT at CTD-ED's rate less FT"]
    report = pd.read_csv(RESULTS / 'report' / 'summary.csv')
    p_of = report[report.study == 'main'].set_index(['system', 'budget'])
    for n in BUDGETS:
        yield [
            str(n),
            less(ED, FT, n, relative=True),
            f'{p_of.p_sign_flip_holm["CTD-ED", n]:.2g}',
            less(NO_PULL, FT, n, relative=True),
        ]
    yield [
        'mean of the five',
        less_over_budgets(ED, FT, relative=True),
        '',
        less_over_budgets(NO_PULL, FT, relative=True),
    ]


@table
def without_its_pull() -> Rows:
    yield ['n', 'CTD-ED', 'its pull switched off', 'CTD-ED less that']
    for n in BUDGETS:
        both = [mean(errors(run, n)) for run in (ED, NO_PULL)]
        yield [str(n), *both, less(ED, NO_PULL, n)]


@table
def all_systems_less_ft() -> Rows:
    def cell(name, n):
        ours, base = errors((name, ''), n), errors(FT, n)
        found = crossed_effects_interval(ours - base, stored().subjects())
        clear = found.low > 0 or found.high < 0
        return percent(ours, base) + '*' * clear

    yield ['system', 'lr', *map(str, BUDGETS)]
    for name in (*(n for n in RATES if n != 'FT'), *MESHES):
        cells = (cell(name, n) for n in BUDGETS)
        yield [name, RATES.get(name, ''), *cells]


@table
def less_ft_at_its_rate() -> Rows:
    mean_of = 'mean of the five'
    yield ['system, FT at its learning rate', *map(str, BUDGETS), mean_of]
    for name in (
        *('DELTA', 'Spatial attention', 'CTD-ED', 'Channel attention'),
        *('CTD-CD', 'CTD-Com', 'L2-SP'),
    ):
        rate = RATES[name]
        run, base = (name, ''), AT_RATE[rate]
        # FT was not run at 5e-4 with other numbers of labels.
        budgets = (20, 142) if rate == '5e-4' else BUDGETS
        cells = [less(run, base, n, faces=False) for n in budgets]
        total = ''
        if budgets == BUDGETS:
            total = less_over_budgets(run, base, faces=False)
        yield [f'{name}, {rate}', *by_budget(cells, budgets), total]


@table
def without_the_chin() -> Rows:
    yield ['n', 'CTD-ED less FT without gnathion', "gnathion's share"]
    landmarks = stored().frame.landmarks.iloc[0]
    others = [name for name in landmarks if name != 'gnathion']
    for n in BUDGETS:
        ours, base = (
            stored().errors(*run, landmarks=others)
            for run in (('CTD-ED', n), ('FT', n))
        )
        rest = (ours - base).mean() * len(others) / len(landmarks)
        share = 1 - rest / (errors(ED, n) - errors(FT, n)).mean()
        cell = difference(ours, base, stored().subjects())
        yield [str(n), cell, f'{100 * share:.0f} %']


# ----------------------------------------------------------------- 20 labels


def varied(
    header: Sequence[str], rows: Mapping[str, Run], *bases: Run
) -> Callable[[], Rows]:
    """20 labels: the mean of each row, and its differences to the bases."""

    def make() -> Rows:
        yield header
        for name, run in rows.items():
            changes = [
                '' if run == base else less(run, base, 20) for base in bases
            ]
            yield [name, mean(errors(run, 20)), *changes]

    return make


TABLES |= {
    'other_settings': varied(
        ['20 labels', 'ME', 'less FT', 'less CTD-ED'],
        {
            "CTD-ED at FT's rate, 1e-4": ('CTD-ED', 'lr 1e-4'),
            "FT at CTD-CD's rate, 5e-4": ('FT', 'lr 5e-4'),
            'CTD-ED, teacher normalised by the batch': (
                'CTD-ED',
                "teacher's too",
            ),
            'FT, BatchNorm in inference mode': ('FT', 'statistics kept'),
            'CTD-ED, BatchNorm in inference mode': (
                'CTD-ED',
                'statistics kept',
            ),
            'FT, batches of 8': ('FT', 'batch of 8'),
            'CTD-ED, batches of 8': ('CTD-ED', 'batch of 8'),
            'CTD-ED, unlabelled faces in the batch': (
                'CTD-ED',
                'smiling faces',
            ),
            'FT from random weights': ('FT', 'random start'),
            'CTD-ED from random weights': ('FT', 'CTD-ED, random start'),
        },
        FT,
        ED,
    ),
    'teachers': varied(
        ['20 labels, teacher', 'ME', 'less FT', 'less no pull'],
        {
            'the real one': ED,
            'none (no pull)': NO_PULL,
            'random weights': RANDOM,
            'the real one, shown another face': SHUFFLED,
        },
        FT,
        NO_PULL,
    ),
    'weights': varied(
        ["ED's lambda", 'ME', 'less no pull'],
        {
            '0 (no pull)': NO_PULL,
            '1': ('CTD-ED', 'loss_weight=1'),
            '10 (chosen)': ED,
            '100': ('CTD-ED', 'loss_weight=100'),
            '1000': ('CTD-ED', 'loss_weight=1000'),
        },
        NO_PULL,
    ),
    'stages': varied(
        ["ED's stage (lambda 10)", 'ME', 'less no pull'],
        {
            **{str(i): ('CTD-ED', f'stage {i}') for i in (1, 2, 3)},
            '4, the last (chosen)': ED,
        },
        NO_PULL,
    ),
    'temperatures': varied(
        ["CD's T", 'ME', 'less CTD-CD as chosen'],
        {
            '0.03': ('CTD-CD', 'temperature=0.03'),
            '0.1 (chosen)': CD,
            '0.3': ('CTD-CD', 'temperature=0.3'),
            '1': ('CTD-CD', 'temperature=1'),
        },
        CD,
    ),
    'what_made_the_difference': varied(
        ['FT, but', 'ME', 'less FT'],
        {
            'nothing': FT,
            'the whole image': ('FT', 'whole image'),
            "start from FaceMesh's points (`recipe/mesh_start.py`), 2.5e-4": (
                'FT',
                'mesh start',
            ),
            '160x160': ('FT', 'input 160'),
            '800 steps': ('FT', 'steps=800'),
            'BatchNorm in inference mode (`model.backbone.norm_eval=True`)': (
                'FT',
                'statistics kept',
            ),
            'batches of 8, twice as many images seen (another machine)': (
                'FT',
                'batch of 8',
            ),
            'flips at test time': ('FT', 'flip test'),
            'smooth warps (`recipe/aug_warp.py`)': ('FT', 'warp'),
            'light and colour (`recipe/aug_photometric.py`)': (
                'FT',
                'light and colour',
            ),
            'average of weights (`recipe/ema.py`)': ('FT', 'averaged weights'),
            'rotations up to 30 degrees (`recipe/aug_rotation.py`)': (
                'FT',
                'rotation 30',
            ),
        },
        FT,
    ),
}


@table
def training_length() -> Rows:
    yield [
        *('steps', 'FT', 'CTD-ED', 'its pull switched off'),
        *('CTD-ED less FT', 'CTD-ED less no pull'),
    ]
    for steps in (200, 400, 800):
        long = '' if steps == 400 else f'steps={steps}'
        free = f'no pull, {steps} steps' if long else 'no pull'
        runs = [('FT', long), ('CTD-ED', long), ('CTD-ED', free)]
        plain, pulled, free = runs
        yield [
            str(steps),
            *(mean(errors(run, 20)) for run in runs),
            less(pulled, plain, 20, relative=True),
            less(pulled, free, 20),
        ]


# -------------------------------------------------------------- across sites


@table
def across_sites() -> Rows:
    runs = {
        'FT': FT,
        'CTD-ED': ED,
        'no pull': NO_PULL,
        'random teacher': RANDOM,
        'shuffled teacher': SHUFFLED,
        MESH[0]: MESH,
    }
    yield ['tested on', *runs]
    for name, site in SITES.items():
        yield [name, *(mean(errors(run, 40, site)) for run in runs.values())]


@table
def across_sites_less() -> Rows:
    yield ['CTD-ED less', *SITES, 'together']
    for name, base in {
        'FT': FT,
        'no pull': NO_PULL,
        'random teacher': RANDOM,
        'shuffled teacher': SHUFFLED,
    }.items():
        ours, others = (
            [errors(run, 40, site) for site in SITES.values()]
            for run in (ED, base)
        )
        together = difference(
            np.hstack(ours),
            np.hstack(others),
            relative=True,
            blocks=np.repeat(range(len(SITES)), [e.shape[1] for e in ours]),
        )
        yield [name, *map(difference, ours, others), together]


@table
def across_sites_again() -> Rows:
    yield [
        *('tested on', 'CTD-ED', 'no pull', 'shuffled teacher'),
        *('CTD-ED less no pull', 'CTD-ED less shuffled teacher'),
    ]
    runs = stored('site_repetition')
    for name, site, bases in (
        ('London', 'london', ('no pull', 'Shuffled teacher')),
        ('3dsk', '3dsk', ('no pull',)),
    ):
        pulled = runs.errors('CTD-ED', 40, '', site)
        others = [runs.errors(base, 40, '', site) for base in bases]
        missing = 2 - len(bases)
        yield [
            f'{name}, {pulled.shape[1]} faces',
            *(mean(e) for e in (pulled, *others)),
            *['not run'] * missing,
            *(difference(pulled, e, relative=True) for e in others),
            *[''] * missing,
        ]


@table
def landmarks_across_sites() -> Rows:
    yield ['CTD-ED less no pull, tested on London', 'first', 'asked again']
    first, again = stored(), stored('site_repetition')
    corners = ('exocanthion_R', 'exocanthion_L')
    for name, landmarks in {
        'outer corners of the eyes': corners,
        'left corner of the mouth': ('cheilion_L',),
        'all four corners of the eyes': (
            *corners,
            'endocanthion_R',
            'endocanthion_L',
        ),
    }.items():
        cells = []
        for runs, base in (
            (first, ('CTD-ED', 40, 'no pull')),
            (again, ('no pull', 40, '')),
        ):
            ours, others = (
                runs.errors(*run, 'london', landmarks=landmarks)
                for run in (('CTD-ED', 40, ''), base)
            )
            cells.append(difference(ours, others, faces=False))
        yield [name, *cells]


# --------------------------------------------------------------- source tasks

#: Source -> its fine-tuning, and its pull on another network's start with
#: that network's fine-tuning.
SOURCES = {
    'SFace (recognition)': ('FT SFace', "ED SFace, V2's start", 'FT V2'),
    'FaceRes (recognition, VGGFace2)': (
        'FT FaceRes',
        "ED FaceRes, V2's start",
        'FT V2',
    ),
    'V2 (dense landmarks)': (
        'FT V2',
        "ED V2, FaceRes's start",
        'FT FaceRes',
    ),
}
FEW, MANY = 20, 142
#: What a source gives, in the order of the table's columns.
ROLES = ('start', 'start and pull', "pull, another's start")


def of_source(system: str, budget: int) -> np.ndarray:
    return stored('source_tasks').errors(system, budget)


def pulled(start: str, term: str = 'ED') -> str:
    """The system that adds a term to a fine-tuning."""
    return start.replace('FT', term)


def source_change(ours: str, base: str, **options) -> list[str]:
    """Differences with few and with many labels."""
    return [
        difference(of_source(ours, n), of_source(base, n), **options)
        for n in (FEW, MANY)
    ]


@table
def source_tasks() -> Rows:
    yield [
        'source',
        *(f'{n} labels, {role}' for n in (FEW, MANY) for role in ROLES),
    ]
    for source, (start, other, _) in SOURCES.items():
        cells = [
            mean(of_source(system, n))
            for n in (FEW, MANY)
            for system in (start, pulled(start), other)
        ]
        yield [source, *cells]
    for name in ('FaceRes', 'V2'):
        yield _without_source(
            f"none, {name}'s network", f'{name}, random start'
        )
    yield _without_source('none, two hourglasses (HG)', 'HG')


def _without_source(label: str, system: str) -> list[str]:
    few, many = (mean(of_source(system, n)) for n in (FEW, MANY))
    return [label, few, '', '', many, '', '']


@table
def source_tasks_pull() -> Rows:
    yield ['less', f'{FEW} labels', f'{MANY} labels']
    for source, (start, other, base) in SOURCES.items():
        name = source.partition(' ')[0]
        yield [
            f'{name}: start and pull less start',
            *source_change(pulled(start), start, relative=True),
        ]
        yield [
            f"{name}: pull, another's start, less that start",
            *source_change(other, base, relative=True),
        ]
    yield [
        'FaceRes: start and CD less start',
        *source_change('CD FaceRes', 'FT FaceRes', relative=True),
    ]


@table
def source_tasks_start() -> Rows:
    yield ['less', f'{FEW} labels', f'{MANY} labels']
    for ours, base in (
        ('FT V2', 'FT SFace'),
        ('FT V2', 'FT FaceRes'),
        ('FT FaceRes', 'FT SFace'),
        ('FT V2', 'V2, random start'),
        ('FT FaceRes', 'FaceRes, random start'),
    ):
        cells = source_change(ours, base, relative=True)
        yield [f'{ours} less {base}', *cells]


@table
def source_tasks_rate() -> Rows:
    yield ['start', 'ME at 5e-4', 'ME at 1.5e-4', 'ED at 5e-4 less that']
    runs = stored('source_tasks')
    for start, *_ in SOURCES.values():
        lower = runs.errors(start, FEW, 'lr 1.5e-4')
        ed = of_source(pulled(start), FEW)
        yield [
            start.removeprefix('FT '),
            mean(of_source(start, FEW)),
            mean(lower),
            difference(ed, lower, relative=True),
        ]


@table
def every_step() -> Rows:
    yield [
        *('source', 'start', 'ED at every step', 'every 2nd', 'every 4th'),
        'every 4th less every step',
    ]
    runs = stored('every')
    for source in ('SFace', 'V2'):
        systems = [
            runs.errors(f'{term} {source}{often}', FEW)
            for term, often in (
                ('FT', ''),
                *(('ED', often) for often in ('', ', every 2', ', every 4')),
            )
        ]
        _, always, _, seldom = systems
        yield [
            source,
            *map(mean, systems),
            difference(seldom, always, relative=True),
        ]


# ----------------------------------------------------------- the best recipe


@table
def the_best_recipe() -> Rows:
    yield [
        *('labels', '400 steps', '800 steps'),
        '800 steps, flips at test time',
    ]
    for n in (20, 142):
        found = [errors(('FT', v), n) for v in (RECIPE, LONG, FLIPPED)]
        cells = [mean(e, stored().subjects()) for e in found]
        seeds = ', '.join(f'{e:.3f}' for e in found[-1].mean(axis=1))
        yield [f'{n}, three seeds', *cells[:-1], f'{cells[-1]} ({seeds})']


@table
def with_facemesh() -> Rows:
    yield ['labels', 'the recipe, made again', 'FaceMesh', 'both']
    for n in (20, 142):
        systems = ('recipe', 'facemesh', 'both')
        yield [str(n), *(mean(errors_with_facemesh(s, n)) for s in systems)]


@table
def with_facemesh_less() -> Rows:
    yield ['both less', 'the recipe', 'FaceMesh']
    for n in (20, 142):
        both, *others = (
            errors_with_facemesh(s, n) for s in ('both', 'recipe', 'facemesh')
        )
        cells = (difference(both, other, relative=True) for other in others)
        yield [f'{n} labels', *cells]
