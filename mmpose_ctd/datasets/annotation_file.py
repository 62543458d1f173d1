"""Finds the annotation file of a data set's folder."""

from pathlib import Path

from mmpose_ctd.errors import InputError, MissingFileError

from .text_files import read_json


def find_annotation_file(root: Path, cure: str = 'Leave one.') -> str:
    """Find the one annotation file of a data set.

    ``annotations/landmarks19.json`` if it exists; else the only file that has
    annotations or cannot be read, relative to ``root``. ``cure`` says what a
    user can do if there are several.

    Raises:
        MissingFileError: If there is none.
        InputError: If there are several.
    """
    found = sorted((root / 'annotations').glob('*.json'))
    preferred = [f for f in found if f.name == 'landmarks19.json']
    labelled = preferred or [f for f in found if _has_labels(f)]
    if not labelled:
        raise MissingFileError(
            where=str(root),
            found='no annotations/*.json with labelled faces',
            expected='annotations/*.json, images/*, splits/*.txt',
        )
    if len(labelled) > 1:
        raise InputError(
            where=f'{root}/annotations',
            found=', '.join(f.name for f in labelled),
            expected='one file with annotations',
            cure=cure,
        )
    return f'annotations/{labelled[0].name}'


def _has_labels(file: Path) -> bool:
    try:
        content = read_json(file, file.name)
    except InputError:
        # Reading it later says what is wrong.
        return True
    return bool(isinstance(content, dict) and content.get('annotations'))
