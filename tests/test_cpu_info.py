"""What is told of the processor, with Linux's file and without."""

import pytest

from mmpose_ctd import cpu_info as module
from mmpose_ctd.cpu_info import cpu_info

TOLD = """processor\t: 0
vendor_id\t: GenuineIntel
model\t\t: 207
model name\t: A Processor: the 2nd

processor\t: 1
vendor_id\t: AuthenticAMD
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    file = tmp_path / 'cpuinfo'
    monkeypatch.setattr(module, 'CPUINFO', file)
    monkeypatch.setattr('platform.processor', lambda: 'of another system')
    return file


def test_fields_are_those_of_the_first_processor(file):
    file.write_text(TOLD)
    assert cpu_info('vendor_id') == 'GenuineIntel'
    assert cpu_info('model name') == 'A Processor: the 2nd'


def test_without_the_file_or_the_field_python_is_asked(file, monkeypatch):
    assert cpu_info('vendor_id') == 'of another system'
    file.write_text(TOLD)
    assert cpu_info('CPU part') == 'of another system'
    monkeypatch.setattr('platform.processor', lambda: '')
    assert cpu_info('CPU part')
