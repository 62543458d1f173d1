"""A heat-map head that knows whose hand set the landmarks."""

from collections.abc import Sequence

import torch
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError


@MODELS.register_module()
class SiteHeatmapHead(HeatmapHead):
    r"""``HeatmapHead`` whose last layer learns how annotators differ.

    Sites place a landmark differently: one annotator's philtrum begins
    higher than another's. Training on both teaches a mixture. Nor is an
    annotator symmetric: one who clicks half a pixel too far left does so on
    both sides of the face, while the landmarks of the mirrored image are
    half a pixel too far right. With shared weights W, a difference D_s for
    each of S sites and F_s between images and mirrored ones, images of site
    s have the heat-maps

    .. math::
        (W + D_s - \tfrac{1}{S} \textstyle\sum_r D_r \pm F_s) * x

    with minus for mirrored images, so that training may mirror images and
    testing may average both. An image of no or another site gets the mean of
    the listed sites. D and F start at 0. The site is the ``site`` of the
    image's record.

    Args:
        sites (Sequence[str], optional): Names of the training images' sites,
            each once. Without any, all images are of one.
        **kwargs: Of ``HeatmapHead``.

    Raises:
        InputError: If ``sites`` are not different names.
    """

    def __init__(self, sites: Sequence[str] = (), **kwargs) -> None:
        super().__init__(**kwargs)
        names = [] if isinstance(sites, str) else list(sites)
        if isinstance(sites, str) or len({*names}) < len(names):
            raise InputError(
                where='SiteHeatmapHead: sites',
                found=repr(sites),
                expected='a list of different names',
                cure="List each site of the training images' records once.",
            )
        self.sites = tuple(names)
        shared = self.final_layer
        if not isinstance(shared, nn.Conv2d) or shared.kernel_size != (1, 1):
            raise InputError(
                where='SiteHeatmapHead: final_layer',
                found=repr(shared),
                expected='a 1x1 convolution',
                cure='Leave final_layer out.',
            )
        self._groups = self.sites or (None,)
        # First D of all sites, then F.
        self.site_layer = nn.Conv2d(
            shared.in_channels,
            shared.out_channels * 2 * len(self._groups),
            kernel_size=1,
            bias=False,
        )

    def init_weights(self) -> None:
        """Initialise; all sites begin alike, and symmetric."""
        super().init_weights()
        nn.init.zeros_(self.site_layer.weight)

    def shares(
        self, sites: Sequence[str | None], mirrored: Sequence[bool]
    ) -> Tensor:
        """How much of each D and F belongs to N images: (N, 2 S)."""
        one = torch.tensor(
            [[float(s == name) for name in self._groups] for s in sites]
        )
        known = one.sum(1, keepdim=True)
        sign = 1 - 2 * torch.tensor(mirrored).float()[:, None]
        count = len(self._groups)
        return torch.cat(
            [one - known / count, sign * (one + (1 - known) / count)], dim=1
        )

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Heat-maps of a batch.

        Args:
            feats (tuple[Tensor]): Maps, of which the last one (N, C, h', w')
                is used. Behind it may stand :meth:`shares`, (N, 2 S), as
                :meth:`loss` and :meth:`predict` add them.

        Returns:
            Tensor: (N, K, h, w).
        """
        *maps, shares = feats
        if shares.dim() != 2:
            return super().forward(feats)
        x = self.conv_layers(self.deconv_layers(maps[-1]))
        parts = self.site_layer.weight.view(shares.shape[1], -1, x.shape[1])
        # Weights (N, K, C) are fewer than heat-maps of each site.
        own = torch.einsum('ns,skc->nck', shares.to(parts.dtype), parts)
        places = x.permute(0, 2, 3, 1).flatten(1, 2)
        difference = (places @ own).transpose(1, 2).unflatten(2, x.shape[2:])
        return self.final_layer(x) + difference

    def loss(self, feats, batch_data_samples, train_cfg=None) -> dict:
        """``HeatmapHead.loss``, each image with its site.

        Raises:
            InputError: If a record names a site that is not listed.
        """
        for sample in batch_data_samples:
            if self.sites and _site(sample) not in (None, *self.sites):
                raise InputError(
                    where='SiteHeatmapHead: sites',
                    found=f'an image of site {_site(sample)!r}',
                    expected=f'one of {", ".join(map(repr, self.sites))}',
                    cure='Set model.head.sites to the sites of your records.',
                )
        feats = self._with_shares(feats, batch_data_samples)
        return super().loss(feats, batch_data_samples, train_cfg or {})

    def predict(self, feats, batch_data_samples, test_cfg=None):
        """``HeatmapHead.predict``, each image with its site."""
        if isinstance(feats, list):
            plain, turned = feats
            feats = [
                self._with_shares(plain, batch_data_samples),
                self._with_shares(turned, batch_data_samples, mirrored=True),
            ]
        else:
            feats = self._with_shares(feats, batch_data_samples)
        return super().predict(feats, batch_data_samples, test_cfg or {})

    def _with_shares(
        self, feats, samples, mirrored: bool = False
    ) -> tuple[Tensor, ...]:
        """``mirrored``: these are the samples' mirror images."""
        shares = self.shares(
            [_site(sample) for sample in samples],
            [_is_mirrored(sample) != mirrored for sample in samples],
        )
        return *feats, shares.to(feats[-1].device)


def _site(sample) -> str | None:
    """The site of a data sample's record; None if it has none."""
    return sample.metainfo.get('site') or None


def _is_mirrored(sample) -> bool:
    return bool(sample.metainfo.get('flip')) and (
        sample.metainfo.get('flip_direction') == 'horizontal'
    )
