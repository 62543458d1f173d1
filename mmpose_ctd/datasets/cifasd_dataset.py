"""Faces with anatomical landmarks, by subject and site."""

import logging
import math
import os.path as osp
from collections.abc import Sequence

import numpy as np
from mmengine.logging import print_log
from mmpose.datasets.datasets import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from mmpose_ctd.errors import InputError, MissingFileError, some_of
from mmpose_ctd.evaluation.functional.measurements import parse_measurements
from mmpose_ctd.input_framing import FRAMING_KEY, input_framing

from .flips import MOST_FACES, may_flip, refuse_flips, unsettled_flips
from .image_fields import own_fields, taken_names
from .landmark_file import IMAGE_LINE, LandmarkFile, read_split, subject_of
from .landmark_names import landmark_metainfo
from .split_selection import Selection, select_images

# The only values of the parent's arguments that are right here.
_ONLY = dict(data_mode='topdown', bbox_file=None, sample_interval=1)


@DATASETS.register_module()
class CIFASDDataset(BaseCocoStyleDataset):
    """Landmarks in COCO keypoint layout; the file defines number and names.

    ::

        data_root/
            annotations/landmarks.json  COCO keypoints, one category
            images/
            splits/train.txt            subject ids, one a line, or
                                        image:<file_name>

    An image record may have ``subject``, ``site``, ``mm_per_px`` and any
    further field; all reach the data sample's metainfo through
    ``PackLandmarkInputs``. Landmarks whose names differ in the side alone
    (:mod:`mmpose_ctd.landmark_sides`) swap when an image is flipped. A
    pipeline that flips is refused while the partner of a landmark is unknown,
    or a landmark without a partner does not lie on the midline.

    Args:
        ann_file (str): Annotation file, relative to ``data_root``.
        data_root (str): Folder of the data set. Defaults to ``''``.
        data_prefix (dict): Defaults to ``dict(img='images/')``.
        split (str, optional): Split file, relative to ``data_root``.
            Defaults to ``None``: all images.
        crop (str): What the network sees: the whole ``'image'``, or the
            annotation's ``'bbox'``. Defaults to ``'image'``.
        num_keypoints (int, optional): The model's number of landmarks; a file
            with another number is refused. Defaults to ``None``: any.
        flip_pairs (Sequence[tuple[str, str]]): Names of landmarks that swap
            when an image is flipped, if their names do not say so; a name
            twice keeps its place. Defaults to none.
        one_sided (bool): States that no landmark has a partner: all are of
            one side of the face or of the midline. Defaults to ``False``.
        metainfo (dict, optional): Replaces the file's metainfo, including
            ``measurements``.
        **kwargs: Arguments of ``BaseCocoStyleDataset``, except those of
            bottom-up data, of detected boxes and ``sample_interval``.

    Raises:
        MissingFileError: If the annotation file, the split file or an image
            does not exist.
        InputError: If the number of landmarks differs, the split is empty or
            names unknown subjects or images, coordinates are NaN or absurd,
            an image that is shown whole has two faces, an argument cannot be
            used, or flips are on and partners are unknown.
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
        one_sided: bool = False,
        metainfo: dict | None = None,
        **kwargs,
    ) -> None:
        if crop not in ('image', 'bbox'):
            expected = "'image' or 'bbox'"
            raise InputError(
                where='dataset.crop', found=repr(crop), expected=expected
            )
        for key, only in _ONLY.items():
            if (value := kwargs.get(key, only)) != only:
                raise InputError(
                    where=f'dataset.{key}',
                    found=repr(value),
                    expected=f'{only!r} in a CIFASDDataset',
                    cure='Leave it out.',
                )
        self.crop = crop
        self.split = osp.join(data_root or '', split) if split else None
        self._file = LandmarkFile.read(osp.join(data_root or '', ann_file))
        names = self._file.names
        if num_keypoints is not None and num_keypoints != len(names):
            raise InputError(
                where=self._file.path,
                found=f'its category has {len(names)} landmarks',
                expected=f'dataset.num_keypoints={num_keypoints}, as the '
                'config says',
                cure='Change it together with model.head.out_channels, or use '
                "the config's own annotation file.",
            )
        if metainfo is None:
            metainfo = landmark_metainfo(
                names,
                self._file.skeleton,
                flip_pairs,
                measurements=self._file.measurements,
            )
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix or dict(img='images/'),
            metainfo=metainfo,
            **kwargs,
        )
        described = self.metainfo.get('num_keypoints')
        if described != len(names):
            raise InputError(
                where='dataset.metainfo',
                found=f'{described} landmarks',
                expected=f'the {len(names)} of {self._file.path}',
                cure='Leave dataset.metainfo out: it is read from the file.',
            )
        pipeline = kwargs.get('pipeline', ())
        self._settle_flips(flip_pairs, one_sided, pipeline)
        framing = input_framing(dict(pipeline=pipeline, crop=crop))
        if framing is not None:
            # Checkpoints keep the metainfo, and MMPose's inference passes it
            # to the pipeline.
            self._metainfo[FRAMING_KEY] = framing

    def _settle_flips(
        self, flip_pairs: Sequence, one_sided: bool, pipeline
    ) -> None:
        """Refuse flips of landmarks without a known partner.

        They are kept in the metainfo, as the model's ``flip_test`` may be on.
        """
        names = self._file.names
        partners = [names[i] for i in self.metainfo['flip_indices']]
        faces = map(self._file.points, self._file.annotations[:MOST_FACES])
        points = np.array([*faces]).reshape(-1, len(names), 2)
        unsettled, likely = unsettled_flips(
            names, partners, points, flip_pairs, one_sided
        )
        self._metainfo['unsettled_flips'] = unsettled
        self._metainfo['likely_flip_pairs'] = likely
        if may_flip(pipeline):
            refuse_flips(unsettled, self._file.path, 'RandomFlip', likely)

    @classmethod
    def _load_metainfo(cls, metainfo: dict | None = None) -> dict:
        parsed = super()._load_metainfo(metainfo)
        if 'measurements' in (metainfo or {}):
            # MMPose's parser drops unknown keys.
            measurements = parse_measurements(
                metainfo['measurements'],
                list(parsed['keypoint_name2id']),
                'dataset.metainfo.measurements',
            )
            parsed['measurements'] = [one.to_dict() for one in measurements]
        return parsed

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        file = self._file
        images = self._select_images()
        instances, left_out = [], []
        for annotation in file.annotations:
            image = images.get(annotation.get('image_id'))
            if image is None and annotation.get('image_id') in file.images:
                continue
            file.check_annotation(annotation)
            labelled = any(v > 0 for v in annotation['keypoints'][2::3])
            if not labelled or annotation.get('iscrowd'):
                left_out.append(annotation['id'])
                continue
            instances.append(
                self.parse_data_info(
                    dict(raw_ann_info=annotation, raw_img_info=image)
                )
            )
        if left_out:
            print_log(
                f'{file.path}: {len(left_out)} annotations without a labelled '
                f'landmark (or of a crowd) are left out, such as '
                f'id={left_out[0]}.',
                'current',
            )
        if not instances:
            of = f' of the subjects of {self.split}' if self.split else ''
            raise InputError(
                where=file.path,
                found=f'no annotated image{of}',
                expected='annotations with labelled landmarks',
            )
        if self.crop == 'image':
            self._check_one_face(instances)
        if not self.test_mode:
            self._warn_of_unlabelled(instances)
        self._check_images_exist(file, {i['img_path'] for i in instances})
        return instances, list(images.values())

    def _warn_of_unlabelled(self, instances: list[dict]) -> None:
        """Say which landmarks no image of the training set shows."""
        points = [i['raw_ann_info']['keypoints'][2::3] for i in instances]
        seen = np.any(np.array(points) > 0, axis=0)
        never = [name for name, one in zip(self._file.names, seen) if not one]
        if never:
            print_log(
                f'{self._file.path}: no training image has {", ".join(never)} '
                'labelled: the model cannot learn where they are.',
                'current',
                logging.WARNING,
            )

    def _check_one_face(self, instances: list[dict]) -> None:
        """Refuse two faces of one image: both would be its target."""
        first: dict[int, list] = {}
        several: dict[int, str] = {}
        for info in instances:
            points = info['raw_ann_info']['keypoints']
            # A repeated annotation contradicts nothing.
            if first.setdefault(info['img_id'], points) != points:
                several[info['img_id']] = osp.basename(info['img_path'])
        if several:
            raise InputError(
                where=self._file.path,
                found=f'{len(several)} images have two or more annotated '
                f'faces, such as {next(iter(several.values()))}',
                expected="one face in each image with dataset.crop='image': "
                'the network sees the whole image, so their landmarks '
                'contradict each other',
                cure="Set dataset.crop='bbox' to crop to each face's box, or "
                'take the other annotations out.',
            )

    def _select_images(self) -> dict[int, dict]:
        """The image records of the split, by id."""
        selected = self._file.images
        if self.split is not None:
            lines = read_split(self.split)
            chosen = select_images(lines, selected)
            self._check_split(lines, chosen)
            selected = {i: selected[i] for i in selected if i in chosen.ids}
        return {
            i: self._record(self._file, i, image)
            for i, image in selected.items()
        }

    def _record(self, file: LandmarkFile, i: int, image: dict) -> dict:
        """A checked image record with MMPose's fields."""
        file.check_image(image)
        if clash := taken_names(image, self.metainfo):
            raise InputError(
                where=f'{file.path}: image id={i}',
                found=f'the fields {clash} have names that MMPose uses itself',
                cure='Rename them.',
            )
        path = osp.join(self.data_prefix['img'], image['file_name'])
        return dict(image, img_id=i, img_path=path)

    def _check_split(self, lines: list[str], chosen: Selection) -> None:
        """Refuse lines that select nothing."""
        path = self._file.path
        subjects = {subject_of(i) for i in self._file.images.values()}
        if chosen.unknown_subjects and subjects <= {None}:
            raise InputError(
                where=path,
                found="no image record has a 'subject', so "
                f'dataset.split={self.split!r} cannot be applied',
                cure='Add the field, or leave dataset.split out.',
            )
        unknown, kind = chosen.unknown_subjects, 'subjects'
        if not unknown:
            unknown, kind = chosen.unknown_images, 'images'
        if unknown:
            images = sum(line.startswith(IMAGE_LINE) for line in lines)
            total = images if kind == 'images' else len(lines) - images
            raise InputError(
                where=self.split,
                found=f'{len(unknown)} of {total} {kind} do not exist in '
                f'{path}: {some_of(unknown, 5)}',
                expected="in each line the 'subject' of image records, "
                f"or {IMAGE_LINE}<the 'file_name' of one>",
            )

    def _check_images_exist(self, file: LandmarkFile, paths: set[str]) -> None:
        lost = sorted(path for path in paths if not osp.isfile(path))
        if lost:
            raise MissingFileError(
                where=file.path,
                found=f'{len(lost)} of {len(paths)} images do not exist, such '
                f'as {lost[0]!r}',
                cure='Set dataset.data_root and dataset.data_prefix.img.',
            )

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """One annotation as MMPose's data info.

        With MMPose's fields, the image record's further fields, and
        ``image_fields`` (their names). ``bbox`` is (1, 4), x1 y1 x2 y2 in
        image pixels.

        Raises:
            InputError: If the annotation has no box to crop to.
        """
        annotation = raw_data_info['raw_ann_info']
        image = raw_data_info['raw_img_info']
        whole = [0, 0, image['width'], image['height']]
        box = whole if self.crop == 'image' else annotation.get('bbox')
        if not _is_box(box, image):
            raise InputError(
                where=f'{self._file.path}: annotation id={annotation["id"]}',
                found=f'bbox={box!r}',
                expected='[x, y, width, height] in pixels of the '
                f'{image["width"]}x{image["height"]} image, or '
                "dataset.crop='image'",
            )
        # The parent reads further fields, which may be missing or wrong.
        complete = dict(
            annotation,
            bbox=box,
            category_id=annotation.get('category_id', 1),
            num_keypoints=sum(v > 0 for v in annotation['keypoints'][2::3]),
        )
        info = super().parse_data_info(
            dict(raw_ann_info=complete, raw_img_info=image)
        )
        # The parent clips a box to the image: a face at the border would be
        # shown off its centre and larger.
        x, y, w, h = box
        info['bbox'] = np.array([[x, y, x + w, y + h]], dtype=np.float32)
        info['raw_ann_info'] = annotation
        info['image_size'] = (image['height'], image['width'])
        fields = own_fields(image)
        del fields['img_id'], fields['img_path']
        info.update(fields)
        info['image_fields'] = sorted(fields)
        return info


def _is_box(box, image: dict) -> bool:
    """Whether ``box`` is x, y, width, height of a part of the image."""
    if not isinstance(box, (list, tuple)) or len(box) != 4:
        return False
    if not all(isinstance(v, (int, float)) and math.isfinite(v) for v in box):
        return False
    x, y, w, h = box
    overlaps = -w < x < image['width'] and -h < y < image['height']
    return w > 0 and h > 0 and overlaps


@DATASETS.register_module()
class ReducedCIFASDDataset(CIFASDDataset):
    """Deprecated: a :class:`CIFASDDataset` that logs a warning.

    Args:
        cache_dir, memory_mb, detail: Ignored.
        **kwargs: Arguments of :class:`CIFASDDataset`.
    """

    def __init__(
        self, *args, cache_dir=None, memory_mb=None, detail=None, **kwargs
    ) -> None:
        print_log(
            "type='ReducedCIFASDDataset' is deprecated and builds a "
            'CIFASDDataset: photographs are read in full, and cache_dir, '
            "memory_mb and detail are ignored. Write type='CIFASDDataset'; "
            'shrink large photographs once with mmpose_ctd prepare.',
            'current',
            logging.WARNING,
        )
        super().__init__(*args, **kwargs)
