"""Which pictures a set is made of, how they are cropped and divided.

A recipe is a folder: ``crops.csv`` (a row a picture, in the order of their
ids), ``frl189_names.txt`` (the template's points), ``set.json`` (where the
originals come from, the named landmarks, the splits) and ``README.in.md``
(written into the set). The one beside this file makes the FRL faces.
"""

import csv
import json
import re
from dataclasses import dataclass, field, fields
from pathlib import Path

from mmpose_ctd.errors import InputError

FRL_FACES = Path(__file__).with_name('frl_faces')


@dataclass(frozen=True)
class Crop:
    """One picture of a set.

    Attributes:
        file_name (str): The name of the crop.
        source (str): The original, from the root of the checkout.
        subject (str): The person.
        site (str): Where the picture was taken.
        expression (str): ``neutral``, ``smiling``.
        labelled (bool): Whether a template lies beside the original.
        age (float, optional): Years, where published.
        sex (str): As published; empty where it is not.
        width (int): Of the original, in pixels.
        height (int): Of the original, in pixels.
        x (int): Left edge of the crop in the original; may lie outside.
        y (int): Its upper edge; may lie outside.
        side (int): Its width and height, in pixels of the original.
        image_blob (str): The first digits of git's id of the original, by
            which another or a damaged version is told. Empty: any will do.
        template_blob (str): The same for the template.
        crop_sha256 (str): The first digits of the published crop's SHA-256.
            Empty where none is published.
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
    splits: dict[str, list[str]] = field(default_factory=dict)
    readme: str = ''


_READERS = {
    str: str,
    int: int,
    float | None: lambda text: float(text) if text else None,
    bool: lambda text: {'0': False, '1': True}[text],
}


def _read_crops(path: Path) -> list[Crop]:
    columns = {column.name: column.type for column in fields(Crop)}
    crops = []
    with path.open(newline='', encoding='utf-8') as handle:
        reader = csv.DictReader(handle)
        if list(reader.fieldnames or []) != list(columns):
            raise InputError(
                f'{path}: found the columns {reader.fieldnames}, expected '
                f'{list(columns)}'
            )
        for row in reader:
            where = f'{path}, row {reader.line_num}'
            try:
                crop = Crop(
                    **{
                        name: _READERS[kind](row[name])
                        for name, kind in columns.items()
                    }
                )
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f'{where}: {error!r} in {row}') from None
            if Path(crop.file_name).name != crop.file_name or crop.side < 1:
                raise InputError(
                    f'{where}: expected a bare file_name and a side of at '
                    f'least 1, found {crop.file_name!r} and {crop.side}'
                )
            crops.append(crop)
    if len({crop.file_name for crop in crops}) != len(crops):
        raise InputError(f'{path}: a file_name occurs twice')
    return crops


def _read_names(path: Path) -> list[str]:
    """Rows of ``index,  "name"``; the index counts from 0."""
    names = []
    for row in path.read_text(encoding='utf-8').splitlines():
        match = re.fullmatch(r'\s*(\d+),\s*"(.*)"\s*', row)
        if not match or int(match[1]) != len(names):
            raise InputError(
                f'{path}: found {row!r}, expected {len(names)}, "name"'
            )
        names.append(match[2])
    return names


def _expand_splits(content: dict) -> dict[str, list[str]]:
    """For one seed the budgets are the first subjects of one order."""
    splits = {'test': content['test']}
    for budget in content['train_budgets']:
        for seed, order in enumerate(content['train_orders']):
            splits[f'train_n{budget:03d}_seed{seed}'] = order[:budget]
    return splits


def load_recipe(folder: str | Path = FRL_FACES) -> Recipe:
    """Reads a recipe.

    Args:
        folder (str | Path): Where it lies. Defaults to the FRL faces.

    Raises:
        InputError: Where its files do not fit together; names file and row.
    """
    folder = Path(folder)
    path = folder / 'set.json'
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except json.JSONDecodeError as error:
        raise InputError(f'{path}: {error}') from None
    crops = _read_crops(folder / 'crops.csv')
    names = _read_names(folder / 'frl189_names.txt')
    try:
        splits = _expand_splits(content['splits'])
        recipe = Recipe(
            repository=content['repository'],
            commit=content['commit'],
            names=names,
            landmarks=content['landmarks'],
            crops=crops,
            splits=splits,
            readme=(folder / 'README.in.md').read_text(encoding='utf-8'),
        )
    except KeyError as error:
        raise InputError(f'{path}: the key {error} is missing') from None
    if max(recipe.landmarks.values()) >= len(names):
        raise InputError(
            f'{path}: a landmark lies past the {len(names)} points'
        )
    subjects = {crop.subject for crop in crops if crop.labelled}
    for name, members in splits.items():
        if strangers := set(members) - subjects:
            raise InputError(
                f'{path}: split {name} has subjects without a labelled '
                f'picture in crops.csv: {sorted(strangers)}'
            )
    return recipe
