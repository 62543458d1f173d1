"""Reads the photograph and packs the sample: the first and the last step."""

import os

import cv2
import numpy as np
from mmengine import fileio
from mmpose.datasets.transforms import LoadImage, PackPoseInputs
from mmpose.registry import TRANSFORMS

from mmpose_ctd.datasets.upright_image import read_upright
from mmpose_ctd.errors import InputError
from mmpose_ctd.input_framing import refuse_other_framing

#: Key of a sample that was read from a file: path, size and time of the last
#: change.
FILE_STATE = '_file_state'


@TRANSFORMS.register_module()
class LoadLandmarkImage(LoadImage):
    """``LoadImage`` through :func:`.read_upright`, as in all tools.

    Damaged and ambiguous files are refused. With another ``color_type`` or
    ``imdecode_backend`` than the default, or ``file_client_args``, it reads
    as ``LoadImage`` does.

    Args:
        **kwargs: Arguments of ``LoadImage``.
    """

    def transform(self, results: dict) -> dict | None:
        """Load ``img`` (H, W, 3), BGR, from ``img_path``; or keep it.

        ``None`` if it cannot be read and ``ignore_empty`` is set.

        Raises:
            InputError: If it cannot be read, see :func:`.read_upright`.
        """
        if 'img' in results:
            return super().transform(results)
        path = results.get('img_path')
        if path and os.path.isfile(path):
            state = os.stat(path)
            results[FILE_STATE] = path, state.st_size, state.st_mtime_ns
        try:
            image = self._read(path)
        except (InputError, AssertionError, OSError, cv2.error) as error:
            if self.ignore_empty:
                return None
            reason = 'cannot be read as an image'
            if isinstance(error, InputError):
                reason = f'{reason}: {error.text(with_where=False)}'
            raise InputError(
                where=str(path),
                found=reason,
                cure='Replace it, or take its record out of the annotation '
                'file.',
            ) from error
        if self.to_float32:
            image = image.astype(np.float32)
        shape = image.shape[:2]
        results.update(img=image, img_shape=shape, ori_shape=shape)
        return results

    def _read(self, path: str) -> np.ndarray:
        if (self.color_type, self.imdecode_backend) != (
            'color',
            'cv2',
        ) or self.file_client_args is not None:
            return super().transform(dict(img_path=path))['img']
        data = fileio.get(path, backend_args=self.backend_args)
        return read_upright(bytes(data), os.path.basename(path))


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
        """Pack one sample as ``inputs`` (C, H, W) and ``data_samples``.

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
