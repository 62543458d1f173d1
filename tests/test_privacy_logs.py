"""What is logged after redact_logs() names no folder of the user's."""

import logging
import os
import pickle
from pathlib import Path

import pytest

from mmpose_ctd.privacy import redact_logs


@pytest.fixture
def log(caplog):
    factory = logging.getLogRecordFactory()
    redact_logs()
    caplog.set_level(logging.DEBUG)
    caplog.handler.setFormatter(logging.Formatter('%(message)s'))
    yield caplog
    logging.setLogRecordFactory(factory)


PATH = '/data/miller/x.pth'


@pytest.mark.parametrize(
    'arguments, expected',
    [
        (('Saved to %s', PATH), 'Saved to <...>/x.pth'),
        (('Saved to %s', Path(PATH)), 'Saved to <...>/x.pth'),
        (('%(a)s: %(b)d', dict(a=PATH, b=3)), '<...>/x.pth: 3'),
        (
            ('Failed: %s', FileNotFoundError(2, 'No such file', PATH)),
            "Failed: [Errno 2] No such file: '<...>/x.pth'",
        ),
        ((f'100 %% of {PATH}',), '100 %% of <...>/x.pth'),
        # A sentence that begins with a path is none.
        ((f'{PATH} is a/b',), '<...>/x.pth is a/b'),
        ((dict(a=1),), "{'a': 1}"),
    ],
)
def test_a_logged_message_has_no_absolute_path(log, arguments, expected):
    logging.getLogger('any').warning(*arguments)
    assert log.messages == [expected]


def test_what_has_no_path_is_logged_as_it_was_given(log):
    arguments = (3, 'a/b')
    logging.getLogger('any').info('%d of %s', *arguments)
    (record,) = log.records
    assert (record.msg, record.args) == ('%d of %s', arguments)
    assert record.name == 'any' and record.levelname == 'INFO'


def test_a_logged_error_has_no_absolute_path_in_its_trace(log):
    try:
        os.stat('/data/miller/Anna Q/x.pth')
    except FileNotFoundError:
        logging.getLogger('any').exception('Failed', stack_info=True)
    (record,) = log.records
    assert 'FileNotFoundError' in log.text
    assert os.path.basename(__file__) in log.text
    for text in (log.text, record.pathname, record.stack_info):
        assert 'miller' not in text
        assert os.path.dirname(pytest.__file__) not in text


def test_records_can_be_sent_to_other_processes(log):
    logging.getLogger('any').warning('%s', PATH)
    record = pickle.loads(pickle.dumps(log.records[0]))
    assert record.getMessage() == '<...>/x.pth'


def test_wrong_arguments_are_left_to_the_handler(log, monkeypatch):
    monkeypatch.setattr(logging, 'raiseExceptions', False)
    monkeypatch.setattr(log.handler, 'handleError', lambda record: None)
    logging.getLogger('any').warning('%d', 'no number')
