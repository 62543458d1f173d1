"""FaceRes in TensorFlow.js's format, and a numpy interpreter of its graph.

Written from the published file, not from this package's reader or network:
what they agree on is worth something.
"""

import base64
import json
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

#: Output channels and stride of the thirteen separable units.
UNITS = (
    (64, 1),
    *((128, 2), (128, 1)),
    *((256, 2), (256, 1)),
    *((512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1)),
    *((1024, 2), (1024, 1)),
)
#: Nodes that end the stages.
STAGE_ENDS = tuple(f'conv_pw_{n}_relu/clip_by_value' for n in (3, 5, 11, 13))
EMBEDDING = 'global_pooling/Mean'


class _Graph:
    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes, self.arrays = [], {}
        self.current = 'input_1'

    def array(self, name: str, values) -> str:
        self.arrays[name] = np.asarray(values, np.float32)
        self.nodes.append({'name': name, 'op': 'Const'})
        return name

    def add(self, op: str, name: str, *inputs: str, **attributes) -> None:
        attributes = {
            'padding': {'s': base64.b64encode(b'SAME').decode()},
            **attributes,
        }
        self.nodes.append(
            {
                'name': name,
                'op': op,
                'input': [self.current, *inputs],
                'attr': attributes,
            }
        )
        self.current = name

    def convolution(
        self, name: str, kernel: np.ndarray, stride: int, depthwise: bool
    ) -> None:
        norm = f'{name}_bn/batchnorm_1'
        strides = {'list': {'i': ['1', str(stride), str(stride), '1']}}
        outputs = kernel.shape[2 if depthwise else 3]
        if depthwise:
            weight = self.array(f'{name}/depthwise_kernel', kernel)
            self.add(
                'DepthwiseConv2dNative',
                f'{name}/depthwise',
                weight,
                strides=strides,
            )
            scale = self.array(
                f'{norm}/mul', self.random.uniform(0.5, 1.5, outputs)
            )
            self.add('Mul', f'{norm}/mul_1', scale)
        else:
            weight = self.array(f'{name}/convolution/merged_input', kernel)
            self.add('Conv2D', f'{norm}/mul_1', weight, strides=strides)
        bias = self.array(f'{norm}/sub', self.random.normal(0, 0.3, outputs))
        self.add('Add', f'{norm}/add_1', bias)
        self.add('Relu', f'{name}_relu/Relu')
        six = self.array(f'{name}_relu/Cast', 6)
        self.add('Minimum', f'{name}_relu/clip_by_value/Minimum', six)
        zero = self.array(f'{name}_relu/Const_1', 0)
        self.add('Maximum', f'{name}_relu/clip_by_value', zero)


def write_faceres(folder: Path, seed: int = 0) -> Path:
    """Write a model with random weights; return the path of its weights."""
    graph = _Graph(seed)
    # Weights that keep the maps between 0 and ReLU6's 6.
    normal = graph.random.normal
    first = normal(0, 0.004, (3, 3, 3, 32))
    graph.convolution('conv1', first, 2, False)
    channels = 32
    for number, (width, stride) in enumerate(UNITS, 1):
        depthwise = normal(0, 0.5, (3, 3, channels, 1))
        graph.convolution(f'conv_dw_{number}', depthwise, stride, True)
        pointwise = normal(0, (2 / channels) ** 0.5, (1, 1, channels, width))
        graph.convolution(f'conv_pw_{number}', pointwise, 1, False)
        channels = width
    axes = graph.array('axes', [1, 2])
    graph.add('Mean', EMBEDDING, axes)
    weights = folder / 'faceres-deep.bin'
    weights.write_bytes(b''.join(a.tobytes() for a in graph.arrays.values()))
    manifest = [
        {'name': name, 'shape': list(array.shape), 'dtype': 'float32'}
        for name, array in graph.arrays.items()
    ]
    content = {
        'modelTopology': {'node': graph.nodes},
        'weightsManifest': [{'paths': [weights.name], 'weights': manifest}],
    }
    weights.with_suffix('.json').write_text(json.dumps(content))
    return weights


def run_graph(model: Path, images: np.ndarray) -> dict[str, np.ndarray]:
    """Run the nodes of a TensorFlow.js graph, in float64.

    Args:
        model (Path): The JSON file.
        images (np.ndarray): (N, H, W, 3).

    Returns:
        dict[str, np.ndarray]: What each node gives, up to the embedding.
    """
    content = json.loads(model.read_text())
    group = content['weightsManifest'][0]
    data = (model.parent / group['paths'][0]).read_bytes()
    values, start = {'input_1': images.astype(np.float64)}, 0
    for entry in group['weights']:
        count = int(np.prod(entry['shape']))
        kind = {'float32': '<f4', 'int32': '<i4'}[entry['dtype']]
        array = np.frombuffer(data, kind, count, start)
        values[entry['name']] = array.reshape(entry['shape'])
        start += count * 4
    for node in content['modelTopology']['node']:
        if node['op'] in ('Const', 'Placeholder'):
            continue
        a, *rest = (values[name] for name in node['input'])
        values[node['name']] = _OPERATORS[node['op']](node, a, *rest)
        if node['name'] == EMBEDDING:
            break
    return values


def _windows(node: dict, x: np.ndarray, size: int) -> np.ndarray:
    """Windows (N, h, w, C, size, size) of a map padded as "SAME"."""
    attributes = node['attr']
    assert base64.b64decode(attributes['padding']['s']) == b'SAME'
    stride = int(attributes['strides']['list']['i'][1])
    pads = []
    for side in x.shape[1:3]:
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        pads.append((total // 2, total - total // 2))
    x = np.pad(x, [(0, 0), *pads, (0, 0)])
    return sliding_window_view(x, (size, size), (1, 2))[:, ::stride, ::stride]


def _convolve(node: dict, x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    windows = _windows(node, x, kernel.shape[0])
    return np.tensordot(windows, kernel, ((4, 5, 3), (0, 1, 2)))


def _depthwise(node: dict, x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    windows = _windows(node, x, kernel.shape[0])
    return np.einsum('nhwcij,ijc->nhwc', windows, kernel[..., 0])


_OPERATORS = {
    'Conv2D': _convolve,
    'DepthwiseConv2dNative': _depthwise,
    'Add': lambda node, a, b: a + b,
    'Mul': lambda node, a, b: a * b,
    'Relu': lambda node, a: np.maximum(a, 0),
    'Minimum': lambda node, a, b: np.minimum(a, b),
    'Maximum': lambda node, a, b: np.maximum(a, b),
    'Mean': lambda node, a, axes: a.mean(axis=tuple(axes.astype(int))),
}
