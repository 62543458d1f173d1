"""Which runs of a plan are the same run, and what each is told to do."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from comparing_place import (
    ANNOTATIONS,
    FACES,
    LR,
    PLAN,
    SEARCH,
    finals_of,
    jobs_of,
    study,
)

from mmpose_ctd.apis.comparing.overview import overview
from mmpose_ctd.apis.comparing.results_table import ResultsTable
from mmpose_ctd.errors import InputError


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
