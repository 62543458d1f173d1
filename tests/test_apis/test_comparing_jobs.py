"""Which runs are the same run, who trains and who is tested in them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from comparing_place import ANNOTATIONS, FACES, PLAN, jobs_of

from mmpose_ctd.apis.comparing.overview import overview
from mmpose_ctd.apis.comparing.results_table import ResultsTable
from mmpose_ctd.errors import InputError

LR = 'optim_wrapper.optimizer.lr'
SEARCH = dict(
    budget=4,
    seeds=[0, 1],
    pool='splits/pool.txt',
    subjects=3,
    common={LR: [1e-3, 1e-2]},
    systems={'averaged': {'train_dataloader.batch_size': [1, 2]}},
)


def study(**changes):
    return dict(studies=dict(main=dict(PLAN['studies']['main'], **changes)))


def finals_of(jobs):
    return list(jobs.finals({name: {} for name in jobs.plan.systems}))


def keys_of(place, **changes):
    """Keys of training and test of the plan's first run."""
    jobs = jobs_of(place, **changes)
    test = finals_of(jobs)[0]
    return jobs.jobs([test])[0].key, test.key


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
        dict(options={'model.backbone.channels': [6, 10]}),
        dict(options={'load_from': 'weights/start.pth'}),
        dict(options={'default_hooks.ema.type': 'EMAHook'}),
        dict(environment={'TOY_SIDE': 16}),
        dict(systems=dict(plain=dict(config='plain.py', options={LR: 1}))),
    ],
)
def test_what_changes_a_training_makes_it_another(place, changes):
    training, test = keys_of(place)
    other_training, other_test = keys_of(place, **changes)
    assert other_training != training and other_test != test


def test_other_labels_make_another_run(place):
    before = keys_of(place)
    file = Path(FACES, ANNOTATIONS)
    content = json.loads(file.read_text())
    content['annotations'][0]['keypoints'][0] += 1
    file.write_text(json.dumps(content))
    assert all(a != b for a, b in zip(keys_of(place), before))


def test_how_it_predicts_makes_another_test_of_the_same_training(place):
    jobs = jobs_of(
        place,
        **study(budgets=[4], vary={'model.test_cfg.flip_test': [True]}),
    )
    tests = finals_of(jobs)
    assert len({test.key for test in tests}) == 4
    assert len({test.config_hash for test in tests}) == 4
    found = jobs.jobs(tests)
    assert [len(job.tests) for job in found] == [2, 2]


def test_two_studies_share_a_run(place):
    one = PLAN['studies']['main']
    jobs = jobs_of(place, studies=dict(main=one, again=one))
    tests = finals_of(jobs)
    assert len(tests) == 8 and len({test.key for test in tests}) == 4
    assert len(jobs.jobs(tests)) == 4


def test_a_commands_words_tell_its_runs_apart(place):
    def key(command):
        jobs = jobs_of(
            place,
            systems=dict(plain='plain.py', own=dict(command=command)),
            **study(systems=['own'], budgets=[4]),
        )
        return finals_of(jobs)[0].key

    # All of them end alike.
    same = '{data_root}/{ann_file} --out {out}'
    first = key(f'python a/prog.py --fit ridge {same}')
    assert key(f'python b/prog.py --fit ridge {same}') == first
    others = [
        key(f'python a/prog.py --fit vertex {same}'),
        key(f'python a/other.py --fit ridge {same}'),
    ]
    assert len({first, *others}) == 3


def test_files_of_one_name_are_refused(place):
    systems = {
        name: dict(config='plain.py', options={'load_from': file})
        for name, file in (('plain', 'a/w.pth'), ('averaged', 'b/w.pth'))
    }
    with pytest.raises(InputError, match=r"'a/w.pth' and 'b/w.pth'"):
        finals_of(jobs_of(place, systems=systems))


# ---------------------------------------------------------------- subjects


def people(place, jobs):
    """Seed -> training subjects of the search; who validates; who tests."""
    trials = [test for _, _, tests in jobs.trials() for test in tests]
    train = {test.cell.seed: set() for test in trials}
    for job in jobs.jobs(trials):
        train[job.cell.seed] |= {*job.subjects}
    validate = {name for test in trials for name in test.subjects}
    return train, validate


