"""Which runs of a plan are the same run, who is in them, and their configs."""

import json
import shutil
from pathlib import Path

import pytest
from comparing_place import (
    ANNOTATIONS,
    FACES,
    LR,
    SEARCH,
    finals_of,
    runs_of,
    study,
)
from faked_plan import finish

from mmpose_ctd.apis.comparing.results_frame import mean_error
from mmpose_ctd.errors import InputError


def keys_of(place, **changes):
    """Keys of training and test of the plan's first run."""
    run = finals_of(runs_of(place, **changes))[0]
    return run.training, run.key


# --------------------------------------------------------------- identity


def test_a_run_is_known_on_another_machine_and_under_another_name(
    place, tmp_path, monkeypatch
):
    here = keys_of(place)
    other = tmp_path / 'elsewhere'
    shutil.copytree(place, other / 'place')
    shutil.move(other / 'place/data', other / 'faces')
    monkeypatch.chdir(other / 'place')
    monkeypatch.setenv('CTD_DATA_ROOT', str(other / 'faces'))
    assert keys_of(other / 'place') == here
    # Neither do names and the use of the machine count.
    again = keys_of(
        other / 'place',
        title='another',
        work_dir='another',
        threads=2,
        checkpoint_every=1,
        keep_weights=True,
        threshold=3.0,
        options={
            'train_dataloader.num_workers': 2,
            'train_dataloader.persistent_workers': True,
            'default_hooks.logger.interval': 7,
        },
        systems=dict(FT='plain.py', plain='plain.py'),
        studies=dict(other=dict(systems=['FT'], budgets=[4], seeds=[0])),
    )
    assert again == here


@pytest.mark.parametrize(
    'changes',
    [
        study(budgets=[6]),
        study(seeds=[1]),
        study(steps=5),
        study(systems=['averaged']),
        study(held_out=['north']),
        dict(options={LR: 2e-3}),
        dict(options={'train_dataloader.batch_size': 3}),
        dict(options={'load_from': 'weights/start.pth'}),
        dict(systems=dict(plain=dict(config='plain.py', options={LR: 1}))),
    ],
)
def test_what_changes_a_training_makes_it_another(place, changes):
    pairs = zip(keys_of(place), keys_of(place, **changes))
    assert all(own != other for own, other in pairs)


@pytest.mark.parametrize('changed', ['labels', 'base config', 'split'])
def test_other_files_make_another_run(place, changed):
    systems = dict(plain='averaged.py')
    before = keys_of(place, systems=systems)
    if changed == 'labels':
        file = Path(FACES, ANNOTATIONS)
        content = json.loads(file.read_text())
        content['annotations'][0]['keypoints'][0] += 1
        file.write_text(json.dumps(content))
    elif changed == 'base config':
        text = Path('plain.py').read_text()
        Path('plain.py').write_text(text.replace('sigma=1', 'sigma=2'))
    else:
        shutil.copy(
            Path(FACES, 'splits/train_n004_seed1.txt'),
            Path(FACES, 'splits/train_n004_seed0.txt'),
        )
    after = keys_of(place, systems=systems)
    assert all(a != b for a, b in zip(after, before))


def test_a_commands_words_make_its_runs_differ(place):
    def key(command):
        runs = runs_of(
            place,
            systems=dict(plain='plain.py', own=dict(command=command)),
            **study(systems=['own'], budgets=[4]),
        )
        return finals_of(runs)[0].key

    same = '{data_root}/{ann_file} --out {out}'
    first = key(f'python a/prog.py --fit ridge {same}')
    assert key(f'python b/prog.py --fit ridge {same}') == first
    others = [
        key(f'python a/prog.py --fit vertex {same}'),
        key(f'python a/other.py --fit ridge {same}'),
    ]
    assert len({first, *others}) == 3


