"""Writes the files of a set next to its images."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from mmpose_ctd.datasets.landmark_file import face_annotation, face_category

from .crop_picture import JPEG_QUALITY, Record
from .recipe import Recipe

__all__ = ['write_annotations', 'write_documents', 'write_splits']


def _annotation_file(
    records: list[Record],
    what: str,
    names: list[str] | None = None,
    indices: list[int] | None = None,
) -> dict:
    """The content of a COCO file.

    Args:
        records (list[Record]): Its pictures.
        what (str): For ``info``.
        names (list[str], optional): The keypoints, in their order. None for
            pictures without points.
        indices (list[int], optional): Their places in the template.
    """
    content = {
        'info': {
            'description': f'FRL faces, {what}',
            'license': 'CC BY 4.0, see LICENSE.md and README.md',
        },
        'licenses': [
            {
                'id': 1,
                'name': 'CC BY 4.0',
                'url': 'https://creativecommons.org/licenses/by/4.0/',
            }
        ],
        'images': [record.image for record in records],
    }
    if names is None:
        return content
    content['annotations'] = annotations = []
    for record in records:
        keypoints = record.keypoints[indices]
        index, size = record.image['id'], record.image['width']
        annotations.append(
            face_annotation(index, keypoints.tolist(), (size, size))
        )
    content['categories'] = [face_category(names)]
    return content


def write_annotations(
    folder: Path, records: list[Record], recipe: Recipe, size: int
) -> None:
    """Write the named landmarks, the whole template, the unlabelled."""
    labelled = [record for record in records if record.keypoints is not None]
    unlabelled = [record for record in records if record.keypoints is None]
    few, every = len(recipe.landmarks), len(recipe.names)
    crops = f'{size}x{size} crops with'
    template = f'{crops} the {every}-point FRL template'
    anatomical = f'{crops} {few} anatomical landmarks'
    # Not by name: the template has different points of the same name.
    chosen = list(recipe.landmarks), list(recipe.landmarks.values())
    files = {
        f'landmarks{few}': (labelled, anatomical, *chosen),
        f'landmarks{every}': (
            labelled,
            template,
            recipe.names,
            list(range(every)),
        ),
        'unlabelled': (unlabelled, anatomical),
    }
    folder.mkdir()
    for name, arguments in files.items():
        content = _annotation_file(*arguments)
        (folder / f'{name}.json').write_text(json.dumps(content), 'utf-8')


def write_splits(
    folder: Path, records: list[Record], recipe: Recipe
) -> Iterator[tuple[str, str, str]]:
    """Write the splits without subjects that have no labelled picture.

    Yields:
        tuple[str, str, str]: File, what is found and what was expected, of a
        split that has lost subjects.
    """
    present = {
        record.image['subject']
        for record in records
        if record.keypoints is not None
    }
    folder.mkdir()
    for name, subjects in recipe.splits.items():
        kept = [subject for subject in subjects if subject in present]
        if kept:
            text = '\n'.join(kept) + '\n'
            (folder / f'{name}.txt').write_text(text, newline='\n')
        if len(kept) < len(subjects):
            yield (
                f'splits/{name}.txt',
                f'{len(kept)} subjects' if kept else 'none; not written',
                f'{len(subjects)} subjects',
            )


def write_documents(
    folder: Path, src: Path, records: list[Record], recipe: Recipe, size: int
) -> None:
    """Write the licence, the template's points, and the README."""
    shutil.copyfile(src / 'LICENSE.md', folder / 'LICENSE.md')
    names = [f'{i},  "{name}"\n' for i, name in enumerate(recipe.names)]
    (folder / 'frl189_names.txt').write_text(
        ''.join(names), 'utf-8', newline='\n'
    )
    labelled = sum(record.keypoints is not None for record in records)
    total, found = len(recipe.crops), len(records)
    text = recipe.readme.format(
        size=size,
        points=len(recipe.names),
        landmarks=len(recipe.landmarks),
        labelled=labelled,
        unlabelled=found - labelled,
        completeness=(
            f'All {total} images of the set are here.'
            if found == total
            else f'INCOMPLETE: {found} of the {total} images of the set; '
            'numbers measured on it do not compare with others.'
        ),
        mapping=', '.join(f'{k} {v}' for k, v in recipe.landmarks.items()),
        repository=recipe.repository,
        commit=recipe.commit,
        quality=JPEG_QUALITY,
    )
    (folder / 'README.md').write_text(text, encoding='utf-8')
