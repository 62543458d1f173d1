"""Labelled faces, followed by faces without labels."""

from mmengine.logging import print_log
from mmpose.registry import DATASETS

from mmpose_ctd.errors import InputError

from .cifasd_dataset import CIFASDDataset
from .unlabelled_images import unlabelled_images


@DATASETS.register_module()
class PartlyLabelledDataset(CIFASDDataset):
    """A :class:`CIFASDDataset` with unlabelled images after its own.

    Unlabelled images have no visible landmark: losses of heat-maps ignore
    them, regularisers use them. A :class:`.PartlyLabelledBatchSampler` puts a
    fixed number of both into each batch; then
    ``HeatmapFrobeniusLoss(labelled_only=True)`` has the value it would have
    without unlabelled images.

    Args:
        unlabelled (dict): ``ann_file``: a COCO file, relative to
            ``data_root``; only its image records are read, no labels.
            ``exclude``: split files, relative to ``data_root``, of all people
            who are tested or validated on. ``split`` (optional): the file of
            the subjects to use. Images that train with labels are left out.
        **kwargs: Arguments of :class:`CIFASDDataset`; ``crop`` must be
            ``'image'``.

    Raises:
        InputError: See :func:`.unlabelled_images`.
    """

    def __init__(self, *args, unlabelled: dict, **kwargs) -> None:
        if kwargs.get('crop', 'image') != 'image':
            raise InputError(
                where='dataset.crop',
                found=repr(kwargs['crop']),
                expected="'image' in a PartlyLabelledDataset: unlabelled "
                'images have no annotated box',
            )
        self._unlabelled = dict(unlabelled)
        super().__init__(*args, **kwargs)

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        instances, images = super()._load_annotations()
        own, root = self._file, self.data_root or ''
        file, records = unlabelled_images(own, root, self._unlabelled)
        taken = {instance['img_path'] for instance in instances}
        zeros = [0] * (3 * len(own.names))
        added = []
        # Errors name the unlabelled file meanwhile.
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
                where=file.path,
                found='every image of dataset.unlabelled trains with its '
                'labels already',
            )
        print_log(
            f'{len(instances)} labelled and {len(added)} unlabelled images',
            'current',
        )
        return instances + added, images

    @staticmethod
    def _is_valid_instance(data_info: dict) -> bool:
        """Keep images without landmark, which the parent leaves out."""
        unlabelled = not data_info['keypoints_visible'].any()
        return unlabelled or CIFASDDataset._is_valid_instance(data_info)

    def labelled_indices(self) -> list[int]:
        """Indices of the samples with a labelled landmark."""
        return [
            i
            for i in range(len(self))
            if self.get_data_info(i)['keypoints_visible'].any()
        ]
