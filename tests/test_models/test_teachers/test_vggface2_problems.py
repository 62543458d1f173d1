"""Files that are damaged, of another network, or not quite a published one."""

import pickle

import h5py
import numpy as np
import pytest
import torch
import vggface2_files as files
from vggface2_network import random_state

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers.vggface2_checkpoint import convert_vggface2
from mmpose_ctd.models.teachers.vggface2_file import (
    load_array_pickle,
    read_published,
)

FEW = {
    'conv1.weight': torch.rand(8, 3, 7, 7),
    'bn1.running_var': torch.rand(8),
}
WRITERS = {
    'python 2': files.write_python2_pickle,
    'pickle': files.write_pickle,
    'dag': files.write_dag,
    'dag as zip': lambda path, state: files.write_dag(path, state, False),
    'Keras': files.write_keras,
}
writers = pytest.mark.parametrize('form', WRITERS)


@pytest.fixture(scope='module')
def state():
    return random_state()


@pytest.fixture
def refused(tmp_path):
    """Convert a file that must be refused; nothing may be left behind."""

    def refused(write, *arguments, name='in'):
        path = tmp_path / name
        if isinstance(write, bytes):
            path.write_bytes(write)
        else:
            write(path, *arguments)
        with pytest.raises(InputError) as error:
            convert_vggface2(path, tmp_path / 'out.pth')
        assert [p.name for p in tmp_path.iterdir()] == [name]
        path.unlink()
        assert name in error.value.where
        return error.value

    return refused


@writers
def test_a_file_cut_off_anywhere_is_refused(form, tmp_path):
    path = tmp_path / 'in'
    WRITERS[form](path, FEW)
    data = path.read_bytes()
    cuts = {*range(0, len(data), max(1, len(data) // 60)), len(data) - 1}
    for cut in sorted(cuts):
        path.write_bytes(data[:cut])
        with pytest.raises(InputError):
            read_published(path)


@writers
def test_a_damaged_file_is_refused_or_still_holds_arrays(form, tmp_path):
    """Whatever the bytes ask for, no other error comes out."""
    path = tmp_path / 'in'
    WRITERS[form](path, FEW)
    data = np.frombuffer(path.read_bytes(), np.uint8)
    random = np.random.default_rng(0)
    refusals = 0
    for _ in range(150):
        damaged = data.copy()
        places = random.integers(0, min(len(data), 3000), 3)
        damaged[places] = random.integers(0, 256, 3)
        path.write_bytes(damaged.tobytes())
        try:
            _, read = read_published(path)
        except InputError:
            refusals += 1
        else:
            assert all(isinstance(v, torch.Tensor) for v in read.values())
    assert refusals > 10


@pytest.mark.parametrize(
    ('data', 'found'),
    [
        (b'', 'empty'),
        (b'<!DOCTYPE html>', 'text'),
        (b'\x1f\x8b\x08\0', 'compressed'),
        (b'\x89PNG\r\n', 'refused'),
        (pickle.dumps([1]), 'it holds a list'),
        (pickle.dumps({'x': 1}), "'x' is a int"),
        (pickle.dumps({}), 'no weights'),
        (pickle.dumps({'x': np.array(['text'])}), "values of type 'U4'"),
    ],
)
def test_what_is_no_published_file_is_called_so(data, found, refused):
    assert found in refused(data).found


@pytest.mark.parametrize(
    'content', [[1], {'x': 1}, {'state_dict': {'x': torch.ones(1)}}]
)
def test_a_torch_file_of_something_else_is_refused(content, refused):
    error = refused(lambda path: torch.save(content, path))
    assert 'not a plain state dict' in error.found


def test_another_network_is_refused_by_its_names(refused):
    foreign = {'features.0.weight': torch.ones(2), 'b': torch.ones(1)}
    error = refused(lambda path: torch.save(foreign, path))
    assert "['b', 'features.0.weight']" in error.found


def test_torchvision_names_in_a_torch_file_are_refused(refused, state):
    """ImageNet's ResNet-50 has these names too, for R, G, B."""
    error = refused(lambda path: torch.save(state, path))
    assert 'order of its input channels' in error.found


def test_keys_without_a_partner_are_listed_on_both_sides(refused, state):
    changed = dict(state)
    changed['layer2.0.conv2.weight'] = torch.ones(1, 1, 3, 3)
    changed['layer1.3.conv1.weight'] = torch.ones(1)
    del changed['layer3.5.bn2.running_mean'], changed['fc.bias']
    message = refused(files.write_dag, changed).found
    names = [
        'conv4_6_3x3_bn.running_mean',
        'classifier.bias',
        'conv2_4_1x1_reduce.weight',
        'conv3_1_3x3.weight',
    ]
    assert f'2 missing: {names[1]}, {names[0]};' in message
    assert f'1 left over: {names[2]};' in message
    wrong = f'1 of another shape: {names[3]} (1, 1, 3, 3) -> (128, 128, 3'
    assert wrong in message


def test_the_same_weight_twice_is_refused(refused):
    def write(path):
        with h5py.File(path, 'w') as file:
            file['classifier/a/kernel:0'] = np.ones((2, 2), 'f4')
            file['classifier/b/kernel:0'] = np.ones((2, 2), 'f4')

    assert 'twice' in refused(write).found


def test_an_impossible_epsilon_is_refused(tmp_path):
    (tmp_path / 'in').touch()
    with pytest.raises(InputError) as error:
        convert_vggface2(tmp_path / 'in', tmp_path / 'out.pth', bn_eps=0)
    assert error.value.where == '--bn-eps'


@pytest.mark.parametrize('protocol', [0, 2, 5])
@pytest.mark.parametrize('order', ['<f4', '>f4', '<f2'])
def test_arrays_of_every_pickle_protocol_come_out_as_they_went_in(
    protocol, order, tmp_path
):
    array = (np.arange(24).reshape(2, 3, 4) % 5).astype(order)
    content = {
        'c': array,
        'fortran': np.asfortranarray(array),
        'strided': array[:, ::-1],
        'scalar': np.array(3, order),
    }
    path = tmp_path / 'file.pkl'
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    read = load_array_pickle(path)
    assert list(read) == list(content)
    for key, value in content.items():
        assert read[key].dtype == value.dtype.newbyteorder('=')
        np.testing.assert_array_equal(read[key], value)
        torch.from_numpy(read[key]).zero_()  # writable, in native order
