"""Facts about the machine, with Linux's file and without."""

import platform
from pathlib import Path

import pytest
import torch

from mmpose_ctd import machine as module
from mmpose_ctd.machine import cpu_info, has_fast_bfloat16, machine_class

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


@pytest.mark.parametrize(
    'avx512, amx, intel, fast',
    [
        (False, False, False, False),
        (True, False, True, False),  # a virtual machine that hides AMX
        (True, True, True, True),
        (False, True, True, True),
        (None, None, False, False),  # an older torch cannot tell
    ],
)
def test_a_cpu_is_fast_with_instructions_that_gain_something(
    monkeypatch, avx512, amx, intel, fast
):
    vendor = 'GenuineIntel' if intel else 'AuthenticAMD'
    monkeypatch.setattr(module, 'cpu_info', {'vendor_id': vendor}.get)
    probes = {
        '_is_avx512_bf16_supported': avx512,
        '_is_amx_tile_supported': amx,
    }
    for name, answer in probes.items():
        monkeypatch.delattr(torch.cpu, name, raising=False)
        if answer is not None:
            monkeypatch.setattr(
                torch.cpu, name, lambda answer=answer: answer, raising=False
            )
    assert has_fast_bfloat16('cpu') == fast


@pytest.mark.parametrize('capability, fast', [((7, 5), False), ((8, 0), True)])
@pytest.mark.parametrize('device', ['cuda', 'cuda:1'])
def test_a_gpu_is_fast_from_ampere_on(monkeypatch, device, capability, fast):
    monkeypatch.setattr(
        torch.cuda,
        'get_device_capability',
        lambda which=None: {device: capability}[which],
    )
    assert has_fast_bfloat16(device) == fast


def test_other_devices_are_not_fast():
    assert not has_fast_bfloat16('mps')


def test_the_machine_has_a_class_and_no_name():
    machine = machine_class()
    assert machine['threads'] == torch.get_num_threads()
    assert machine['torch'] == torch.__version__
    assert machine['cores'] >= 1 and machine['cpu']
    assert platform.node() not in str(machine)
    assert str(Path.home()) not in str(machine)
