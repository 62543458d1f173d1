"""The first step of the pipeline."""

import os

import cv2
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from mmpose_ctd.errors import InputError

__all__ = ['FILE_STATE', 'LoadLandmarkImage']

#: Where a sample that was read from a file says which state of it: path, size
#: and time of the last change. Users' fields have no such names.
FILE_STATE = '_file_state'


@TRANSFORMS.register_module()
class LoadLandmarkImage(LoadImage):
    """``LoadImage`` that names the file it cannot read.

    Args:
        **kwargs: Arguments of ``LoadImage``.
    """

    def transform(self, results: dict) -> dict:
        """Load the image.

        Args:
            results (dict): With ``img_path``, or ``img`` itself.

        Returns:
            dict: With ``img`` (H, W, 3), BGR.

        Raises:
            InputError: If the file is missing, cut off or no image.
        """
        path = results.get('img_path')
        if 'img' not in results and path and os.path.isfile(path):
            state = os.stat(path)
            results[FILE_STATE] = path, state.st_size, state.st_mtime_ns
        try:
            return super().transform(results)
        except (AssertionError, OSError, cv2.error) as error:
            raise InputError(
                f'{results.get("img_path")}: cannot be read as an image. It '
                'may be damaged, cut off or of another kind; replace it, or '
                'take its record out of the annotation file.'
            ) from error