def test_a_search_never_sees_a_test_subject(place):
    jobs = jobs_of(place, search=SEARCH)
    train, validate = people(place, jobs)
    tested = {*Path(FACES, 'splits/test.txt').read_text().split()}
    pool = {*Path(FACES, 'splits/pool.txt').read_text().split()}
    assert len(validate) == 3 and validate <= pool
    assert not validate & tested
    for seed in (0, 1):
        assert len(train[seed]) == 4
        assert not train[seed] & (validate | tested)
    # All systems and settings are judged by the same faces.
    trials = [test for _, _, tests in jobs.trials() for test in tests]
    assert len({tuple(test.subjects) for test in trials}) == 1


def test_not_even_by_a_split_that_names_images(place):
    # One of the pool's people is tested by an image of theirs.
    splits = Path(FACES, 'splits')
    one = (splits / 'pool.txt').read_text().split()[0]
    with (splits / 'test.txt').open('a') as file:
        file.write(f'\nimage:{one}_01.jpg\n')
    search = SEARCH | dict(subjects=9, seeds=[0])
    with pytest.raises(InputError, match='only'):
        # 16 of the pool less 4 who train: 12, less the one, if they do not.
        list(jobs_of(place, search=search | dict(subjects=12)).trials())
    _, validate = people(place, jobs_of(place, search=search))
    assert one not in validate


def test_what_the_search_chose_reaches_the_finals(place):
    jobs = jobs_of(
        place, search=SEARCH, **study(budgets=[4], vary={LR: [0.5]})
    )
    errors = {}
    assert jobs.chosen(errors) == {}
    for _, settings, tests in jobs.trials():
        # Of two seeds, so that only the mean says which is best.
        best = settings[LR] == 1e-2 and (
            settings.get('train_dataloader.batch_size', 2) == 2
        )
        for seed, test in enumerate(tests):
            errors[test.key] = (1 if best else 2) + 5 * (seed == best)
    chosen = jobs.chosen(errors)
    assert chosen == {
        'plain': {LR: 1e-2},
        'averaged': {LR: 1e-2, 'train_dataloader.batch_size': 2},
    }
    for test in jobs.finals(chosen):
        rate = test.cfg.optim_wrapper.optimizer.lr
        # A variant is what its study asks about: it wins.
        assert rate == (0.5 if test.cell.variant.name else 1e-2)
        if test.cell.system == 'averaged':
            assert test.cfg.train_dataloader.batch_size == 2
    # Without one of its trials a system waits; the others do not.
    last = list(jobs.trials())[-1][2][-1]
    del errors[last.key]
    assert {*jobs.chosen(errors)} == {'plain'}


def test_equal_trials_are_decided_by_their_order(place):
    jobs = jobs_of(place, search=SEARCH)
    errors = {t.key: 1.0 for _, _, tests in jobs.trials() for t in tests}
    assert jobs.chosen(errors)['plain'] == {LR: 1e-3}


def test_too_few_subjects_to_validate_are_told(place):
    with pytest.raises(InputError) as told:
        list(jobs_of(place, search=SEARCH | dict(subjects=99)).trials())
    assert 'search.subjects=99' in str(told.value)


def site_of(name):
    return name.split('_')[0]


def test_nobody_trains_from_the_site_that_is_held_out(place):
    jobs = jobs_of(place, **study(held_out=['north', 'south'], seeds=[0, 1]))
    tests = finals_of(jobs)
    small = {}
    for job in jobs.jobs(tests):
        held, budget, seed = (
            job.cell.held_out, job.cell.budget, job.cell.seed
        )  # fmt: skip
        assert len(job.subjects) == budget
        assert held not in {site_of(name) for name in job.subjects}
        for test in job.tests:
            assert {site_of(name) for name in test.subjects} == {held}
            assert not {*test.subjects} & {*job.subjects}
        small.setdefault((held, seed), {})[budget] = {*job.subjects}
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
    jobs = jobs_of(place, **study(held_out=['north', 'south'], budgets=[6]))
    for job in jobs.jobs(finals_of(jobs)):
        assert not {*both} & {*job.subjects}
        assert all(not {*both} & {*test.subjects} for test in job.tests)


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (study(held_out=['west']), ["held_out='west'", "'north', 'south'"]),
        (study(held_out=['north'], budgets=[9]), ['8 subjects', "'north'"]),
        (dict(test_split='splits/pool.txt'), ['4 of 16', 'training split']),
        (
            dict(train_split='splits/train_n006_seed{seed}.txt'),
            ['train_split', '6 subjects with 6 images', 'budget 4'],
        ),
        (dict(options={'side': 48}), ["'side'", 'plain.py reads']),
        (dict(options={'optim_wraper.lr': 1}), ["'optim_wraper.lr'"]),
        (dict(options={'train_cfg.max_iters': 9}), ['steps of the plan']),
        (dict(options={'randomness.seed': 9}), ['seeds of the plan']),
        (
            dict(options={'test_dataloader.dataset.split': 'a.txt'}),
            ['test_split of the plan'],
        ),
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
            ['averaged', "'other'", 'one annotation file'],
        ),
        (
            dict(systems=dict(plain=dict(command='a'))),
            ["baseline='plain'", 'a system with a config'],
        ),
    ],
)
def test_what_would_compare_unlike_things_is_refused(place, changes, words):
    with pytest.raises(InputError) as told:
        finals_of(jobs_of(place, **changes))
    assert 'plan.yaml' in str(told.value)
    for word in words:
        assert word in str(told.value)


