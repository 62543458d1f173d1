"""Plans: what their files may say, and the runs they ask for."""

import itertools

import pytest
from comparing_place import PLAN, study, write_plan

from mmpose_ctd.apis.comparing.cells import final_cells, trial_cells
from mmpose_ctd.apis.comparing.plan_file import read_plan
from mmpose_ctd.errors import InputError, MissingFileError

SEARCH = dict(
    budget=4,
    seeds=[0, 1],
    pool='splits/pool.txt',
    subjects=3,
    common={'optim_wrapper.optimizer.lr': [1e-3, 1e-2]},
    systems={'averaged': {'train_dataloader.batch_size': [1, 2, 3]}},
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Configs need only be there; nothing reads them here."""
    for name in ('plain.py', 'averaged.py'):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def search(**changes):
    return dict(search=SEARCH | changes)


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (dict(spets=3), ['spets', '3', 'one of title, baseline']),
        (dict(steps=None), ["'steps'"]),
        (dict(steps=0), ['steps', '0', 'from 1 on']),
        (dict(steps=True), ['steps', 'True', 'a whole number']),
        (dict(steps='many'), ['steps', "'many'", 'a whole number']),
        (dict(threads=0), ['threads', '0']),
        (dict(keep_weights=1), ['keep_weights', '1', 'true or false']),
        (dict(threshold=0), ['threshold', '0.0', 'above 0']),
        (dict(threshold=float('nan')), ['threshold', 'nan']),
        (dict(baseline='FT'), ['baseline', "'FT'", 'plain, averaged']),
        (dict(systems=[]), ['systems', '[]', 'keys and values']),
        (
            dict(systems=dict(PLAN['systems'], new=dict(config='no.py'))),
            ['systems.new.config', "'no.py'", 'does not exist'],
        ),
        (
            dict(systems=dict(PLAN['systems'], new=dict(options={'a.b': 1}))),
            ['systems.new', 'either a config or a command'],
        ),
        (
            dict(
                systems=dict(
                    PLAN['systems'], new=dict(command='a', options={'a.b': 1})
                )
            ),
            ['systems.new.options', 'a command takes its settings itself'],
        ),
        (
            dict(systems=dict(PLAN['systems'], new=dict(command="a 'b"))),
            ['systems.new.command', "a 'b", 'words'],
        ),
        (
            dict(systems=dict(PLAN['systems'], new=dict(command='a {trian}'))),
            ['systems.new.command', '{trian}', '{train}'],
        ),
        (
            dict(studies=dict(search=PLAN['studies']['main'])),
            ['studies', "'search'", 'another name'],
        ),
        (study(systems=['FT']), ['studies.main.systems', "'FT'", 'plain']),
        (study(systems=[]), ['studies.main.systems', '[]', 'at least one']),
        (study(systems=[{'a': 1}]), ['studies.main.systems', "{'a': 1}"]),
        (study(systems=['plain'] * 2), ['studies.main.systems', 'different']),
        (study(budgets=[0]), ['studies.main.budgets', '[0]', 'from 1 on']),
        (study(budgets=[4, 4]), ['studies.main.budgets', '[4, 4]']),
        (study(seeds=[]), ['studies.main.seeds', '[]', 'from 0 on']),
        (study(seeds={'plain': [0]}), ['main.seeds (averaged)', 'None']),
        (study(seeds={'FT': [0]}), ['studies.main.seeds', "'FT'"]),
        (study(held_out='north'), ['studies.main.held_out', 'a list']),
        (study(held_out=[]), ['studies.main.held_out', 'at least one']),
        (study(vary={'model.a': 3}), ['studies.main.vary.model.a', '3']),
        (study(vary={'steps': [0]}), ['studies.main.vary.steps', '0']),
        (
            study(vary={'model.a': [1], 'model.b.a': [1]}),
            ['studies.main', "'a=1', 'a=1'", 'different names'],
        ),
        (study(plain=False), ['studies.main', '[]', 'different names']),
        (
            study(variants={'new': {'config': 'no.py'}}),
            ['studies.main.variants.new.config', 'no.py'],
        ),
        (study(variants={'new': {'lr': 1}}), ['variants.new.lr', 'options']),
        (search(seeds=[]), ['search.seeds', '[]']),
        (search(seeds=['a']), ['search.seeds', "['a']"]),
        (search(subjects=0), ['search.subjects', '0']),
        (search(systems={'FT': {}}), ['search.systems', "'FT'"]),
        (search(systems={'plain': [1]}), ['search.systems.plain', '1', 'KEY']),
        (search(systems={'plain': 1}), ['search.systems.plain', '1']),
        (search(common={'a.b': 1}), ['search', 'a.b', '1', 'a list']),
        (dict(train_split='{labels}.txt'), ['train_split', 'labels']),
        (dict(study(held_out=['north']), pool=None), ['pool']),
    ],
)
def test_a_mistake_is_told_with_its_key_and_what_was_expected(
    place, changes, words
):
    path = write_plan(place, **changes)
    with pytest.raises(InputError) as told:
        read_plan(path)
    assert str(path) in str(told.value)
    for word in words:
        assert word in str(told.value)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('steps: [', ['no YAML file']),
        ('- a\n- b', ['the plan', 'keys such as']),
        ('', ['the plan', 'None']),
        ('steps: 3\nsteps: 4', ["'steps' is set twice"]),
        ('title: \x00', ['no YAML file']),
        ('a: !!python/object/apply:os.getcwd []', ['no YAML file']),
    ],
)
def test_a_file_that_is_no_plan_is_refused(place, text, words):
    (place / 'bad.yaml').write_text(text)
    with pytest.raises(InputError) as told:
        read_plan('bad.yaml')
    assert all(word in str(told.value) for word in ['bad.yaml', *words])


def test_a_plan_that_is_not_there_is_named(place):
    with pytest.raises(MissingFileError, match=r'no\.yaml'):
        read_plan('no.yaml')


def test_numbers_are_read_as_python_reads_them(place):
    path = write_plan(place)
    path.write_text(path.read_text() + '\noptions: {a.b: 1e-3, a.c: 1.5}\n')
    assert read_plan(path).options == {'a.b': 0.001, 'a.c': 1.5}


def cells_of(path):
    plan = read_plan(path)
    chosen = {name: {} for name in plan.systems}
    return {n: list(final_cells(plan, s, chosen))
            for n, s in plan.studies.items()}  # fmt: skip


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
    cells = cells_of(path)['main']
    found = {
        (c.system, c.budget, c.seed, c.variant.name, c.held_out) for c in cells
    }
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
        assert cell.steps == (9 if cell.variant.name == 'steps=9' else 4)
        assert cell.role == 'final' and cell.study == 'main'
    # An unfinished study compares like with like: seed after seed.
    assert [c.seed for c in cells] == sorted(c.seed for c in cells)


def test_budgets_and_seeds_may_differ_by_system(place):
    path = write_plan(
        place,
        **study(
            budgets={'plain': [4], 'default': [6]},
            seeds={'averaged': [0, 1], 'default': [5]},
        ),
    )
    found = {(c.system, c.budget, c.seed) for c in cells_of(path)['main']}
    assert found == {
        ('plain', 4, 5),
        ('averaged', 6, 0),
        ('averaged', 6, 1),
    }


def test_later_layers_of_options_win(place):
    path = write_plan(
        place,
        options={'a': {'b': 0, 'z': 0}, 'plan': 1, 'b': 1},
        systems=dict(
            plain=dict(config='plain.py', options={'system': 3, 'b': 3}),
            averaged='averaged.py',
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
    plan = read_plan(path)
    (cell,) = final_cells(
        plan, plan.studies['main'], {'plain': {'chosen': 4, 'b': 4}}
    )
    assert cell.options == {
        'plan': 1, 'study': 2, 'system': 3, 'chosen': 4, 'b': 5,
        'a.b': 2, 'a': {'b': 5},
    }  # fmt: skip
    # The config merges one after the other: of a.b and a the later wins.
    assert list(cell.options).index('a.b') < list(cell.options).index('a')
    assert cell.steps == 7


def test_trials_are_the_product_of_a_grid(place):
    plan = read_plan(write_plan(place, search=SEARCH | dict(steps=3)))
    trials = {name: trial_cells(plan, name) for name in plan.systems}
    lr, size = 'optim_wrapper.optimizer.lr', 'train_dataloader.batch_size'
    assert [s for s, _ in trials['plain']] == [{lr: 1e-3}, {lr: 1e-2}]
    assert [s for s, _ in trials['averaged']] == [
        {lr: a, size: b} for a in (1e-3, 1e-2) for b in (1, 2, 3)
    ]
    for settings, cells in trials['averaged']:
        assert [c.seed for c in cells] == [0, 1]
        for cell in cells:
            assert (cell.role, cell.study) == ('trial', 'search')
            assert (cell.budget, cell.steps) == (4, 3)
            assert settings.items() <= cell.options.items()


def test_trials_may_be_listed_one_by_one(place):
    listed = [{'a.b': 1}, {'a.b': 2, 'a.c': 3}]
    path = write_plan(place, search=SEARCH | dict(systems={'plain': listed}))
    assert [s for s, _ in trial_cells(read_plan(path), 'plain')] == listed


def test_a_command_is_searched_and_varied_by_nobody(place):
    systems = dict(PLAN['systems'], own=dict(command='prog {out}'))
    path = write_plan(
        place, systems=systems, search=SEARCH, **study(vary={'a.b': [1]})
    )
    plan = read_plan(path)
    assert trial_cells(plan, 'own') == []
    own = [c for c in cells_of(path)['main'] if c.system == 'own']
    assert {c.variant.name for c in own} == {''} and len(own) == 2


def test_what_waits_for_the_search_is_left_out(place):
    plan = read_plan(write_plan(place))
    study = plan.studies['main']
    found = list(final_cells(plan, study, {'plain': {}}))
    assert {c.system for c in found} == {'plain'}
