"""Writes VGGFace2's networks in each form that they are published in.

The names are spelled from the published networks' code (VGGFace2-pytorch,
pytorch-mcn's dag models, keras-vggface), not from this package's converter.
"""

import pickle
import struct

import h5py
import numpy as np
import torch

LAYERS = {
    'conv1': '1x1_reduce',
    'bn1': '1x1_reduce',
    'conv2': '3x3',
    'bn2': '3x3',
    'conv3': '1x1_increase',
    'bn3': '1x1_increase',
    'downsample.0': '1x1_proj',
    'downsample.1': '1x1_proj',
    'conv4': '1x1_down',
    'conv5': '1x1_up',
}


def caffe_layer(layer):
    """Name in the Caffe network, and whether it is a BatchNorm."""
    if layer in ('conv1', 'bn1'):
        return 'conv1/7x7_s2', layer == 'bn1'
    if layer in ('fc', 'reduce'):
        return {'fc': 'classifier', 'reduce': 'feat_extract'}[layer], False
    stage, block, inner = layer.split('.', 2)
    name = f'conv{int(stage[5:]) + 1}_{int(block) + 1}_{LAYERS[inner]}'
    return name, inner.startswith('bn') or inner == 'downsample.1'


def bgr_arrays(state):
    """numpy arrays for B, G, R input, under torchvision's names."""
    arrays = {key: value.numpy() for key, value in state.items()}
    arrays['conv1.weight'] = arrays['conv1.weight'][:, ::-1].copy()
    return arrays


def python2_pickle(arrays):
    """What cPickle of Python 2 writes at protocol 2, opcode by opcode."""

    def text(value):
        return b'U' + bytes([len(value)]) + value

    parts = [b'\x80\x02}(']
    for name, array in arrays.items():
        data = array.astype('<f4').tobytes()
        shape = b''.join(b'J' + struct.pack('<i', n) for n in array.shape)
        parts += [
            text(name.encode()),
            b'cnumpy.core.multiarray\n_reconstruct\n',
            b'(cnumpy\nndarray\nK\x00\x85' + text(b'b') + b'tR',
            b'(K\x01(' + shape + b't',
            b'cnumpy\ndtype\n(' + text(b'f4') + b'K\x00K\x01tR',
            b'(K\x03' + text(b'<') + b'NNN' + b'J\xff\xff\xff\xff' * 2,
            b'K\x00tb',
            b'\x89T' + struct.pack('<i', len(data)) + data + b'tb',
        ]
    return b''.join([*parts, b'u.'])


def write_python2_pickle(path, state):
    path.write_bytes(python2_pickle(bgr_arrays(state)))


def write_pickle(path, state, protocol=2):
    with path.open('wb') as file:
        pickle.dump(bgr_arrays(state), file, protocol=protocol)


def dag_state(state):
    """MatConvNet's names; final layers are 1x1 convolutions."""
    dag = {}
    for key, value in state.items():
        layer, _, weight = key.rpartition('.')
        name, is_norm = caffe_layer(layer)
        name = name.replace('/', '_') + ('_bn' if is_norm else '')
        if layer in ('fc', 'reduce') and weight == 'weight':
            value = value[:, :, None, None]
        dag[f'{name}.{weight}'] = value
        if weight == 'running_var':
            dag[f'{name}.num_batches_tracked'] = torch.tensor(7)
    return dag


def write_dag(path, state, legacy=True):
    torch.save(
        dag_state(state), path, _use_new_zipfile_serialization=not legacy
    )


def write_keras(path, state, scope_suffix=''):
    """Keras 2's ``save_weights``: a group a layer, a scope in it."""
    groups = {'input_1': {}, 'activation_1': {}}
    names = dict(running_mean='moving_mean', running_var='moving_variance')
    for key, array in bgr_arrays(state).items():
        layer, _, weight = key.rpartition('.')
        name, is_norm = caffe_layer(layer)
        if is_norm:
            name += '/bn'
            names |= dict(weight='gamma', bias='beta')
        else:
            names |= dict(weight='kernel', bias='bias')
        if array.ndim == 4:
            array = array.transpose(2, 3, 1, 0)
        elif array.ndim == 2:
            array = array.T
        group = groups.setdefault(name, {})
        group[f'{name}{scope_suffix}/{names[weight]}:0'] = array
    with h5py.File(path, 'w') as file:
        file.attrs['layer_names'] = np.array([n.encode() for n in groups])
        file.attrs['backend'] = b'tensorflow'
        for name, weights in groups.items():
            group = file.require_group(name)
            group.attrs['weight_names'] = np.array(
                [n.encode() for n in weights], dtype='S64'
            )
            for weight, array in weights.items():
                group.create_dataset(weight, data=np.ascontiguousarray(array))
