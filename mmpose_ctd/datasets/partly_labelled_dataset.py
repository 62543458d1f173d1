"""Labelled faces, and others of whom nobody has clicked a landmark."""

from mmengine.logging import print_log
from mmpose.registry import DATASETS

from mmpose_ctd.errors import InputError

from .cifasd_dataset import CIFASDDataset
from .unlabelled_images import unlabelled_images

__all__ = ['PartlyLabelledDataset']


@DATASETS.register_module()
class PartlyLabelledDataset(CIFASDDataset):
    """A :class:`CIFASDDataset` with unlabelled images behind its own.

    Unlabelled images have no visible landmark, so that losses of heat-maps
    pass them over; regularisers, which need no labels, do not. A
    :class:`.PartlyLabelledBatchSampler` puts a fixed number of both into each
    batch; ``HeatmapFrobeniusLoss(labelled_only=True)`` then is what it would
    be without the unlabelled ones.

    Args:
        unlabelled (dict): ``ann_file``, relative to ``data_root``: a COCO
            file, of which image records alone are read, so that labels it may
            hold are not used; ``exclude``: the split files, relative to
            ``data_root``, of everyone who is tested or validated on, whose
            images are left out; ``split``, optional: the file of the subjects
            to use. An image that trains with its labels is left out here.
        **kwargs: Arguments of :class:`CIFASDDataset`; ``crop`` has to be
            ``'image'``.

    Raises:
        InputError: See :func:`unlabelled_images`.
    """

    def __init__(self, *args, unlabelled: dict, **kwargs) -> None:
        if kwargs.get('crop', 'image') != 'image':
            raise InputError(
                f'dataset.crop={kwargs["crop"]!r}: unlabelled images have no '
                "annotated box. A PartlyLabelledDataset needs crop='image'."
            )
        self._unlabelled = dict(unlabelled)
        super().__init__(*args, **kwargs)

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        instances, images = super()._load_annotations()
        own, root = self._file, self.data_root or ''
        file, records = unlabelled_images(own, root, **self._unlabelled)
        taken = {instance['img_path'] for instance in instances}
        zeros = [0] * (3 * len(own.names))
        added = []
        # Names of fields and files are told as the unlabelled file's.
        self._file = file
        try:
            for i, record in records.items():
                image = self._record(i, record)
                if image['img_path'] in taken:
                    continue
                annotation = dict(
                    id=f'unlabelled {i}', image_id=i, keypoints=zeros
                )
                added.append(
                    self.parse_data_info(
                        dict(raw_ann_info=annotation, raw_img_info=image)
                    )
                )
            self._check_images_exist({info['img_path'] for info in added})
        finally:
            self._file = own
        if not added:
            raise InputError(
                f'{file.path}: every image of dataset.unlabelled trains with '
                'its labels already.'
            )
        print_log(
            f'{len(instances)} labelled and {len(added)} unlabelled images',
            'current',
        )
        return instances + added, images

    @staticmethod
    def _is_valid_instance(data_info: dict) -> bool:
        """See the parent, which leaves out what has no landmark."""
        unlabelled = not data_info['keypoints_visible'].any()
        return unlabelled or CIFASDDataset._is_valid_instance(data_info)

    def labelled_indices(self) -> list[int]:
        """Which of the samples have a labelled landmark."""
        return [
            i
            for i in range(len(self))
            if self.get_data_info(i)['keypoints_visible'].any()
        ]
