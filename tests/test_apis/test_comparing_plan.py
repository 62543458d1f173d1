"""Plans: what their files may say, and the runs they ask for."""

import itertools

import pytest
from comparing_place import LR, PLAN, SEARCH, study, write_plan

from mmpose_ctd.apis.comparing.cells import (
    Wanted,
    final_cells,
    trial_cells,
)
from mmpose_ctd.apis.comparing.plan import read_plan
from mmpose_ctd.errors import InputError, MissingFileError


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Configs need only be there; nothing reads them here."""
    for name in ('plain.py', 'averaged.py'):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def search(**changes):
    return dict(search=SEARCH | changes)


def systems(**more):
    return dict(systems=PLAN['systems'] | more)


@pytest.mark.parametrize(
    ('changes', 'where', 'found'),
    [
        (dict(spets=3), 'spets', '3'),
        (dict(steps=True), 'steps', 'True'),
        (dict(baseline='FT'), 'baseline', "'FT'"),
        (systems(plain=dict(command='a')), 'baseline', "'plain'"),
        (systems(new=dict(config='no.py')), 'systems.new.config', 'no.py'),
        (systems(new=dict(options={'a.b': 1})), 'systems.new', "config=''"),
        (
            systems(new=dict(command='a', options={'a.b': 1})),
            'systems.new.options',
            "{'a.b': 1}",
        ),
        (systems(new=dict(command="a 'b")), 'systems.new.command', "a 'b"),
        (
            systems(new=dict(command='a {trian}')),
            'systems.new.command',
            '{trian}',
        ),
        (dict(studies=dict(search=PLAN['studies']['main'])), 'studies',
         "'search'"),
        (study(systems=['FT']), 'studies.main.systems', "'FT'"),
        (study(budgets=[4, 4]), 'studies.main.budgets.default', '[4, 4]'),
        (study(seeds={'plain': [0]}), 'studies.main.seeds', "'averaged'"),
        (study(vary={'steps': [0]}), 'studies.main.vary.steps', '0'),
        (
            study(vary={'model.a': [1], 'model.b.a': [1]}),
            'studies.main',
            "['', 'a=1', 'a=1']",
        ),
        (search(systems={'FT': {}}), 'search.systems', "'FT'"),
        (dict(train_split='{labels}.txt'), 'train_split', 'labels'),
        (dict(study(held_out=['north']), pool=None), 'pool', 'not set'),
    ],
)  # fmt: skip
def test_a_mistake_has_its_key_and_what_was_expected(
    place, changes, where, found
):
    path = write_plan(place, **changes)
    with pytest.raises(InputError) as error:
        read_plan(path)
    assert error.value.where == f'{path}: {where}'
    assert found in error.value.found
    assert error.value.expected


def test_the_cure_of_a_wrong_key_is_what_is_meant(place):
    with pytest.raises(InputError) as error:
        read_plan(write_plan(place, **systems(new=dict(comand='a'))))
    assert "'command'" in error.value.cure


@pytest.mark.parametrize('text', ['steps: [', '- a', 'steps: 3\nsteps: 4'])
def test_a_file_that_is_no_plan_is_refused(place, text):
    (place / 'bad.yaml').write_text(text)
    with pytest.raises(InputError) as error:
        read_plan('bad.yaml')
    assert error.value.where == 'bad.yaml'
    with pytest.raises(MissingFileError, match=r'no\.yaml'):
        read_plan('no.yaml')


def test_numbers_are_read_as_python_reads_them(place):
    path = write_plan(place)
    path.write_text(path.read_text() + '\noptions: {a.b: 1e-3, a.c: 1.5}\n')
    assert read_plan(path).options == {'a.b': 0.001, 'a.c': 1.5}


def cells_of(path, chosen=None):
    plan = read_plan(path)
    return list(final_cells(plan, 'main', chosen or {}))


def test_a_study_is_systems_x_budgets_x_seeds_x_variants_x_sites(place):
    path = write_plan(
        place,
        **study(
            seeds=[0, 1],
            held_out=['north', 'south'],
            vary={'model.a': [1, 2.5], 'steps': [9]},
            variants={'wide': {'options': {'model.b': 3}}},
        ),
    )
    cells = cells_of(path)
    found = {(c.system, c.budget, c.seed, c.variant, c.held_out)
             for c in cells}  # fmt: skip
    assert len(found) == len(cells)
    assert found == {
        *itertools.product(
            ('plain', 'averaged'),
            (4, 6),
            (0, 1),
            ('', 'a=1', 'a=2.5', 'steps=9', 'wide'),
            ('north', 'south'),
        )
    }
    for cell in cells:
        assert cell.steps == (9 if cell.variant == 'steps=9' else 4)
        assert cell.role == 'final' and cell.study == 'main'
    # An unfinished study compares systems under equal conditions.
    assert [c.seed for c in cells] == sorted(c.seed for c in cells)


def test_budgets_and_seeds_may_differ_by_system(place):
    path = write_plan(
        place,
        **study(
            budgets={'plain': [4], 'default': [6]},
            seeds={'averaged': [0, 1], 'default': [5]},
        ),
    )
    found = {(c.system, c.budget, c.seed) for c in cells_of(path)}
    assert found == {
        ('plain', 4, 5),
        ('averaged', 6, 0),
        ('averaged', 6, 1),
    }


def test_later_layers_of_options_win(place):
    path = write_plan(
        place,
        options={'a': {'b': 0, 'z': 0}, 'plan': 1, 'b': 1},
        **systems(
            plain=dict(config='plain.py', options={'system': 3, 'b': 3})
        ),
        studies=dict(
            main=dict(
                budgets=[4],
                seeds=[0],
                systems=['plain'],
                plain=False,
                options={'study': 2, 'a.b': 2, 'b': 2},
                variants={
                    'v': {'options': {'a': {'b': 5}, 'b': 5}, 'steps': 7}
                },
            )
        ),
    )
    (cell,) = cells_of(path, {'plain': {'chosen': 4, 'b': 4}})
    assert cell.options == {
        'plan': 1, 'study': 2, 'system': 3, 'chosen': 4, 'b': 5,
        'a.b': 2, 'a': {'b': 5},
    }  # fmt: skip
    # The config merges one after the other: of a.b and a the later wins.
    assert list(cell.options).index('a.b') < list(cell.options).index('a')
    assert cell.steps == 7


def test_trials_are_the_product_of_a_grid_or_a_list(place):
    plan = read_plan(write_plan(place, **search(steps=3)))
    trials = {name: trial_cells(plan, name) for name in plan.systems}
    size = 'train_dataloader.batch_size'
    assert [s for s, _ in trials['plain']] == [{LR: 1e-3}, {LR: 1e-2}]
    assert [s for s, _ in trials['averaged']] == [
        {LR: a, size: b} for a in (1e-3, 1e-2) for b in (1, 2)
    ]
    for settings, cells in trials['averaged']:
        assert [c.seed for c in cells] == [0, 1]
        for cell in cells:
            assert (cell.role, cell.study) == ('trial', 'search')
            assert (cell.budget, cell.steps) == (4, 3)
            assert settings.items() <= cell.options.items()
    listed = [{'a.b': 1}, {'a.b': 2, 'a.c': 3}]
    path = write_plan(place, **search(systems={'plain': listed}))
    assert [s for s, _ in trial_cells(read_plan(path), 'plain')] == listed


def test_a_command_is_neither_searched_nor_varied(place):
    path = write_plan(
        place,
        search=SEARCH,
        **systems(own=dict(command='prog {out}')),
        **study(vary={'a.b': [1]}),
    )
    assert trial_cells(read_plan(path), 'own') == []
    own = [c for c in cells_of(path) if c.system == 'own']
    assert {c.variant for c in own} == {''} and len(own) == 2


def test_a_part_that_the_plan_does_not_have(place):
    plan = read_plan(write_plan(place))
    for key, name, known in (
        ('studies', 'mian', 'main'),
        ('systems', 'plane', 'plain, averaged'),
        ('budgets', 5, '4, 6'),
        ('seeds', 7, '0'),
    ):
        with pytest.raises(InputError) as error:
            Wanted(**{key: [name]}).check(plan)
        assert error.value.where == f'--{key}'
        assert error.value.expected == f'one of {known}'
