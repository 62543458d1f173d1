"""Which folder of a photograph is its subject (``--subject-from``)."""

from collections.abc import Iterable

from mmpose_ctd.errors import InputError

from ..annotation_formats import Refused

__all__ = ['SUBJECT_FOLDERS', 'by_folder', 'check_depth']

#: The choices of ``--subject-from``.
SUBJECT_FOLDERS = ('folder', 'first-folder', 'last-folder')


def by_folder(path: str, subject_from: str, has_sites: bool) -> str:
    """The subject of a photograph, by its folders.

    Args:
        path (str): The photograph, below IMAGES, with ``/``.
        subject_from (str): One of ``SUBJECT_FOLDERS``.
        has_sites (bool): Whether the first folder is the site.

    Returns:
        str: Its folders from IMAGES to the subject's: the same name at two
        sites is two subjects.

    Raises:
        Refused: If it lies in no folder that could be a subject's.
    """
    folders = path.split('/')[:-1]
    first = 1 + has_sites
    if len(folders) < first:
        raise Refused(
            f'--subject-from {subject_from}: it lies in no folder'
            + ' below that of its site' * has_sites
        )
    if subject_from == 'first-folder':
        folders = folders[:first]
    return '/'.join(folders)


def check_depth(paths: Iterable[str], has_sites: bool) -> None:
    """Refuse ``--subject-from folder`` where folders lie in folders.

    The outer one may be the person and the inner one a visit, or the outer
    one a group and the inner one the person. A wrong guess would train and
    test with one person.

    Args:
        paths (Iterable[str]): The photographs that are used.
        has_sites (bool): Whether the first folder is the site.

    Raises:
        InputError: If a photograph lies deeper than in one folder.
    """
    nested = [p for p in paths if p.count('/') > 1 + has_sites]
    if not nested:
        return
    raise InputError(
        where='--subject-from folder',
        found=f'{len(nested)} photographs in folders within folders, such as '
        f'{min(nested)!r}',
        expected='one level of folders'
        + ' below those of the sites' * has_sites,
        cure='Say --subject-from first-folder if the outer folder is the '
        'person (and the inner ones are visits), --subject-from last-folder '
        'if the inner one is. If the outer folders are sites, add '
        '--site-from folder.',
    )
