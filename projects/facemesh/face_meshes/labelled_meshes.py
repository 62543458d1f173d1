"""Labelled faces of a split, with their meshes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.datasets.landmark_file import subject_of
from mmpose_ctd.errors import InputError

from .mesh_file import MeshFile

__all__ = ['LabelledMeshes', 'read_labelled_meshes']


@dataclass(frozen=True)
class LabelledMeshes:
    """Faces with true landmarks and, where one was found, a mesh.

    N: faces, K: landmarks, V: vertices.

    Attributes:
        infos (list[Mapping]): What the dataset says of each.
        metainfo (Mapping): Of the dataset.
        meshes (np.ndarray): Pixels of the image, (N, V, 3); NaN where no
            face was found.
        points (np.ndarray): True landmarks, pixels of the image, (N, K, 2);
            NaN where not labelled.
        sizes (np.ndarray): Width and height of the images, (N, 2).
    """

    infos: list[Mapping]
    metainfo: Mapping
    meshes: np.ndarray = field(repr=False)
    points: np.ndarray = field(repr=False)
    sizes: np.ndarray = field(repr=False)

    @property
    def found(self) -> np.ndarray:
        """Whether there is a mesh, (N,)."""
        return np.isfinite(self.meshes).all(axis=(1, 2))

    @property
    def image_ids(self) -> list:
        """N ids."""
        return [info['img_id'] for info in self.infos]

    @property
    def missing(self) -> list:
        """Ids of the images on which no face was found."""
        return [i for i, found in zip(self.image_ids, self.found) if not found]

    @property
    def subjects(self) -> list[str]:
        """Who is on each; an image of unknown subject stands for itself."""
        people = map(subject_of, self.infos)
        return [
            f'image {i}' if person is None else f'subject {person}'
            for person, i in zip(people, self.image_ids)
        ]

    @property
    def sites(self) -> list[str]:
        """Where each was taken; ``''`` where unknown."""
        return [str(info.get('site') or '') for info in self.infos]

    @property
    def names(self) -> list[str]:
        """Of the K landmarks."""
        return list(self.metainfo['keypoint_name2id'])


def read_labelled_meshes(
    data_root: str, ann_file: str, split: str, meshes: MeshFile
) -> LabelledMeshes:
    """Read a split as training and testing read it.

    Args:
        data_root (str): Folder of the set.
        ann_file (str): Annotation file, relative to it.
        split (str): File of the subjects, relative to it.
        meshes (MeshFile): Of the set.

    Raises:
        MissingFileError: If a file does not exist.
        InputError: If the set or split cannot be used, the meshes are of
            other images, or an image has several labelled faces.
    """
    dataset = CIFASDDataset(
        ann_file=ann_file, data_root=data_root, split=split, test_mode=True
    )
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    ids = [info['img_id'] for info in infos]
    if len({*ids}) < len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise InputError(
            f'{ann_file}: image id={twice} has several labelled faces, of '
            'which FaceMesh finds one. Cut the image into faces.'
        )
    visible = np.stack([info['keypoints_visible'][0] for info in infos]) > 0
    points = np.stack([info['keypoints'][0] for info in infos])
    points = points[..., :2].astype(np.float64)
    return LabelledMeshes(
        infos=infos,
        metainfo=dataset.metainfo,
        meshes=meshes.of_images(ids, [info['img_path'] for info in infos]),
        points=np.where(visible[..., None], points, np.nan),
        sizes=np.array([info['image_size'][::-1] for info in infos], float),
    )
