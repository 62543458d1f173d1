import cv2
import numpy as np
import pytest

from mmpose_ctd.datasets import LoadLandmarkImage
from mmpose_ctd.errors import InputError


def test_an_image_is_loaded_as_mmpose_does(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (8, 6, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'face.png'), image)
    results = LoadLandmarkImage()(dict(img_path=str(tmp_path / 'face.png')))
    np.testing.assert_array_equal(results['img'], image)
    assert results['ori_shape'] == (8, 6)


@pytest.mark.parametrize('content', [b'', b'no image', b'\x89PNG\r\n', None])
def test_a_file_that_is_no_image_is_named(tmp_path, content):
    path = tmp_path / 'face.png'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match='face.png: cannot be read'):
        LoadLandmarkImage()(dict(img_path=str(path)))
