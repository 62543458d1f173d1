"""Packs a sample: the last step of a pipeline."""

from mmpose.datasets.transforms import PackPoseInputs
from mmpose.registry import TRANSFORMS

from mmpose_ctd.errors import InputError
from mmpose_ctd.input_framing import refuse_other_framing


@TRANSFORMS.register_module()
class PackLandmarkInputs(PackPoseInputs):
    """``PackPoseInputs`` that keeps the fields of image records.

    Subject, site, mm_per_px and further fields of a :class:`.CIFASDDataset`'s
    image records become metainfo of the data sample. It refuses an image of
    another size than its record states and, at inference, another framing
    than the checkpoint's: landmarks would silently be wrong.

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
            InputError: If the size of the image differs from its record, or
                the framing from the checkpoint's ``dataset_meta``.
        """
        refuse_other_framing(results)
        stated, found = results.get('image_size'), results.get('ori_shape')
        if stated and found and tuple(stated) != tuple(found[:2]):
            raise InputError(
                where=str(results.get('img_path')),
                found=f'the image is {found[1]}x{found[0]} pixels',
                expected=f'{stated[1]}x{stated[0]}, as its record in the '
                'annotation file says',
                cure='Landmarks are pixels of the image: correct width and '
                'height, or the file (an EXIF orientation turns an image when '
                'it is read).',
            )
        packed = super().transform(results)
        fields = results.get('image_fields', ())
        packed['data_samples'].set_metainfo({k: results[k] for k in fields})
        return packed
