"""Networks as ONNX sees them: from pixels to points, without MMPose."""

import copy
import inspect
import io
import warnings

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ctd.apis.measuring.calibration import Calibration
from mmpose_ctd.apis.measuring.error_model import heatmap_spreads
from mmpose_ctd.apis.measuring.landmark_model import LandmarkModel
from mmpose_ctd.datasets.face_mesh import FaceMesh
from mmpose_ctd.errors import InputError
from mmpose_ctd.models.heads import SiteHeatmapHead

OPSET = 17
#: As MMPose's DARK decoding has it.
_LOG_RANGE = 1e-3, 50.0


class LandmarkNetwork(nn.Module):
    """A heat-map model from the pixels of a crop to landmarks.

    It normalises, runs the model on the crop and, with ``flip_test``, on its
    mirror image, and decodes as MMPose's ``UDPHeatmap``: DARK's step from the
    highest value of the blurred heat-map (Zhang et al., CVPR 2020; Huang et
    al., CVPR 2020).

    Args:
        model (LandmarkModel): It is not changed.
        calibration (Calibration, optional): Of the model.

    Raises:
        InputError: If its decoder or flip test is another one.
    """

    def __init__(
        self, model: LandmarkModel, calibration: Calibration | None = None
    ) -> None:
        super().__init__()
        self.judge = calibration and _Judge(calibration)
        net = copy.deepcopy(model.model).cpu().eval()
        self.backbone = _exportable(net.backbone)
        self.neck = _exportable(net.neck) if net.with_neck else None
        self.head = _exportable(net.head)
        if isinstance(net.head, SiteHeatmapHead):
            # Of the image and of its mirror image.
            shares = net.head.shares([model.site] * 2, [False, True])
            self.register_buffer('shares', shares)
        else:
            self.shares = None
        _check(net)
        self.normalise = _Normalise(net.data_preprocessor)
        self.partners = None
        if net.test_cfg.get('flip_test', False):
            self.partners = list(model.metainfo['flip_indices'])
        codec = net.head.decoder
        kernel = cv2.getGaussianKernel(codec.blur_kernel_size, 0)
        kernel = torch.from_numpy(kernel.astype(np.float32).ravel())
        kernels = kernel.repeat(len(model.names), 1, 1, 1)
        self.register_buffer('kernels', kernels)
        self.map_size = w, h = codec.heatmap_size
        size = np.array(codec.input_size) / (w - 1, h - 1)
        self.register_buffer('pixel', torch.from_numpy(size.astype('f')))

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Find the landmarks.

        Args:
            crops (Tensor): uint8, B, G, R, of the input size, (N, H, W, 3).

        Returns:
            tuple[Tensor]: Points in pixels of the crop, (N, K, 2). With a
            calibration, also the standard deviation of their errors along
            each axis in these pixels, (N, K), and in their limits, above
            which a face is unlike the training faces, the faintness of each
            landmark, (N, K), and appearance, shape and roll, (N, 3). Last
            the heat-maps, (N, K, h, w).
        """
        images = self.normalise(crops)
        if self.partners is not None:
            images = torch.cat([images, images.flip(-1)])
        maps = self.backbone(images)
        features = maps[-1]
        if isinstance(features, (tuple, list)):
            features = features[0]
        if self.neck is not None:
            maps = self.neck(maps)
        if self.shares is not None:
            looks = 1 if self.partners is None else 2
            shares = self.shares[:looks, None]
            shares = shares.expand(-1, crops.shape[0], -1)
            maps = (*maps, shares.flatten(0, 1))
        heatmaps = self.head.forward(maps)
        if isinstance(heatmaps, (tuple, list)):
            # Of stacked hourglasses, the last.
            heatmaps = heatmaps[-1]
        features = features.mean((2, 3))
        if self.partners is not None:
            k, h, w = len(self.partners), *self.map_size[::-1]
            heatmaps = heatmaps.reshape(2, -1, k, h, w)
            mirrored = heatmaps[1].flip(-1)[:, self.partners]
            heatmaps = (heatmaps[0] + mirrored) * 0.5
            features = features.reshape(2, -1, features.shape[1])[0]
        points = self._decode(heatmaps)
        if self.judge is None:
            return points, heatmaps
        return points, *self.judge(points, heatmaps, features), heatmaps

    def _decode(self, heatmaps: Tensor) -> Tensor:
        """(N, K, h, w) -> (N, K, 2) in pixels of the input."""
        w, h = self.map_size
        k, border = len(self.kernels), self.kernels.shape[-1] // 2
        flat = heatmaps.flatten(2)
        at = flat.argmax(-1, keepdim=True)
        column, row = at % w, at // w
        across, down = self.kernels, self.kernels.transpose(2, 3)
        blurred = F.conv2d(heatmaps, across, padding=(0, border), groups=k)
        blurred = F.conv2d(blurred, down, padding=(border, 0), groups=k)
        top = blurred.flatten(2).max(-1)[0] / flat.max(-1)[0]
        logs = (blurred / top[..., None, None]).clamp(*_LOG_RANGE).log()
        padded = F.pad(logs, (1, 1, 1, 1), mode='replicate').flatten(2)

        def near(right: int, down: int) -> Tensor:
            place = (row + 1 + down) * (w + 2) + column + 1 + right
            return padded.gather(2, place)[..., 0]

        here = near(0, 0)
        dx, dy = near(1, 0) - near(-1, 0), near(0, 1) - near(0, -1)
        least = float(np.finfo(np.float32).eps)
        dxx = near(1, 0) - 2 * here + near(-1, 0) + least
        dyy = near(0, 1) - 2 * here + near(0, -1) + least
        corners = near(1, 1) + near(-1, -1) + 2 * here
        sides = near(1, 0) + near(-1, 0) + near(0, 1) + near(0, -1)
        dxy = 0.5 * (corners - sides)
        scale = 0.5 / (dxx * dyy - dxy * dxy)
        step_x = (dyy * dx - dxy * dy) * scale
        step_y = (dxx * dy - dxy * dx) * scale
        x, y = column[..., 0] - step_x, row[..., 0] - step_y
        return torch.stack([x, y], -1) * self.pixel


class _Judge(nn.Module):
    """What a calibration says of faces; see :meth:`.Calibration.judge`."""

    def __init__(self, calibration: Calibration) -> None:
        super().__init__()
        errors = calibration.landmark_errors
        look = calibration.familiarity.appearance
        self.limits = calibration.familiarity.limits
        self.spread, self.slope = errors.spread, errors.slope
        self.rest = look.rest
        mean = calibration.familiarity.mean_shape
        self.seen = np.flatnonzero(np.isfinite(mean).all(axis=1)).tolist()
        shape = mean[self.seen] - mean[self.seen].mean(axis=0)
        for name, values in dict(
            logs=errors.offset + errors.landmarks,
            mean=look.mean,
            directions=look.directions,
            variances=look.variances,
            shape=shape / np.linalg.norm(shape),
        ).items():
            tensor = torch.from_numpy(np.asarray(values, np.float32))
            self.register_buffer(name, tensor)

    def forward(
        self, points: Tensor, heatmaps: Tensor, features: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        spreads = heatmap_spreads(heatmaps)
        logs = self.logs.expand(points.shape[:2])
        if self.spread != 'none':
            logs = logs + self.slope * spreads[self.spread].log()
        faintness = spreads['inverse_peak'] / self.limits.faintness
        centred = F.normalize(features) - self.mean
        along = centred @ self.directions.T
        outside = (centred**2).sum(1) - (along**2).sum(1)
        total = (along**2 / self.variances).sum(1)
        total = total + outside.clamp(min=0) / self.rest
        look = (total / len(self.mean)).sqrt() / self.limits.appearance
        places = points[:, self.seen]
        places = places - places.mean(1, keepdim=True)
        x, y = (places / (places**2).sum((1, 2), keepdim=True).sqrt()).unbind(
            -1
        )
        a, b = self.shape.unbind(-1)
        real, imaginary = (x * a + y * b).sum(1), (y * a - x * b).sum(1)
        far = (1 - real**2 - imaginary**2).clamp(min=0).sqrt()
        roll = torch.atan2(imaginary, real).abs() * (180 / np.pi)
        values = look, far / self.limits.shape, roll / self.limits.roll
        return logs.exp(), faintness, torch.stack(values, 1)


class MeshNetwork(nn.Module):
    """MediaPipe's face landmarker from the pixels of a crop to 478 points.

    Args:
        mesh (FaceMesh): It is not changed.
    """

    def __init__(self, mesh: FaceMesh) -> None:
        super().__init__()
        trunk, head = copy.deepcopy(mesh.parts)
        self.trunk, self.head = _exportable(trunk), _exportable(head)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """uint8, B, G, R, (N, 256, 256, 3) -> (N, 478, 3) and (N,)."""
        images = crops.permute(0, 3, 1, 2).flip(1).float() / 255
        map_ = self.head.stage6(self.trunk(images)[-1])
        points = self.head.landmarks(map_)
        presence = self.head.presence(map_).flatten(1).sigmoid()
        return points.reshape(-1, self.head.num_points, 3), presence[:, 0]


def to_onnx(
    network: nn.Module, side: tuple[int, int], outputs: list[str]
) -> bytes:
    """A network with input ``crops`` (N, H, W, 3), N free, as ONNX."""
    width, height = side
    example = torch.zeros((2, height, width, 3), dtype=torch.uint8)
    file = io.BytesIO()
    # Newer torch has another exporter, which needs onnxscript.
    known = inspect.signature(torch.onnx.export).parameters
    with torch.no_grad(), warnings.catch_warnings():
        # Of shapes that become constants: all but N are.
        warnings.simplefilter('ignore')
        torch.onnx.export(
            network.cpu().eval(),
            (example,),
            file,
            opset_version=OPSET,
            input_names=['crops'],
            output_names=outputs,
            dynamic_axes={name: {0: 'N'} for name in ('crops', *outputs)},
            **(dict(dynamo=False) if 'dynamo' in known else {}),
        )
    return file.getvalue()


class _Normalise(nn.Module):
    def __init__(self, preprocessor: nn.Module) -> None:
        super().__init__()
        self.swaps = preprocessor._channel_conversion
        # Without a mean the preprocessor only sorts the channels.
        mean = getattr(preprocessor, 'mean', torch.zeros(3, 1, 1))
        std = getattr(preprocessor, 'std', torch.ones(3, 1, 1))
        self.register_buffer('mean', mean)
        self.register_buffer('std', std)

    def forward(self, crops: Tensor) -> Tensor:
        images = crops.permute(0, 3, 1, 2)
        if self.swaps:
            images = images.flip(1)
        return (images.float() - self.mean) / self.std


class _ScaledPReLU(nn.Module):
    """PReLU as a x + (1 - a) relu(x): convolutions, fast in onnxruntime."""

    def __init__(self, slopes: Tensor) -> None:
        super().__init__()
        self.below = self._scale(slopes)
        self.above = self._scale(1 - slopes)

    @staticmethod
    def _scale(factors: Tensor) -> nn.Conv2d:
        number = len(factors)
        conv = nn.Conv2d(number, number, 1, groups=number, bias=False)
        conv.weight.data = factors.detach().reshape(-1, 1, 1, 1).clone()
        return conv

    def forward(self, x: Tensor) -> Tensor:
        return self.below(x) + self.above(x.relu())


def _exportable(part: nn.Module) -> nn.Module:
    """Replace PReLUs in a module, and drop its hooks."""
    part._forward_hooks.clear()
    for name, child in part.named_children():
        if isinstance(child, nn.PReLU) and child.num_parameters > 1:
            setattr(part, name, _ScaledPReLU(child.weight))
        else:
            _exportable(child)
    return part


def _check(net: nn.Module) -> None:
    codec = getattr(net.head, 'decoder', None)
    kind = type(codec).__name__
    if kind != 'UDPHeatmap' or codec.heatmap_type != 'gaussian':
        raise InputError(
            where='model.head.decoder',
            found=f'{kind} {getattr(codec, "heatmap_type", "")}'.strip(),
            expected="UDPHeatmap with heatmap_type='gaussian', which an "
            'exported model decodes',
        )
    flips = net.test_cfg
    if flips.get('flip_test') and (
        flips.get('shift_heatmap')
        or flips.get('flip_mode') not in (None, 'heatmap')
    ):
        raise InputError(
            where='model.test_cfg',
            found=f'{dict(flips)}',
            expected="flip_test with flip_mode='heatmap' and without "
            'shift_heatmap',
        )
