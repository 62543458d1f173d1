"""The pictures of a set, their crops and its splits.

A recipe is a folder: ``crops.csv`` (a row a picture, in the order of their
ids), ``frl189_names.txt`` (the template's points), ``set.json`` (where the
originals come from, the named landmarks, the splits) and ``README.in.md``
(written into the set). ``frl_faces/`` makes the FRL faces.
"""

import csv
import json
import re
from dataclasses import dataclass, fields
from pathlib import Path

from mmpose_ctd.errors import InputError

__all__ = ['FRL_FACES', 'Crop', 'Recipe', 'load_recipe']

FRL_FACES = Path(__file__).with_name('frl_faces')


@dataclass(frozen=True)
class Crop:
    """One picture of a set: the columns of ``crops.csv``.

    Attributes:
        file_name (str): The name of the crop.
        source (str): The original, from the root of the checkout.
        subject (str): The person.
        site (str): Where the picture was taken.
        expression (str): ``neutral``, ``smiling``.
        labelled (bool): Whether a template lies next to the original.
        age (float, optional): Years, if published.
        sex (str): As published; may be empty.
        width (int): Of the original, in pixels.
        height (int): Of the original, in pixels.
        x (int): Left edge of the crop in the original; may lie outside.
        y (int): Its upper edge; may lie outside.
        side (int): Its width and height, in pixels of the original.
        image_blob (str): First digits of git's id of the original. Another
            or a damaged version has another id. Empty accepts any.
        template_blob (str): The same for the template.
        crop_sha256 (str): First digits of the published crop's SHA-256; may
            be empty.
    """

    file_name: str
    source: str
    subject: str
    site: str
    expression: str
    labelled: bool
    age: float | None
    sex: str
    width: int
    height: int
    x: int
    y: int
    side: int
    image_blob: str
    template_blob: str
    crop_sha256: str

    @property
    def template(self) -> str:
        """The template, from the root of the checkout."""
        return self.source.rsplit('.', 1)[0] + '.tem'


@dataclass(frozen=True)
class Recipe:
    """A set, as :func:`load_recipe` reads it.

    Attributes:
        repository (str): ``owner/name`` on GitHub.
        commit (str): The commit that the crops were chosen on.
        names (list[str]): The N points of the template.
        landmarks (dict[str, int]): Anatomical name -> point of the template.
        crops (list[Crop]): The pictures; an image's id is its place, from 1.
        splits (dict[str, list[str]]): Name -> subjects.
        readme (str): Text for the set's README, with fields to fill in.
    """

    repository: str
    commit: str
    names: list[str]
    landmarks: dict[str, int]
    crops: list[Crop]
    splits: dict[str, list[str]]
    readme: str


_READERS = {
    str: str,
    int: int,
    float | None: lambda text: float(text) if text else None,
    bool: lambda text: {'0': False, '1': True}[text],
}


def load_recipe(folder: str | Path = FRL_FACES) -> Recipe:
    """Read a recipe.

    Args:
        folder (str | Path): Its folder. Defaults to the FRL faces.

    Raises:
        InputError: If its files do not fit together; names file and row.
    """
    folder = Path(folder)
    path = folder / 'set.json'
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except json.JSONDecodeError as error:
        raise InputError(where=str(path), found=str(error)) from None
    crops = _read_crops(folder / 'crops.csv')
    names = _read_names(folder / 'frl189_names.txt')
    try:
        recipe = Recipe(
            repository=content['repository'],
            commit=content['commit'],
            names=names,
            landmarks=content['landmarks'],
            crops=crops,
            splits=_splits(content['splits']),
            readme=(folder / 'README.in.md').read_text(encoding='utf-8'),
        )
    except KeyError as error:
        raise InputError(
            where=str(path), found=f'the key {error} is missing'
        ) from None
    if max(recipe.landmarks.values()) >= len(names):
        raise InputError(
            where=str(path),
            found=f'a landmark lies past the {len(names)} points',
        )
    subjects = {crop.subject for crop in crops if crop.labelled}
    for name, members in recipe.splits.items():
        if strangers := set(members) - subjects:
            raise InputError(
                where=f'{path}: split {name}',
                found=f'{sorted(strangers)}',
                expected='subjects with a labelled picture in crops.csv',
            )
    return recipe


def _read_crops(path: Path) -> list[Crop]:
    columns = {column.name: column.type for column in fields(Crop)}
    crops = []
    with path.open(newline='', encoding='utf-8') as handle:
        reader = csv.DictReader(handle)
        if list(reader.fieldnames or []) != list(columns):
            raise InputError(
                where=str(path),
                found=f'the columns {reader.fieldnames}',
                expected=f'{list(columns)}',
            )
        for row in reader:
            where = f'{path}, row {reader.line_num}'
            try:
                crop = Crop(
                    **{n: _READERS[t](row[n]) for n, t in columns.items()}
                )
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    where=where, found=f'{error!r} in {row}'
                ) from None
            if Path(crop.file_name).name != crop.file_name or crop.side < 1:
                raise InputError(
                    where=where,
                    found=f'{crop.file_name!r} and {crop.side}',
                    expected='a bare file_name and a side of at least 1',
                )
            crops.append(crop)
    if len({crop.file_name for crop in crops}) != len(crops):
        raise InputError(where=str(path), found='a file_name occurs twice')
    return crops


def _read_names(path: Path) -> list[str]:
    """Rows of ``index,  "name"``; the index counts from 0."""
    names = []
    for row in path.read_text(encoding='utf-8').splitlines():
        match = re.fullmatch(r'\s*(\d+),\s*"(.*)"\s*', row)
        if not match or int(match[1]) != len(names):
            raise InputError(
                where=str(path),
                found=repr(row),
                expected=f'{len(names)}, "name"',
            )
        names.append(match[2])
    return names


def _splits(content: dict) -> dict[str, list[str]]:
    """For one seed the budgets are the first subjects of one order."""
    splits = {'test': content['test']}
    for budget in content['train_budgets']:
        for seed, order in enumerate(content['train_orders']):
            splits[f'train_n{budget:03d}_seed{seed}'] = order[:budget]
    return splits