def test_a_run_keeps_its_folder_under_another_name(place):
    (name, *_) = first = runs_of(place).prepare(finals_of(runs_of(place)))
    assert name == f'plain_n004_s0_{keys_of(place)[1]}'
    systems = dict(FT='plain.py', other='averaged.py')
    runs = runs_of(place, baseline='FT', systems=systems)
    assert runs.prepare(finals_of(runs)) == first


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ('changes', 'where', 'words'),
    [
        (study(held_out=['west']), 'held_out', ["'west'", "'north', 'south'"]),
        (study(held_out=['north'], budgets=[9]), 'pool', ['8 subjects']),
        (dict(test_split='splits/pool.txt'), 'test_split', ['4 of 16']),
        (
            dict(train_split='splits/train_n006_seed{seed}.txt'),
            'train_split',
            ['6 subjects with 6 images', 'expected 4'],
        ),
        (dict(options={'side': 48}), 'side', ['plain.py reads']),
        (dict(options={f'{LR}r': 1}), f'{LR}r', [LR]),
        (
            dict(options={'model.test_cfg.flip_tset': 1}),
            'model.test_cfg.flip_tset',
            ['flip_test'],
        ),
        (dict(options={'train_cfg.max_iters': 9}), 'max_iters', ['steps']),
        (
            dict(
                systems=dict(
                    plain='plain.py',
                    averaged=dict(
                        config='averaged.py',
                        options={'test_dataloader.dataset.data_root': 'other'},
                    ),
                )
            ),
            'averaged',
            ["'other'", 'one annotation file'],
        ),
        (
            dict(
                systems={
                    name: dict(config='plain.py', options={'load_from': file})
                    for name, file in (
                        ('plain', 'a/w.pth'),
                        ('averaged', 'b/w.pth'),
                    )
                }
            ),
            'a/w.pth and b/w.pth',
            ['different names'],
        ),
        (
            dict(search=SEARCH | dict(subjects=99)),
            'search.subjects',
            ['99', 'at most'],
        ),
        (dict(test_split='splits/none.txt'), '', ['test_split: ', '/none']),
        (
            dict(pool='splits/none.txt', **study(held_out=['north'])),
            '',
            ['pool: ', '/none'],
        ),
    ],
)
def test_what_would_compare_different_things_is_refused(
    place, changes, where, words
):
    with pytest.raises(InputError) as error:
        runs = runs_of(place, **changes)
        list(runs.trials())
        finals_of(runs)
    assert where in error.value.where
    for word in words:
        assert word in str(error.value)


def test_an_option_need_not_be_in_the_config(place):
    options = {'optim_wrapper.optimizer.weight_decay': 0.1}
    (run, *_) = finals_of(runs_of(place, options=options))
    assert run.cfg.optim_wrapper.optimizer.weight_decay == 0.1


# ---------------------------------------------------------------- configs


