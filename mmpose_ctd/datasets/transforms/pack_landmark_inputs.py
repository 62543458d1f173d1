"""The last step of the pipeline."""

from mmpose.datasets.transforms import PackPoseInputs
from mmpose.registry import TRANSFORMS

from mmpose_ctd.errors import InputError
from mmpose_ctd.framing import refuse_other_framing

__all__ = ['PackLandmarkInputs']


@TRANSFORMS.register_module()
class PackLandmarkInputs(PackPoseInputs):
    """``PackPoseInputs`` that lets the image records' own fields through.

    Subject, site, mm_per_px and whatever else a :class:`CIFASDDataset`'s
    image records carry become metainfo of the data sample. It also compares
    the loaded image with the size its record states, and, at inference, the
    framing with that of the checkpoint: landmarks would silently be wrong.

    Args:
        **kwargs: Arguments of ``PackPoseInputs``.
    """

    def transform(self, results: dict) -> dict:
        """Pack one sample.

        Args:
            results (dict): The pipeline's results.

        Returns:
            dict: ``inputs`` (C, H, W) and ``data_samples``.

        Raises:
            InputError: If the image is not as large as its record says, or
                the input is framed otherwise than the checkpoint's
                ``dataset_meta`` says.
        """
        refuse_other_framing(results)
        stated, found = results.get('image_size'), results.get('ori_shape')
        if stated and found and tuple(stated) != tuple(found[:2]):
            raise InputError(
                f'{results.get("img_path")}: the image is '
                f'{found[1]}x{found[0]} pixels, its record in the annotation '
                f'file says {stated[1]}x{stated[0]}. Landmarks are pixels of '
                'the image: correct width and height, or the file (an EXIF '
                'orientation turns an image when it is read).'
            )
        packed = super().transform(results)
        fields = results.get('image_fields', ())
        packed['data_samples'].set_metainfo({k: results[k] for k in fields})
        return packed
