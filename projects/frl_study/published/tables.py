"""The tables of the study's pages."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache

import numpy as np

from mmpose_ctd.evaluation.functional import crossed_effects_interval

from .cells import difference, mean, percent, seeds_of
from .stored_runs import StoredRuns, errors_with_facemesh, holm_p_values

__all__ = ['TABLES', 'markdown']

BUDGETS = (10, 20, 40, 80, 142)
# System and variant, as the tables of results name them.
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
#: The paper's systems beside FT, and later ones.
PAPER = ('CTD-ED', 'CTD-CD', 'CTD-Com', 'FTP', 'FE', 'HG')
RELATIVES = ('DELTA', 'Spatial attention', 'Channel attention', 'L2-SP')
MESHES = ('FaceMesh vertex', 'FaceMesh ridge', MESH[0])
RECIPE = 'mesh start, input 192'
LONG, FLIPPED = f'{RECIPE}, 800 steps', f'{RECIPE}, 800 steps, flip test'
SITES = {'3dsk': '3dsk', 'London': 'london'}

Rows = Iterable[Iterable[str]]
#: Name of a table -> what makes its rows, the header first.
TABLES: dict[str, Callable[[], Rows]] = {}


def markdown(name: str) -> str:
    """A table as Markdown.

    Args:
        name (str): Of :data:`TABLES`.
    """
    header, *rows = [list(row) for row in TABLES[name]()]
    lines = [header, ['---'] * len(header), *rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def table(make: Callable[[], Rows]) -> Callable[[], Rows]:
    """Register a table by its function's name."""
    TABLES[make.__name__] = make
    return make


@cache
def stored(name: str = 'frl_faces') -> StoredRuns:
    return StoredRuns(name)


def errors(run: Run, budget: int, site: str = '') -> np.ndarray:
    """Of one run for each seed, (S, N), in pixels."""
    return stored().errors(run[0], budget, run[1], site)


def less(run: Run, base: Run, budget: int, **options) -> str:
    """The difference of two on the usual test faces."""
    subjects = stored().subjects()
    return difference(
        errors(run, budget), errors(base, budget), subjects, **options
    )


@table
def main_results() -> Rows:
    """What a reader of docs/ gets."""
    yield ['labels', *map(str, BUDGETS)]
    rows = {
        'FT, as searched': FT,
        "FT, at CTD-ED's rate": NO_PULL,
        **{name: (name, '') for name in (*PAPER, *RELATIVES)},
        'FaceMesh': MESH,
        'best recipe': ('FT', FLIPPED),
    }
    for name, run in rows.items():
        budgets = (20, 142) if name == 'best recipe' else BUDGETS
        yield [
            name,
            *(mean(errors(run, n)) if n in budgets else '' for n in BUDGETS),
        ]
    yield [
        'recipe and FaceMesh',
        *(
            mean(errors_with_facemesh('both', n)) if n in (20, 142) else ''
            for n in BUDGETS
        ),
    ]


@table
def the_numbers() -> Rows:
    yield ['n', 'FT', 'CTD-ED', 'CTD-ED less FT', 'p', MESH[0]]
    p_of = holm_p_values()
    for n in BUDGETS:
        yield [
            str(n),
            mean(errors(FT, n)),
            mean(errors(ED, n)),
            less(ED, FT, n, relative=True),
            f'{p_of["CTD-ED", n]:.2g}',
            mean(errors(MESH, n)),
        ]


@table
def without_its_pull() -> Rows:
    yield ['n', 'CTD-ED', 'its pull switched off', 'CTD-ED less that']
    for n in BUDGETS:
        yield [
            str(n),
            mean(errors(ED, n)),
            mean(errors(NO_PULL, n)),
            less(ED, NO_PULL, n),
        ]


@table
def all_systems() -> Rows:
    yield ['system', 'lr', *map(str, BUDGETS)]
    for name, rate, run in (
        *((name, rate, (name, '')) for name, rate in RATES.items()),
        ('FT, not as searched', '2.5e-4', NO_PULL),
        *((name, '', (name, '')) for name in MESHES),
    ):
        yield [name, rate, *(mean(errors(run, n)) for n in BUDGETS)]


@table
def all_systems_less_ft() -> Rows:
    yield ['system', *map(str, BUDGETS)]
    for name in (*(n for n in RATES if n != 'FT'), *MESHES):
        yield [name, *(_percent_and_star((name, ''), n) for n in BUDGETS)]


def _percent_and_star(run: Run, budget: int) -> str:
    ours, base = errors(run, budget), errors(FT, budget)
    found = crossed_effects_interval(ours - base, stored().subjects())
    clear = found.low > 0 or found.high < 0
    return percent(ours, base) + '*' * clear


