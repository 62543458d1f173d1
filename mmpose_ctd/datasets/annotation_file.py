"""Which file of a data set's folder holds its labels."""

from pathlib import Path

from mmpose_ctd.errors import InputError, MissingFileError

from .json_file import read_json

__all__ = ['find_annotation_file']


def find_annotation_file(root: Path, cure: str = 'Leave one.') -> str:
    """The one annotation file that a folder of the layout is about.

    ``annotations/landmarks19.json``, if it is there; else the only one with
    annotations, or that cannot be read.

    Args:
        root (Path): Folder of the data set.
        cure (str): What a user may do where several could be meant.

    Returns:
        str: The file, relative to ``root``.

    Raises:
        MissingFileError: If there is none.
        InputError: If several could be meant.
    """
    found = sorted((root / 'annotations').glob('*.json'))
    preferred = [f for f in found if f.name == 'landmarks19.json']
    labelled = preferred or [f for f in found if _has_labels(f)]
    if not labelled:
        raise MissingFileError(
            f'{root}: no annotations/*.json with labelled faces. Expected '
            'the layout annotations/*.json, images/*, splits/*.txt.'
        )
    if len(labelled) > 1:
        raise InputError(
            f'{root}/annotations: which of '
            f'{", ".join(f.name for f in labelled)} is meant? {cure}'
        )
    return f'annotations/{labelled[0].name}'


def _has_labels(file: Path) -> bool:
    try:
        content = read_json(file, file.name)
    except InputError:
        # LandmarkFile.read says what is wrong with it.
        return True
    return bool(isinstance(content, dict) and content.get('annotations'))
