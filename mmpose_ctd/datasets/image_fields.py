"""The fields that users add to image records."""

from collections.abc import Container

from mmpose.datasets.transforms import PackPoseInputs
from mmpose.structures import PoseDataSample

_COCO_FIELDS = {
    *('id', 'file_name', 'width', 'height', 'license', 'coco_url'),
    *('flickr_url', 'date_captured'),
}
# Keys of MMPose's datasets and transforms: a field of such a name would be
# overwritten, or change how the image is processed.
_TAKEN = {
    *PackPoseInputs().meta_keys,
    *PackPoseInputs.instance_mapping_table,
    *PackPoseInputs.field_mapping_table,
    *PackPoseInputs.label_mapping_table,
    *('area', 'bbox_center', 'bbox_rotation', 'crowdIndex', 'dataset'),
    *('image_fields', 'image_size', 'img', 'img_mask', 'invalid_segs'),
    *('iscrowd', 'num_keypoints', 'sample_idx', 'segmentation'),
    'transformed_keypoints',
}


def own_fields(image: dict) -> dict:
    """The fields of an image record that are not COCO's: subject, site, ..."""
    return {k: v for k, v in image.items() if k not in _COCO_FIELDS}


def taken_names(image: dict, metainfo: Container[str]) -> list[str]:
    """Names of a record's own fields that MMPose uses itself.

    MMPose adds the dataset's ``metainfo`` to every sample.
    """
    return [
        key
        for key in own_fields(image)
        if key in _TAKEN
        or key in metainfo
        # A data sample's own attributes and methods.
        or key.startswith('_')
        or hasattr(PoseDataSample, key)
    ]