def test_a_config_that_cannot_be_read_is_named(place):
    (place / 'plain.py').write_text('1 / 0')
    with pytest.raises(InputError, match='plain.py: ZeroDivisionError'):
        jobs_of(place)


def test_a_schedule_is_stretched_to_the_steps(place):
    text = (place / 'plain.py').read_text()
    (place / 'plain.py').write_text(
        text + 'param_scheduler.append(dict(type="MultiStepLR", '
        'milestones=[5, 8], by_epoch=False))\n'
        'param_scheduler.append(dict(type="LinearLR", begin=0, end=3, '
        'by_epoch=False))\n'
    )
    jobs = jobs_of(place, **study(steps=30))
    cfg = finals_of(jobs)[0].cfg
    assert cfg.train_cfg.max_iters == 30
    poly, steps, warmup = cfg.param_scheduler
    assert (poly['end'], steps['milestones']) == (30, [15, 24])
    # A warm-up keeps its length.
    assert warmup['end'] == 3
    assert cfg.val_dataloader is None and cfg.randomness.seed == 0


def test_each_run_keeps_its_own_settings(place):
    # Config.copy() shares what is nested: the last run's steps were all's.
    jobs = jobs_of(place, **study(vary={'steps': [3, 5]}))
    tests = finals_of(jobs)
    assert {test.cell.steps for test in tests} > {3, 5}
    for test in tests:
        assert test.cfg.train_cfg.max_iters == test.cell.steps
        assert test.cfg.param_scheduler[0].end == test.cell.steps
        assert test.cfg.randomness.seed == test.cell.seed


def test_a_dry_run_counts_what_is_left(place):
    from rich.console import Console

    jobs = jobs_of(place, search=SEARCH)
    table = ResultsTable(jobs.plan.table)
    console = Console(width=100, record=True)
    console.print(overview(jobs.plan, jobs, table, 2))
    rows = [line.split() for line in console.export_text().splitlines()]
    numbers = {row[1]: row[3:8] for row in rows if len(row) > 8}
    # 2 + 4 settings, 2 seeds; 2 systems, 2 budgets.
    assert [numbers['search'][i] for i in (0, 2, 4)] == ['12', '0', '12']
    # Of n=4 the configs as they are train as trials, too.
    assert [numbers['main'][i] for i in (0, 2, 4)] == ['4', '0', '2']


def test_records_keep_their_order_whatever_loads_the_images(place):
    from mmpose_ctd.apis.comparing.job_hooks import errors_by_image

    class Metric:
        report = {'test_set': 'x'}

        def landmark_names(self, number):
            return [f'{i}' for i in range(number)]

    def sample(i, subject):
        points = np.full((1, 2, 2), float(i))
        seen = np.array([[1.0, i % 2]])
        return dict(
            img_id=i,
            subject=subject,
            site=None,
            gt_instances=dict(
                keypoints=np.zeros((1, 2, 2)), keypoints_visible=seen
            ),
            pred_instances=dict(keypoints=points),
        )

    samples = [sample(3, 'b'), sample(1, 'b'), sample(2, 'a')]
    found = errors_by_image(samples, Metric())
    assert found['subjects'] == [0, 1, 0] and found['sites'] == ['', '', '']
    lengths = [round(i * 2**0.5, 4) for i in (1, 2, 3)]
    assert found['errors'] == [
        [lengths[0], lengths[0]],
        [lengths[1], None],
        [lengths[2], lengths[2]],
    ]
