"""The file of results: what goes in comes out, and nobody is named."""

import sqlite3
import threading

import numpy as np
import pytest

from mmpose_ctd.apis.comparing.cells import Cell
from mmpose_ctd.apis.comparing.jobs import Test
from mmpose_ctd.apis.comparing.plan import Variant
from mmpose_ctd.apis.comparing.results_table import ResultsTable
from mmpose_ctd.errors import InputError


def cell_of(**changes):
    given = dict(
        study='main',
        system='FT',
        variant=Variant('lr=1', {'a.lr': 1}),
        budget=20,
        seed=3,
        held_out='north',
        role='final',
        options={'a.lr': 1, 'model.file': '/home/jo_smith/w.pth'},
        steps=500,
    )
    return Cell(**given | changes)


def made_test(key='k', **changes):
    return Test(key, cell_of(**changes), ['jo_smith', 'b'], None, 'hash')


def result_of(*keys, errors=((1.0, 2.0), (None, 4.0), (0.5, 0.25))):
    one = dict(
        errors=[list(row) for row in errors],
        subjects=[0, 0, 1],
        sites=['north', '', 'north'],
        landmarks=['pronasale', 'subnasale'],
        test_set='abc',
        test_seconds=1.234,
        config_hash='hash',
    )
    return dict(
        started='2026-01-01T00:00:00+00:00',
        commit='0123456789+',
        environment={'gpu': None, 'torch': '2'},
        seconds=12.345,
        resumed=1,
        tests=dict.fromkeys(keys, one),
    )


@pytest.fixture
def table(tmp_path):
    return ResultsTable(tmp_path / 'new' / 'results.sqlite')


def test_a_record_is_what_was_stored(table):
    test = made_test()
    table.add('t', result_of('k'), [test])
    (record,) = table.records([test, made_test('absent')])
    expected = np.array([[1.0, 2.0], [np.nan, 4.0], [0.5, 0.25]])
    np.testing.assert_array_equal(record.errors, expected)
    assert record.image_errors == pytest.approx([1.5, 4.0, 0.375])
    assert record.mean_error == pytest.approx((1.5 + 4.0 + 0.375) / 3)
    assert table.errors() == {'k': pytest.approx(record.mean_error)}
    assert record.subjects.tolist() == [0, 0, 1]
    assert record.sites == ('north', '', 'north')
    assert record.landmarks == ('pronasale', 'subnasale')
    assert (record.seconds, record.test_seconds) == (12.35, 1.23)
    assert (record.commit, record.steps) == ('0123456789+', 500)
    assert record.environment == {'gpu': None, 'torch': '2'}
    for name in ('study', 'system', 'budget', 'seed', 'held_out', 'role'):
        assert getattr(record, name) == getattr(test.cell, name)
    assert record.variant == 'lr=1' and record.config_hash == 'hash'
    assert record.options['a.lr'] == 1


def test_an_image_without_a_visible_landmark_is_stored_and_not_counted(table):
    errors = ((1.0, 2.0), (None, None), (0.5, 0.5))
    test = made_test()
    table.add('t', result_of('k', errors=errors), [test])
    assert table.errors() == {'k': pytest.approx((1.5 + 0.5) / 2)}
    (record,) = table.records([test])
    assert np.isnan(record.errors[1]).all()
    assert record.mean_error == pytest.approx(1.0)
    with pytest.raises(InputError, match='FT'):
        table.add('t', result_of('k', errors=[[None] * 2] * 3), [test])


def test_a_shared_run_is_a_record_of_each_study(table):
    first, second = made_test(), made_test(study='again', variant=Variant())
    table.add('t', result_of('k'), [first])
    one, other = table.records([first, second])
    assert (one.study, other.study) == ('main', 'again')
    assert (one.variant, other.variant) == ('lr=1', '')
    np.testing.assert_array_equal(one.errors, other.errors)


def test_storing_again_replaces(table):
    test = made_test()
    table.add('t', result_of('k'), [test])
    again = result_of('k', errors=((9.0, 9.0),) * 2)
    table.add('t', again, [test])
    (record,) = table.records([test])
    assert record.errors.shape == (2, 2) and record.mean_error == 9