def test_a_schedule_is_stretched_to_the_steps(place):
    text = (place / 'plain.py').read_text()
    (place / 'plain.py').write_text(
        text + 'param_scheduler.append(dict(type="MultiStepLR", '
        'milestones=[5, 8], by_epoch=False))\n'
        'param_scheduler.append(dict(type="LinearLR", begin=0, end=3, '
        'by_epoch=False))\n'
    )
    # Config.copy() shares what is nested: the last run's steps were all's.
    runs = finals_of(runs_of(place, **study(vary={'steps': [30, 5]})))
    assert {run.cell.steps for run in runs} > {30, 5}
    for run in runs:
        steps = run.cell.steps
        poly, multi, warmup = run.cfg.param_scheduler
        assert run.cfg.train_cfg.max_iters == poly['end'] == steps
        assert multi['milestones'] == [steps // 2, round(steps * 0.8)]
        # A warm-up keeps its length.
        assert warmup['end'] == 3
        assert run.cfg.val_dataloader is None
        assert run.cfg.randomness.seed == run.cell.seed


# --------------------------------------------------------------- subjects


def people(runs):
    """Seed -> training subjects of the search; who validates."""
    trials = [run for _, _, found in runs.trials() for run in found]
    train = {run.cell.seed: set() for run in trials}
    for run in trials:
        train[run.cell.seed] |= {*run.train}
    return train, [{*run.test} for run in trials]


def test_a_search_never_sees_a_test_subject(place):
    train, (validate, *others) = people(runs_of(place, search=SEARCH))
    tested = {*Path(FACES, 'splits/test.txt').read_text().split()}
    pool = {*Path(FACES, 'splits/pool.txt').read_text().split()}
    assert len(validate) == 3 and validate <= pool
    assert not validate & tested
    for seed in (0, 1):
        assert len(train[seed]) == 4
        assert not train[seed] & (validate | tested)
    # All systems and settings are judged by the same faces.
    assert all(other == validate for other in others)


def test_not_even_by_a_split_that_names_images(place):
    # One of the pool's people is tested by an image of theirs.
    splits = Path(FACES, 'splits')
    one = (splits / 'pool.txt').read_text().split()[0]
    with (splits / 'test.txt').open('a') as file:
        file.write(f'\nimage:{one}_01.jpg\n')
    search = SEARCH | dict(subjects=9, seeds=[0])
    with pytest.raises(InputError, match='at most'):
        # 16 of the pool less 4 who train: 12, less the one, if they do not.
        list(runs_of(place, search=search | dict(subjects=12)).trials())
    _, validate = people(runs_of(place, search=search))
    assert all(one not in names for names in validate)


def site_of(name):
    return name.split('_')[0]


def test_nobody_trains_from_the_site_that_is_held_out(place):
    runs = runs_of(place, **study(held_out=['north', 'south'], seeds=[0, 1]))
    small = {}
    for run in finals_of(runs):
        held, budget, seed = (
            run.cell.held_out, run.cell.budget, run.cell.seed
        )  # fmt: skip
        assert len(run.train) == budget
        assert held not in {site_of(name) for name in run.train}
        assert {site_of(name) for name in run.test} == {held}
        assert not {*run.test} & {*run.train}
        small.setdefault((held, seed), {})[budget] = {*run.train}
    # Of one seed the budgets are nested; seeds differ.
    assert all(found[4] < found[6] for found in small.values())
    assert small['north', 0] != small['north', 1]


def test_who_was_at_both_sites_neither_trains_nor_is_tested(place):
    file = Path(FACES, ANNOTATIONS)
    content = json.loads(file.read_text())
    splits = Path(FACES, 'splits')
    both = [
        (splits / name).read_text().split()[0]
        for name in ('pool.txt', 'test.txt')
    ]
    for image in list(content['images']):
        if image['subject'] in both:
            other = 'south' if image['site'] == 'north' else 'north'
            # The later record is of the other site.
            content['images'].append(
                dict(image, id=1000 + image['id'], site=other)
            )
    file.write_text(json.dumps(content))
    runs = runs_of(place, **study(held_out=['north', 'south'], budgets=[6]))
    for run in finals_of(runs):
        assert not {*both} & {*run.train, *run.test}


# ----------------------------------------------------------------- choice


def test_the_smallest_mean_error_decides_over_the_seeds(place):
    runs = runs_of(
        place, search=SEARCH, **study(budgets=[4], vary={LR: [0.5]})
    )
    assert runs.chosen() == {}
    trials = list(runs.trials())
    for _, settings, found in trials[:-1]:
        # Of two seeds, so that only the mean says which is best.
        best = settings[LR] == 1e-2 and (
            settings.get('train_dataloader.batch_size', 1) == 1
        )
        for seed, run in enumerate(found):
            finish(runs, run, (1 if best else 2) + 5 * (seed == best))
    # Without one of its trials a system waits; the others do not.
    assert {*runs.chosen()} == {'plain'}
    for run in trials[-1][2]:
        finish(runs, run, 9.0)
    chosen = runs.chosen()
    assert chosen == {
        'plain': {LR: 1e-2},
        'averaged': {LR: 1e-2, 'train_dataloader.batch_size': 1},
    }
    for cell, run in runs.finals('main', chosen):
        rate = run.cfg.optim_wrapper.optimizer.lr
        # A variant is what its study asks about: it wins.
        assert rate == (0.5 if cell.variant else 1e-2)
        if cell.system == 'averaged':
            assert run.cfg.train_dataloader.batch_size == 1


def test_equal_trials_are_decided_by_their_order(place):
    runs = runs_of(place, search=SEARCH)
    for _, _, found in runs.trials('plain'):
        for run in found:
            finish(runs, run, 1.0)
    assert runs.chosen() == {'plain': {LR: 1e-3}}


def test_images_without_a_visible_landmark_are_not_counted():
    errors = [[1.0, 2.0], [None, None], [0.5, None]]
    assert mean_error(dict(errors=errors)) == 1.0
