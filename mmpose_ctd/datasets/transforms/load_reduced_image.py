"""The first step of a pipeline for large photographs."""

from mmpose.registry import TRANSFORMS

from mmpose_ctd.datasets.picture_cache import PictureCache
from mmpose_ctd.datasets.reduction import Framing

from .load_landmark_image import LoadLandmarkImage

__all__ = ['LoadReducedImage']


@TRANSFORMS.register_module()
class LoadReducedImage(LoadLandmarkImage):
    """Loads what the network can see of a photograph, scaled down and kept.

    All coordinates stay pixels of the photograph, as do ``img_shape`` and
    ``ori_shape``: only :class:`ReducedTopdownAffine`, which has to follow,
    knows that ``img`` is smaller. A :class:`ReducedCIFASDDataset` puts both
    in their places.

    Args:
        framing (dict): Arguments of :class:`.reduction.Framing`.
        cache_dir (str, optional): Folder of the small pictures. Defaults to
            ``None``: the memory of each process.
        memory_mb (float): See :class:`.PictureCache`. Defaults to 1024.
        **kwargs: Arguments of ``LoadLandmarkImage``.
    """

    def __init__(
        self,
        framing: dict,
        cache_dir: str | None = None,
        memory_mb: float = 1024,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.framing = Framing(**framing)
        self.cache = PictureCache(cache_dir, memory_mb)
        self._settings = repr(sorted(kwargs.items()))

    def transform(self, results: dict) -> dict:
        """Load a picture.

        Args:
            results (dict): With ``img_path``, ``image_size`` (height, width
                as its record says) and ``bbox`` (1, 4).

        Returns:
            dict: With ``img`` (h, w, 3), BGR, ``img_shape`` and ``ori_shape``
            of the photograph, and ``reduction``, see :class:`.Reduction`.

        Raises:
            InputError: If the file is missing, cut off or no image, or the
                cache cannot be written.
        """
        size = tuple(results['image_size'])
        reduction = self.framing.reduction(results['bbox'][0], size)
        path = results['img_path']
        try:
            key = self.cache.key(
                path, size, reduction.region, reduction.size, self._settings
            )
        except OSError:
            # It says what is wrong with the file.
            return super().transform(results)
        picture = self.cache.get(key)
        if picture is None:
            results = super().transform(results)
            if results['ori_shape'] != size:
                # PackLandmarkInputs refuses it, and tells why.
                return dict(results, reduction=None)
            picture = reduction(results['img'])
            self.cache.put(key, picture)
        results.update(
            img=picture, img_shape=size, ori_shape=size, reduction=reduction
        )
        return results
