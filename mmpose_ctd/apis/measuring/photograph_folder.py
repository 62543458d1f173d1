"""Which files of a folder are photographs."""

import os

from mmpose_ctd.datasets.preparation.image_index import IMAGE_SUFFIXES
from mmpose_ctd.errors import InputError, MissingFileError

__all__ = ['list_photographs']


def list_photographs(
    folder: str, recursive: bool = False
) -> tuple[list[str], int]:
    """The photographs of a folder, by their names' endings.

    Hidden files (macOS leaves some beside every photograph) are no
    photographs, and are not counted.

    Args:
        folder (str): The folder.
        recursive (bool): Whether subfolders are read, too. Defaults to
            False.

    Returns:
        tuple[list[str], int]: Their names relative to the folder with ``/``,
        sorted, and how many other files there are.

    Raises:
        MissingFileError: If there is no such folder.
        InputError: If it has no photograph.
    """
    if not os.path.isdir(folder):
        raise MissingFileError(
            f'{folder!r} is no folder; expected the folder of the photographs.'
        )
    found, others, below = [], 0, 0
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith('.'))
        for file in files:
            if file.startswith('.'):
                continue
            if os.path.splitext(file)[1].lower() not in IMAGE_SUFFIXES:
                others += 1
                continue
            path = os.path.relpath(os.path.join(where, file), folder)
            found.append(path.replace(os.sep, '/'))
        if not recursive:
            below = len(folders)
            break
    if not found:
        hint = (
            f' It has {below} subfolders: --recursive reads them.'
            if below
            else ''
        )
        raise InputError(
            f'{folder!r} has no photograph; expected files that end in '
            f'{", ".join(sorted(IMAGE_SUFFIXES))}.{hint}'
        )
    return sorted(found), others
