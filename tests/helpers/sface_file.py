"""Builds SFace files in the published format, with random weights.

Written from the published graph, not from this package's layers: what the
two agree on is worth something.
"""

import functools

import numpy as np
import onnx
from onnx import helper, numpy_helper

#: Output channels and stride of the separable units 2..14.
UNITS = (
    (64, 1),
    *((128, 2), (128, 1)),
    *((256, 2), (256, 1)),
    *((512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1)),
    *((1024, 2), (1024, 1)),
)
#: Outputs of the graph's nodes that end the stages.
STAGE_ENDS = ('conv_4_relu', 'conv_6_relu', 'conv_12_relu', 'conv_14_relu')


class _Graph:
    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights = [], []
        self.current = 'data'

    def weight(self, name: str, array: np.ndarray) -> str:
        array = np.asarray(array, dtype=np.float32)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def uniform(self, low: float, high: float, *shape: int) -> np.ndarray:
        return self.random.uniform(low, high, shape)

    def add(self, op: str, name: str, *weights: str, **attributes) -> None:
        inputs = [self.current, *weights]
        self.nodes.append(
            helper.make_node(op, inputs, [name], name=name, **attributes)
        )
        self.current = name

    def norm(self, name: str, channels: int, eps: float) -> None:
        # Variances so small that the epsilon shows in the values.
        weights = (
            self.weight(f'{name}_gamma', self.uniform(0.06, 0.2, channels)),
            self.weight(f'{name}_beta', self.uniform(-0.2, 0.2, channels)),
            self.weight(
                f'{name}_moving_mean', self.uniform(-0.1, 0.1, channels)
            ),
            self.weight(
                f'{name}_moving_var', self.uniform(0.01, 0.05, channels)
            ),
        )
        self.add('BatchNormalization', name, *weights, epsilon=eps)

    def unit(self, name, inputs, outputs, kernel, stride=1, group=1) -> None:
        shape = (outputs, inputs // group, kernel, kernel)
        scale = (2 / np.prod(shape[1:])) ** 0.5
        weight = self.random.normal(0, scale, shape)
        self.add(
            'Conv',
            f'{name}_conv2d',
            self.weight(f'{name}_conv2d_weight', weight),
            dilations=[1, 1],
            group=group,
            kernel_shape=[kernel] * 2,
            pads=[kernel // 2] * 4,
            strides=[stride] * 2,
        )
        self.norm(f'{name}_batchnorm', outputs, 1e-3)
        slopes = self.uniform(-0.3, 0.4, outputs, 1, 1)
        self.add(
            'PRelu',
            f'{name}_relu',
            self.weight(f'{name}_relu_gamma', slopes),
        )


def make_sface(seed: int = 0) -> onnx.ModelProto:
    """SFace with random weights, as the OpenCV zoo writes it."""
    graph = _Graph(seed)
    graph.add('Sub', '_minusscalar0', graph.weight('scalar_op1', [127.5]))
    graph.add('Mul', '_mulscalar0', graph.weight('scalar_op2', [1 / 128]))
    graph.unit('conv_1', 3, 32, 3)
    channels = 32
    for index, (outputs, stride) in enumerate(UNITS, start=2):
        graph.unit(
            f'conv_{index}_dw', channels, channels, 3, stride, group=channels
        )
        graph.unit(f'conv_{index}', channels, outputs, 1)
        channels = outputs
    graph.norm('bn1', channels, 2e-5)
    graph.add('Dropout', 'dropout5', ratio=0.4)
    graph.add('Flatten', 'flatten_254')
    weight = graph.random.normal(0, 0.01, (128, channels * 49))
    graph.add(
        'Gemm',
        'pre_fc1',
        graph.weight('pre_fc1_weight', weight),
        graph.weight('pre_fc1_bias', graph.uniform(-0.1, 0.1, 128)),
        transB=1,
    )
    graph.norm('fc1', 128, 2e-5)
    shape = [1, 3, 112, 112]
    image = helper.make_tensor_value_info(
        'data', onnx.TensorProto.FLOAT, shape
    )
    # Old exporters list the weights as inputs too.
    listed = [
        helper.make_tensor_value_info(item.name, item.data_type, item.dims)
        for item in graph.weights
    ]
    output = helper.make_tensor_value_info(
        'fc1', onnx.TensorProto.FLOAT, [1, 128]
    )
    built = helper.make_graph(
        graph.nodes,
        'sface',
        [image, *listed],
        [output],
        initializer=graph.weights,
    )
    opset = [helper.make_opsetid('', 11)]
    return helper.make_model(built, ir_version=6, opset_imports=opset)


@functools.cache
def sface_bytes(seed: int = 0) -> bytes:
    return make_sface(seed).SerializeToString()


def run_stages(data: bytes, images: np.ndarray) -> list[np.ndarray]:
    """What onnxruntime gives: the four stages, then the embedding.

    Args:
        data (bytes): The ONNX file.
        images (np.ndarray): RGB, 0..255, (N, 3, 112, 112).
    """
    import onnxruntime

    model = onnx.load_model_from_string(data)
    del model.graph.input[1:]  # the weights, which onnxruntime warns about
    (embedding,) = (item.name for item in model.graph.output)
    model.graph.output.extend(
        helper.make_empty_tensor_value_info(name) for name in STAGE_ENDS
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=['CPUExecutionProvider']
    )
    rows = [
        session.run([*STAGE_ENDS, embedding], {'data': image[None]})
        for image in images.astype(np.float32)
    ]
    return [np.concatenate(column) for column in zip(*rows)]
