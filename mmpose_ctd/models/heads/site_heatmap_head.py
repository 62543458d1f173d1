"""A heat-map head that knows whose hand set the landmarks."""

from collections.abc import Sequence

import torch
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError

__all__ = ['SiteHeatmapHead']


@MODELS.register_module()
class SiteHeatmapHead(HeatmapHead):
    r"""``HeatmapHead`` whose last layer differs between sites.

    Sites place a landmark differently: one annotator's philtrum begins
    higher than another's. Training on both teaches a mixture. With shared
    weights W and a difference D_s for each of S sites, images of site s have
    the heat-maps

    .. math::
        (W + D_s - \tfrac{1}{S} \textstyle\sum_r D_r) * x

    so an image of no or another site gets W, the mean of the listed sites.
    D starts at 0. The site is the ``site`` of the image's record.

    Args:
        sites (Sequence[str]): Names of the training images' sites, each
            once. With a single one it is a ``HeatmapHead``.
        **kwargs: Of ``HeatmapHead``.

    Raises:
        InputError: If ``sites`` are not different names.
    """

    def __init__(self, sites: Sequence[str], **kwargs) -> None:
        super().__init__(**kwargs)
        names = [] if isinstance(sites, str) else list(sites)
        if not names or len({*names}) < len(names):
            raise InputError(
                where='SiteHeatmapHead: sites',
                found=repr(sites),
                expected='a list of different names',
                cure="List each site of the training images' records once, "
                "or set model.head.type='HeatmapHead'.",
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
        self.site_layer = nn.Conv2d(
            shared.in_channels,
            shared.out_channels * len(names),
            kernel_size=1,
            bias=False,
        )

    def init_weights(self) -> None:
        """Initialise; all sites begin alike."""
        super().init_weights()
        nn.init.zeros_(self.site_layer.weight)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Heat-maps of a batch.

        Args:
            feats (tuple[Tensor]): Maps, of which the last one (N, C, h', w')
                is used. Behind it may stand the images' sites, (N, S), 1 for
                an image's site and 0 for others, as :meth:`loss` and
                :meth:`predict` add them.

        Returns:
            Tensor: (N, K, h, w).
        """
        *maps, sites = feats
        if sites.dim() != 2:
            return super().forward(feats)
        x = self.conv_layers(self.deconv_layers(maps[-1]))
        # No site: no difference. Else its own less the mean of all.
        share = sites - sites.sum(1, keepdim=True) / len(self.sites)
        by_site = self.site_layer(x).unflatten(1, (len(self.sites), -1))
        share = share.to(by_site.dtype)
        difference = torch.einsum('nskhw,ns->nkhw', by_site, share)
        return self.final_layer(x) + difference

    def fold_site(self, site: str) -> None:
        """Answer every image as one of ``site``, without knowing sites."""
        k = self.out_channels
        own = self.site_layer.weight.data.unflatten(0, (len(self.sites), k))
        own = own[self.sites.index(site)] - own.mean(0)
        self.final_layer.weight.data += own
        nn.init.zeros_(self.site_layer.weight)

    def loss(self, feats, batch_data_samples, train_cfg=None) -> dict:
        """``HeatmapHead.loss``, each image with its site.

        Raises:
            InputError: If a record names a site that is not listed.
        """
        for sample in batch_data_samples:
            if _site(sample) not in (None, *self.sites):
                raise InputError(
                    where='SiteHeatmapHead: sites',
                    found=f'an image of site {_site(sample)!r}',
                    expected=f'one of {", ".join(map(repr, self.sites))}',
                    cure='Set model.head.sites to the sites of your records.',
                )
        feats = self._with_sites(feats, batch_data_samples)
        return super().loss(feats, batch_data_samples, train_cfg or {})

    def predict(self, feats, batch_data_samples, test_cfg=None):
        """``HeatmapHead.predict``, each image with its site."""
        # A list holds the image and its mirror image.
        if isinstance(feats, list):
            feats = [self._with_sites(f, batch_data_samples) for f in feats]
        else:
            feats = self._with_sites(feats, batch_data_samples)
        return super().predict(feats, batch_data_samples, test_cfg or {})

    def _with_sites(self, feats, samples) -> tuple[Tensor, ...]:
        rows = [
            [float(_site(sample) == name) for name in self.sites]
            for sample in samples
        ]
        return *feats, feats[-1].new_tensor(rows)


def _site(sample) -> str | None:
    """The site of a data sample's record; None if it has none."""
    return sample.metainfo.get('site') or None
