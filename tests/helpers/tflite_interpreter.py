"""Runs a tflite graph in numpy, operator by operator.

Written from TensorFlow's definition of the operators, not from this package's
layers: what the two agree on is worth something. Maps are (N, H, W, C).
"""

import numpy as np
from scipy.special import expit


def run_graph(graph, image: np.ndarray) -> dict[int, np.ndarray]:
    """All results by number of their tensor, in float64.

    Args:
        graph (TfliteGraph): As the package reads it.
        image (np.ndarray): The input, (N, H, W, 3).
    """
    values = {graph.inputs[0]: image.astype(np.float64)}
    for operator in graph.operators:
        inputs = [
            values[n] if n in values else graph.constant(n)
            for n in operator.inputs
        ]
        run = _RUN[operator.kind]
        values[operator.outputs[0]] = run(*inputs, **operator.options)
    return values


def _windows(x, kernel, stride, padding, fill):
    """(N, h, w, C, kernel h, kernel w): what each output position sees."""
    extra = [(0, 0)]
    for side, size, step in zip(x.shape[1:3], kernel, stride):
        zeros = 0
        if padding == 'SAME':
            outputs = int(np.ceil(side / step))
            zeros = max((outputs - 1) * step + size - side, 0)
        # TensorFlow: floor(zeros / 2) before, the rest behind.
        extra.append((zeros // 2, zeros - zeros // 2))
    x = np.pad(x, [*extra, (0, 0)], constant_values=fill)
    views = np.lib.stride_tricks.sliding_window_view(x, kernel, (1, 2))
    return views[:, :: stride[0], :: stride[1]]


def _conv(x, weight, bias, stride, padding, **_):
    views = _windows(x, weight.shape[1:3], stride, padding, 0)
    # (out, h, w, in)
    return np.einsum('nyxchw,ohwc->nyxo', views, weight, optimize=True) + bias


def _depthwise(x, weight, bias, stride, padding, **_):
    views = _windows(x, weight.shape[1:3], stride, padding, 0)
    return np.einsum('nyxchw,hwc->nyxc', views, weight[0]) + bias


def _max_pool(x, stride, padding, filter, **_):
    return _windows(x, filter, stride, padding, -np.inf).max((-2, -1))


_RUN = {
    'CONV_2D': _conv,
    'DEPTHWISE_CONV_2D': _depthwise,
    'MAX_POOL_2D': _max_pool,
    'PRELU': lambda x, slopes: np.where(x > 0, x, slopes * x),
    'ADD': lambda a, b, activation: a + b,
    'PAD': lambda x, amounts: np.pad(x, amounts),
    'LOGISTIC': expit,
    'RESHAPE': lambda x, shape: x.reshape(shape),
    'DEQUANTIZE': lambda x: x.astype(np.float64),
}
