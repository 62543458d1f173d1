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


def test_fields_are_those_of_the_first_processor(tmp_path, monkeypatch):
    monkeypatch.setattr(module, 'CPUINFO', tmp_path / 'cpuinfo')
    # Python is asked.
    assert cpu_info('vendor_id')
    (tmp_path / 'cpuinfo').write_text(TOLD)
    assert cpu_info('vendor_id') == 'GenuineIntel'
    assert cpu_info('model name') == 'A Processor: the 2nd'


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
def test_a_gpu_is_fast_from_ampere_on(monkeypatch, capability, fast):
    found = {'cuda:1': capability}
    monkeypatch.setattr(torch.cuda, 'get_device_capability', found.get)
    assert has_fast_bfloat16('cuda:1') == fast


def test_the_machine_has_a_class_and_no_name():
    machine = machine_class()
    assert machine['threads'] == torch.get_num_threads()
    assert machine['torch'] == torch.__version__
    assert machine['cores'] >= 1 and machine['cpu']
    assert platform.node() not in str(machine)
    assert str(Path.home()) not in str(machine)