def test_a_job_is_stored_whole_or_not_at_all(table):
    tests = [made_test('k'), made_test('missing')]
    with pytest.raises(KeyError):
        table.add('t', result_of('k'), tests)
    assert table.errors() == {}


def test_folders_are_not_stored(table):
    table.add('t', result_of('k'), [made_test()])
    with sqlite3.connect(table.path) as db:
        assert 'jo_smith' not in '\n'.join(db.iterdump())


def test_speeds_are_means_of_a_system_and_length(table):
    for i, seconds in enumerate((10.0, 20.0)):
        result = result_of(f'k{i}') | dict(seconds=seconds)
        table.add(f't{i}', result, [made_test(f'k{i}')])
    table.add('x', result_of('x'), [made_test('x', system='ED', steps=5)])
    assert table.speeds()['FT', 500] == pytest.approx(15 + 1.23)
    assert table.speeds()['ED', 5] == pytest.approx(12.35 + 1.23)


def test_a_failure_is_forgotten_when_it_went_well(table):
    table.fail('t', 'status 1')
    table.fail('t', 'status 2')
    with sqlite3.connect(table.path) as db:
        assert db.execute('SELECT told FROM failures').fetchall() == [
            ('status 2',)
        ]
    table.add('t', result_of('k'), [made_test()])
    with sqlite3.connect(table.path) as db:
        assert db.execute('SELECT * FROM failures').fetchall() == []


def test_other_files_are_refused_and_left_alone(tmp_path):
    text = tmp_path / 'notes.txt'
    text.write_text('no table at all, and longer than a header of SQLite\n')
    foreign = tmp_path / 'other.sqlite'
    with sqlite3.connect(foreign) as db:
        db.execute('CREATE TABLE patients (name TEXT)')
        db.execute('PRAGMA user_version = 1')
    newer = tmp_path / 'newer.sqlite'
    ResultsTable(newer).fail('t', 'why')
    with sqlite3.connect(newer) as db:
        db.execute('PRAGMA user_version = 99')
    for path, words in (
        (text, 'no table of results'),
        (foreign, 'it holds patients'),
        (newer, 'version 99'),
        (tmp_path, 'unable to open'),
    ):
        before = path.read_bytes() if path.is_file() else None
        with pytest.raises(InputError) as told:
            ResultsTable(path)
        assert str(path) in str(told.value) and words in str(told.value)
        assert before is None or path.read_bytes() == before


def test_many_may_make_the_table_at_once(tmp_path):
    errors = []

    def make(i):
        try:
            table = ResultsTable(tmp_path / 'results.sqlite')
            table.add(f't{i}', result_of(f'k{i}'), [made_test(f'k{i}')])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=make, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(ResultsTable(tmp_path / 'results.sqlite').errors()) == 12


def test_a_file_that_another_is_just_making_is_waited_for(tmp_path):
    path = tmp_path / 'results.sqlite'
    reader, writer = ResultsTable(path), ResultsTable(path)
    path.touch()
    assert reader.errors() == {}
    path.write_bytes(b'')
    writer.add('t', result_of('k'), [made_test()])
    assert set(reader.errors()) == {'k'}


def test_what_cannot_be_written_is_told_and_nothing_of_it_stored(table):
    table.fail('t', 'why')
    with sqlite3.connect(table.path) as db:
        db.execute(
            'CREATE TRIGGER full BEFORE INSERT ON images '
            "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    with pytest.raises(InputError, match=r'results\.sqlite: disk is full'):
        table.add('t', result_of('k'), [made_test()])
    assert table.errors() == {}
    assert table.failed() == {'t': 'why'}


def test_a_table_is_made_with_its_first_result(tmp_path):
    table = ResultsTable(tmp_path / 'new' / 'results.sqlite')
    assert table.errors() == table.speeds() == table.failed() == {}
    assert list(table.records([])) == []
    assert not (tmp_path / 'new').exists()
    table.fail('abc', 'status 1')
    assert table.failed() == {'abc': 'status 1'}


def test_a_table_that_is_still_packed_is_told(tmp_path):
    (tmp_path / 'results.sqlite.gz').write_bytes(b'')
    with pytest.raises(InputError, match=r'gunzip -k .*results\.sqlite\.gz'):
        ResultsTable(tmp_path / 'results.sqlite')
