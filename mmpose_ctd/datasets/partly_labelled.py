"""Labelled faces together with faces that train without labels."""

import math
import os.path as osp
from collections.abc import Iterator

from mmengine.dataset import InfiniteSampler
from mmengine.logging import print_log
from mmpose.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import Sampler

from mmpose_ctd.errors import InputError

from .cifasd_dataset import CIFASDDataset
from .landmark_file import LandmarkFile, read_split, subject_of
from .mesh_labels import label_by_mesh
from .split_selection import people_of, select_images

_WHERE = 'dataset.unlabelled'
# Of a data info: it has no labels of its own.
_MARK = 'trains_unlabelled'
_KEYS = {'ann_file', 'exclude', 'split', 'mesh_labels'}


@DATASETS.register_module()
class PartlyLabelledDataset(CIFASDDataset):
    """A :class:`CIFASDDataset` with unlabelled images after its own.

    Unlabelled images have no visible landmark: losses of heat-maps ignore
    them, regularisers use them. Photographs of faces can have landmarks that
    their dense landmarks suggest (``mesh_labels``, see
    :func:`.label_by_mesh`). A :class:`.PartlyLabelledBatchSampler` puts a
    fixed number of both into each batch; then
    ``HeatmapFrobeniusLoss(labelled_only=True)`` has the value it would have
    without unlabelled images.

    Args:
        unlabelled (dict): ``ann_file``: a COCO file, or a list of them,
            relative to ``data_root``; only image records are read, no labels.
            ``exclude``: split files, relative to ``data_root``, of all people
            who are tested or validated on. ``split`` (optional): the file of
            the subjects to use; those without an image are ignored.
            ``mesh_labels`` (optional): whether to give them landmarks; images
            without a visible face are left out. Images that train with labels
            are left out.
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
        taken = {instance['img_path'] for instance in instances}
        zeros = [0] * (3 * len(own.names))
        added = []
        for file, records in unlabelled_images(own, root, self._unlabelled):
            for i, record in records.items():
                image = self._record(file, i, record)
                if image['img_path'] in taken:
                    continue
                taken.add(image['img_path'])
                annotation = dict(
                    id=f'unlabelled {i}', image_id=i, keypoints=zeros
                )
                added.append(
                    self.parse_data_info(
                        dict(raw_ann_info=annotation, raw_img_info=image)
                    )
                )
            paths = {info['img_path'] for info in added}
            self._check_images_exist(file, paths)
        seen = len(added)
        if self._unlabelled.get('mesh_labels'):
            added = label_by_mesh(instances, added)
        if not added:
            raise InputError(
                where=f'{_WHERE}.ann_file',
                found='a face on none of its images'
                if seen
                else 'every image trains with its labels already',
                expected='further photographs',
                cure="Without any, set dataset.type='CIFASDDataset' and "
                'delete dataset.unlabelled and '
                'train_dataloader.batch_sampler.',
            )
        for info in added:
            info[_MARK] = True
        print_log(
            f'{len(instances)} labelled and {len(added)} unlabelled images'
            + (f'; no face on {seen - len(added)}' * (len(added) < seen)),
            'current',
        )
        return instances + added, images

    @staticmethod
    def _is_valid_instance(data_info: dict) -> bool:
        """Keep images without labels, which the parent leaves out."""
        return data_info.get(_MARK) or CIFASDDataset._is_valid_instance(
            data_info
        )

    def labelled_indices(self) -> list[int]:
        """Indices of the samples with labels of their own."""
        return [
            i for i in range(len(self)) if not self.get_data_info(i).get(_MARK)
        ]


@DATA_SAMPLERS.register_module()
class PartlyLabelledBatchSampler(Sampler):
    r"""Labelled images, then unlabelled ones, in each batch.

    Both kinds repeat endlessly in random order. The labelled images of a
    batch are those that an ``InfiniteSampler`` of the same seed draws from
    the labelled images alone. The numbers of both are given, or follow from
    the data: of L labelled and U unlabelled images, unlabelled ones are

    .. math::
        \min\left(\frac{E}{E + L}, \frac{U}{U + L}\right)

    of a batch, rounded, and at least one: the more labels, the less the
    others add, and none of them is drawn more often than a labelled one.

    ::

        train_dataloader = dict(
            batch_size=8,
            sampler=dict(type='InfiniteSampler', shuffle=True),
            batch_sampler=dict(
                type='PartlyLabelledBatchSampler', equal_at=20
            ),
            dataset=dict(type='PartlyLabelledDataset', ...),
        )

    Args:
        sampler (InfiniteSampler): Its dataset, seed and shuffling are used.
        batch_size (int): Labelled images of a batch; with ``equal_at`` all
            images of a batch.
        unlabelled (int, optional): Unlabelled images of a batch.
        equal_at (int, optional): E, the number of labelled images at which
            half a batch is unlabelled. Give it or ``unlabelled``.

    Raises:
        InputError: If the dataset is not a :class:`.PartlyLabelledDataset`,
            the sampler is finite, or a batch would lack one kind.
    """

    def __init__(
        self,
        sampler: InfiniteSampler,
        batch_size: int,
        unlabelled: int | None = None,
        equal_at: int | None = None,
    ) -> None:
        dataset = sampler.dataset
        if not isinstance(sampler, InfiniteSampler) or not hasattr(
            dataset, 'labelled_indices'
        ):
            raise InputError(
                where='PartlyLabelledBatchSampler',
                found=f'a {type(sampler).__name__} of a '
                f'{type(dataset).__name__}',
                expected='an InfiniteSampler of a PartlyLabelledDataset',
            )
        given = unlabelled if equal_at is None else equal_at
        if (
            type(given) is not int
            or given < 1
            or None not in (unlabelled, equal_at)
        ):
            raise InputError(
                where='train_dataloader.batch_sampler',
                found=f'unlabelled={unlabelled!r}, equal_at={equal_at!r}',
                expected='one of them, a whole number of 1 or more',
            )
        self.sampler = sampler
        self._labelled = dataset.labelled_indices()
        self._others = sorted({*range(len(dataset))} - {*self._labelled})
        # An InfiniteSampler of nothing never returns.
        assert self._labelled and self._others
        if equal_at is not None:
            if batch_size < 2:
                raise InputError(
                    where='train_dataloader.batch_size',
                    found=repr(batch_size),
                    expected='2 or more: labelled and unlabelled images',
                )
            count, others = len(self._labelled), len(self._others)
            share = min(
                equal_at / (equal_at + count), others / (others + count)
            )
            unlabelled = min(max(round(batch_size * share), 1), batch_size - 1)
            batch_size -= unlabelled
        self.batch_size = batch_size
        self.unlabelled = unlabelled

    def __iter__(self) -> Iterator[list[int]]:
        """Yield endless batches of indices into the dataset."""
        shuffle, seed = self.sampler.shuffle, self.sampler.seed
        labelled = iter(InfiniteSampler(self._labelled, shuffle, seed))
        others = iter(InfiniteSampler(self._others, shuffle, seed + 1))
        while True:
            yield [
                self._labelled[next(labelled)] for _ in range(self.batch_size)
            ] + [self._others[next(others)] for _ in range(self.unlabelled)]

    def __len__(self) -> int:
        """Batches until each labelled image was drawn once."""
        return math.ceil(len(self._labelled) / self.batch_size)


def unlabelled_images(
    labelled: LandmarkFile, data_root: str, unlabelled: dict
) -> list[tuple[LandmarkFile, dict]]:
    """Read the image records that train without labels.

    ``labelled`` are the annotations of the set in ``data_root``;
    ``unlabelled`` is that of a :class:`.PartlyLabelledDataset`. Returns each
    file, and its records by id without those of excluded people.

    Raises:
        InputError: If a key is missing or unknown, an image has no subject,
            or no image is left.
    """
    keys = set(unlabelled)
    if not {'ann_file'} <= keys <= _KEYS:
        raise InputError(
            where=_WHERE,
            found=f'the keys {sorted(keys)}',
            expected='ann_file, exclude and perhaps split, mesh_labels',
        )
    split, exclude = unlabelled.get('split'), unlabelled.get('exclude')
    if isinstance(exclude, str) or not exclude:
        raise InputError(
            where=f'{_WHERE}.exclude',
            found=repr(exclude),
            expected='a list of split files: people who are tested or '
            'validated on must not train, with or without labels',
            cure="For example, exclude=['splits/test.txt'].",
        )
    names = unlabelled['ann_file']
    names = [names] if isinstance(names, str) else names
    files = [labelled.images_of(osp.join(data_root, n)) for n in names]
    chosen = [
        (file, _records(file, labelled, data_root, split, exclude))
        for file in files
    ]
    if not any(records for _, records in chosen):
        raise InputError(
            where=', '.join(file.path for file in files),
            found=f'no image is left for {_WHERE}: none of split={split!r} '
            f'without the people of exclude={list(exclude)!r}',
        )
    return chosen


def _records(
    file: LandmarkFile,
    labelled: LandmarkFile,
    data_root: str,
    split: str | None,
    exclude: list[str],
) -> dict:
    """Image records by id: of the split, without excluded people."""
    images = file.images
    if split is not None:
        lines = read_split(osp.join(data_root, split))
        chosen = select_images(lines, images).ids
        images = {i: images[i] for i in images if i in chosen}
    unknown = [i for i, image in images.items() if subject_of(image) is None]
    if unknown:
        raise InputError(
            where=f'{file.path}: image id={unknown[0]}',
            found=f"no 'subject' ({len(unknown)} such images), so {_WHERE}."
            'exclude cannot be applied',
            cure='Add the field.',
        )
    refused: set[str] = set()
    for name in exclude:
        lines = read_split(osp.join(data_root, name))
        # A line may select an image; its person is excluded.
        refused |= people_of(lines, labelled.images)
        refused |= people_of(lines, file.images) | set(lines)
    return {
        i: image
        for i, image in images.items()
        if subject_of(image) not in refused
    }


def labelled_part(dataset: dict) -> dict:
    """Remove unlabelled images from a dataset's config, in place."""
    if dataset.get('type') == 'PartlyLabelledDataset':
        dataset['type'] = 'CIFASDDataset'
        dataset.pop('unlabelled', None)
    return dataset