@table
def less_ft_at_its_rate() -> Rows:
    yield ['system, FT at its learning rate', *map(str, BUDGETS)]
    for name in (
        *('DELTA', 'Spatial attention', 'CTD-ED', 'Channel attention'),
        *('CTD-CD', 'CTD-Com', 'L2-SP'),
    ):
        rate = RATES[name]
        # FT was not run at 5e-4 with other numbers of labels.
        budgets = (20, 142) if rate == '5e-4' else BUDGETS
        yield [
            f'{name}, {rate}',
            *(
                less((name, ''), AT_RATE[rate], n, faces=False)
                if n in budgets
                else ''
                for n in BUDGETS
            ),
        ]


def _varied(
    header: list[str], rows: Mapping[str, Run], *bases: Run
) -> Callable[[], Rows]:
    """20 labels: each row's mean, and what it is less each of the bases."""

    def make() -> Rows:
        yield header
        for name, run in rows.items():
            yield [
                name,
                mean(errors(run, 20)),
                *(
                    '' if run == base else less(run, base, 20)
                    for base in bases
                ),
            ]

    return make


TABLES |= {
    'teachers': _varied(
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
    'weights': _varied(
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
    'stages': _varied(
        ["ED's stage (lambda 10)", 'ME', 'less no pull'],
        {
            '1': ('CTD-ED', 'stage 1'),
            '2': ('CTD-ED', 'stage 2'),
            '3': ('CTD-ED', 'stage 3'),
            '4, the last (chosen)': ED,
        },
        NO_PULL,
    ),
    'temperatures': _varied(
        ["CD's T", 'ME', 'less CTD-CD as chosen'],
        {
            '0.03': ('CTD-CD', 'temperature=0.03'),
            '0.1 (chosen)': CD,
            '0.3': ('CTD-CD', 'temperature=0.3'),
            '1': ('CTD-CD', 'temperature=1'),
        },
        CD,
    ),
    'what_made_the_difference': _varied(
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
        plain, pulled = ('FT', long), ('CTD-ED', long)
        free = (
            NO_PULL if steps == 400 else ('CTD-ED', f'no pull, {steps} steps')
        )
        yield [
            str(steps),
            *(mean(errors(run, 20)) for run in (plain, pulled, free)),
            less(pulled, plain, 20, relative=True),
            less(pulled, free, 20),
        ]


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
    for name, base in (
        ('FT', FT),
        ('no pull', NO_PULL),
        ('random teacher', RANDOM),
        ('shuffled teacher', SHUFFLED),
    ):
        ours, others = (
            [errors(run, 40, site) for site in SITES.values()]
            for run in (ED, base)
        )
        sites = np.repeat(range(len(SITES)), [e.shape[1] for e in ours])
        # One photograph of each person.
        yield [
            name,
            *(
                difference(a, b, np.arange(a.shape[1]))
                for a, b in zip(ours, others)
            ),
            difference(
                np.hstack(ours),
                np.hstack(others),
                np.arange(len(sites)),
                relative=True,
                blocks=sites,
            ),
        ]


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
        faces = pulled.shape[1]
        yield [
            f'{name}, {faces} faces',
            *(mean(e) for e in (pulled, *others)),
            *['not run'] * missing,
            *(
                difference(pulled, e, np.arange(faces), relative=True)
                for e in others
            ),
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
            ours = runs.landmark_errors('CTD-ED', 40, '', 'london')
            others = runs.landmark_errors(*base, 'london')
            a, b = (
                np.mean([e[landmark] for landmark in landmarks], axis=0)
                for e in (ours, others)
            )
            cells.append(difference(a, b, np.arange(a.shape[1]), faces=False))
        yield [name, *cells]


@table
def the_best_recipe() -> Rows:
    yield [
        *('labels', '400 steps', '800 steps'),
        '800 steps, flips at test time',
    ]
    subjects = stored().subjects()
    for n in (20, 142):
        cells = [
            mean(errors(('FT', variant), n), subjects)
            for variant in (RECIPE, LONG, FLIPPED)
        ]
        cells[-1] += f' {seeds_of(errors(("FT", FLIPPED), n))}'
        yield [f'{n}, three seeds', *cells]


@table
def with_facemesh() -> Rows:
    yield ['labels', 'the recipe, made again', 'FaceMesh', 'both']
    for n in (20, 142):
        yield [
            str(n),
            *(
                mean(errors_with_facemesh(system, n))
                for system in ('recipe', 'facemesh', 'both')
            ),
        ]


@table
def with_facemesh_less() -> Rows:
    yield ['both less', 'the recipe', 'FaceMesh']
    for n in (20, 142):
        both = errors_with_facemesh('both', n)
        yield [
            f'{n} labels',
            *(
                difference(
                    both,
                    errors_with_facemesh(system, n),
                    np.arange(both.shape[1]),
                    relative=True,
                )
                for system in ('recipe', 'facemesh')
            ),
        ]
