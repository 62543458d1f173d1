"""Faces with anatomical landmarks, by subject and site."""

import os.path as osp
from collections import Counter
from collections.abc import Sequence

import numpy as np
from mmengine.logging import print_log
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from mmpose_ctd.errors import InputError, MissingFileError

from .landmark_file import LandmarkFile, landmark_metainfo, read_split

__all__ = ['CIFASDDataset']

# What COCO itself puts into an image record; the rest are the user's fields.
_COCO_FIELDS = {
    'id',
    'file_name',
    'width',
    'height',
    'license',
    'coco_url',
    'flickr_url',
    'date_captured',
}


@DATASETS.register_module()
class CIFASDDataset(BaseCocoStyleDataset):
    """Landmarks in COCO keypoint layout; their number and names are read.

    ::

        data_root/
            annotations/landmarks.json  COCO keypoints, one category
            images/
            splits/train.txt            subject ids, one a line

    An image record may carry ``subject``, ``site``, ``mm_per_px`` and any
    further field; all reach the data sample's metainfo through
    ``PackLandmarkInputs``. Names that end in ``_R`` and ``_L`` swap when an
    image is flipped; landmarks without partner stay themselves.

    Args:
        ann_file (str): Annotation file, relative to ``data_root``.
        data_root (str): Defaults to ``''``.
        data_prefix (dict): Defaults to ``dict(img='images/')``.
        split (str, optional): File of the subject ids to use, relative to
            ``data_root``. Defaults to ``None``: all.
        crop (str): What the network sees: the whole ``'image'``, or the
            annotation's ``'bbox'``. Defaults to ``'image'``.
        num_keypoints (int, optional): The K that the model was made for; a
            file with another K is refused. Defaults to ``None``: any.
        flip_pairs (Sequence[tuple[str, str]]): Names of landmarks that swap
            when an image is flipped, where the names do not tell.
        metainfo (dict, optional): Replaces what is read from the file.
        **kwargs: Arguments of ``BaseCocoStyleDataset``.

    Raises:
        MissingFileError: If the annotation file, the split file or an image
            does not exist.
        InputError: If K is not ``num_keypoints``, the split is empty or names
            unknown subjects, or coordinates are NaN or absurd.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: dict | None = None,
        split: str | None = None,
        crop: str = 'image',
        num_keypoints: int | None = None,
        flip_pairs: Sequence[tuple[str, str]] = (),
        metainfo: dict | None = None,
        **kwargs,
    ) -> None:
        if crop not in ('image', 'bbox'):
            raise InputError(
                f"dataset.crop={crop!r}; expected 'image' or 'bbox'."
            )
        self.crop = crop
        self.split = osp.join(data_root or '', split) if split else None
        self._file = LandmarkFile.read(osp.join(data_root or '', ann_file))
        k = len(self._file.names)
        if num_keypoints is not None and num_keypoints != k:
            raise InputError(
                f'{self._file.path}: its category has {k} landmarks, the '
                f'config says dataset.num_keypoints={num_keypoints}. Change '
                'it together with model.head.out_channels, or use the '
                'annotation file the config was made for.'
            )
        if metainfo is None:
            metainfo = landmark_metainfo(self._file.names, self._file.skeleton)
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix or dict(img='images/'),
            metainfo=metainfo,
            **kwargs,
        )

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        file = self._file
        images = self._select_images()
        instances = []
        for annotation in file.annotations:
            image = images.get(annotation.get('image_id'))
            if image is None and annotation.get('image_id') in file.images:
                continue
            file.check_annotation(annotation)
            if not any(v > 0 for v in annotation['keypoints'][2::3]):
                print_log(
                    f'annotation id={annotation["id"]} has no labelled '
                    'landmark and is left out.',
                    'current',
                )
                continue
            instances.append(
                self.parse_data_info(
                    dict(raw_ann_info=annotation, raw_img_info=image)
                )
            )
        if not instances:
            raise InputError(
                f'{file.path}: no annotated image'
                + (f' of the subjects of {self.split}.' if self.split else '.')
            )
        used = {i['img_id'] for i in instances}
        self._check_images_exist([images[i] for i in sorted(used)])
        return instances, list(images.values())

    def _select_images(self) -> dict[int, dict]:
        """The image records of the split's subjects, by id."""
        file, selected = self._file, self._file.images
        if self.split is not None:
            wanted = read_split(self.split)
            found = Counter(i.get('subject') for i in file.images.values())
            if set(found) == {None}:
                raise InputError(
                    f"{file.path}: no image record has a 'subject', so that "
                    f'dataset.split={self.split!r} cannot be applied.'
                )
            unknown = [s for s in wanted if s not in found]
            if unknown:
                raise InputError(
                    f'{self.split}: {len(unknown)} of {len(wanted)} subjects '
                    f'do not exist in {file.path}: '
                    + ', '.join(unknown[:5])
                    + (' ...' if len(unknown) > 5 else '')
                )
            selected = {
                i: image
                for i, image in file.images.items()
                if image.get('subject') in set(wanted)
            }
        images = {}
        for i, image in selected.items():
            file.check_image(image)
            path = osp.join(self.data_prefix['img'], image['file_name'])
            images[i] = dict(image, img_id=i, img_path=path)
        return images

    def _check_images_exist(self, images: list[dict]) -> None:
        lost = [i for i in images if not osp.isfile(i['img_path'])]
        if lost:
            raise MissingFileError(
                f'{len(lost)} of {len(images)} images of {self._file.path} '
                f'do not exist, such as {lost[0]["img_path"]!r}. Set '
                'dataset.data_root and dataset.data_prefix.img.'
            )

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """One annotation as MMPose's data info.

        Args:
            raw_data_info (dict): ``raw_ann_info`` and ``raw_img_info``.

        Returns:
            dict: MMPose's fields, the record's further fields, and
            ``image_fields`` (their names). ``bbox`` is (1, 4), x1 y1 x2 y2 in
            image pixels.

        Raises:
            InputError: If a field of the record has a name that MMPose's
                pipeline uses for something else.
        """
        annotation = raw_data_info['raw_ann_info']
        image = raw_data_info['raw_img_info']
        whole = [0, 0, image['width'], image['height']]
        box = whole if self.crop == 'image' else annotation.get('bbox')
        if not box or len(box) != 4 or not (box[2] > 0 and box[3] > 0):
            raise InputError(
                f'{self._file.path}: annotation id={annotation["id"]}: '
                f'bbox={box!r}; expected [x, y, width, height] in image '
                "pixels, or dataset.crop='image'."
            )
        info = super().parse_data_info(
            dict(raw_ann_info=dict(annotation, bbox=box), raw_img_info=image)
        )
        # The parent clips a box to width - 1, which shifts the centre of a
        # whole-image crop by half a pixel.
        x, y, w, h = box
        info['bbox'] = np.array([[x, y, x + w, y + h]], dtype=np.float32)
        info['raw_ann_info'] = annotation
        info['image_size'] = (image['height'], image['width'])
        fields = {
            key: value
            for key, value in image.items()
            if key not in _COCO_FIELDS and key not in ('img_id', 'img_path')
        }
        clash = sorted((set(info) | set(self.metainfo)) & set(fields))
        if clash:
            raise InputError(
                f'{self._file.path}: image id={image["id"]}: the fields '
                f'{clash} have names that MMPose uses itself; rename them.'
            )
        info.update(fields)
        info['image_fields'] = sorted(fields)
        return info
