"""A control: a source that has learned nothing."""

from collections.abc import Iterator

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmpose_ctd.errors import InputError

from .source_model import SourceModel

__all__ = ['RandomSourceModel']

#: Images, and their side in pixels unless ``input_size`` names another.
_NUMBER, _SIDE = 64, 112


@MODELS.register_module()
class RandomSourceModel(SourceModel):
    """A source of the same architecture with random weights.

    The weights are what the layers draw by themselves. BatchNorm statistics
    of the start (0 and 1) would let the activations of a deep network vanish
    in inference mode, so they are measured once, on random images with the
    power spectrum of photographs, 1 / f^2. No face is used for it, and the
    network depends on the seed alone: a resumed run has the same.

    Args:
        seed (int): Of weights and images; the program's own random numbers
            are left as they were. Defaults to 0.
        checkpoint (str, optional): Not loaded here. It may be named all the
            same, for ``model.init_from_teacher`` to start the student from.
        **kwargs: Of :class:`SourceModel`.

    Raises:
        InputError: If a part's config would load trained weights.
    """

    def __init__(
        self,
        seed: int = 0,
        checkpoint: str | None = None,
        prefix: str | dict | None = None,
        state_key: str | None = None,
        **kwargs,
    ) -> None:
        for key in _trained_parts(kwargs, 'model.teacher'):
            raise InputError(
                f'{key} loads trained weights, but RandomSourceModel is a '
                'teacher without any. Leave it out.'
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            super().__init__(checkpoint=None, **kwargs)
            self._measure_statistics()

    @torch.no_grad()
    def _measure_statistics(self) -> None:
        norms = [m for m in self.modules() if isinstance(m, _BatchNorm)]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            # The mean over what it sees, which is one batch.
            norm.momentum = None
            nn.Module.train(norm, True)
        images = self._images()
        feats = self.backbone(images)
        feats = (feats,) if isinstance(feats, Tensor) else tuple(feats)
        if self.head is not None:
            self.classify(feats)
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
        self.train(False)

    def _images(self) -> Tensor:
        """(64, 3, H, W) in this network's convention."""
        height, width = self.input_size or (_SIDE, _SIDE)
        waves = torch.fft.rfft2(torch.randn(_NUMBER, 3, height, width))
        frequency = torch.hypot(
            torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)
        )
        # The mean stays finite, and is of the size of the largest waves.
        waves /= frequency.clamp_min(1 / max(height, width))
        pixels = torch.fft.irfft2(waves, (height, width))
        pixels = 127.5 + 50 * pixels / pixels.std()
        pixels = pixels.clamp(0, 255)
        if self.convention is None:
            return (pixels - 127.5) / 50
        mean, std = (
            torch.tensor(values)[:, None, None]
            for values in (self.convention.mean, self.convention.std)
        )
        return (pixels - mean) / std


def _trained_parts(config, at: str) -> Iterator[str]:
    """The keys of a config that make networks load trained weights."""
    if isinstance(config, dict):
        if config.get('type') == 'Pretrained':
            yield at
        for key, value in config.items():
            if key == 'pretrained' and value:
                yield f'{at}.{key}'
            yield from _trained_parts(value, f'{at}.{key}')
    elif isinstance(config, (list, tuple)):
        for i, value in enumerate(config):
            yield from _trained_parts(value, f'{at}.{i}')
