"""A control: a source with random weights."""

from collections.abc import Iterator

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmpose_ctd.errors import InputError

from .source_model import SourceModel

#: Images, and their side in pixels unless ``input_size`` names another.
_NUMBER, _SIDE = 64, 112


@MODELS.register_module()
class RandomSourceModel(SourceModel):
    """A source of the same architecture with random weights.

    BatchNorm statistics are measured once on random images with the power
    spectrum of photographs, 1 / f^2. (With the initial statistics the
    activations of a deep network vanish in inference mode.) No face is used,
    and the network depends only on the seed: a resumed run gets the same one.

    Args:
        seed (int): Of weights and images. The global random state is not
            changed. Defaults to 0.
        checkpoint (str, optional): Not loaded here. The student may start
            from it (``model.init_from_teacher``).
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
                where=key,
                found='loads trained weights',
                expected='random ones, as RandomSourceModel has them',
                cure='Remove the key.',
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            super().__init__(checkpoint=None, **kwargs)
            self._measure_statistics()

    @torch.no_grad()
    def _measure_statistics(self) -> None:
        norms = [m for m in self.modules() if isinstance(m, _BatchNorm)]
        if not norms:
            return
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            # Cumulative average, here of one batch.
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
        # Keeps the mean finite.
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
