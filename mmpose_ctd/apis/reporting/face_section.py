"""The best, the median and the worst face."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from mmengine import fileio

from mmpose_ctd.datasets.upright_image import read_upright
from mmpose_ctd.visualization import FaceView, select_faces

from .pictures import photograph
from .system import RunResult, System

__all__ = ['Face', 'FaceSection', 'face_section']

_PLACES = ('best', 'median', 'worst')


@dataclass
class Face:
    """A row of pictures.

    Attributes:
        title (str): Which face, by rank.
        panels (list[tuple[Picture, str]]): Pictures and their captions.
    """

    title: str
    panels: list = field(default_factory=list)


@dataclass
class FaceSection:
    """Faces of the test set.

    Attributes:
        faces (list[Face]): Of increasing error.
        people (bool): Whether photographs are shown.
        notes (list[str]): What is left out, and why.
    """

    faces: list = field(default_factory=list)
    people: bool = False
    notes: list = field(default_factory=list)


def face_section(systems: Sequence[System], photographs: bool) -> FaceSection:
    """Truth, predictions and heat-maps of three faces.

    They are chosen by the first system's error, so that the choice favours
    none of the others.

    Args:
        systems (Sequence[System]): Those of another test set are left out.
        photographs (bool): Whether people are shown; else landmarks and
            heat-maps are drawn on a blank page.
    """
    alike = [system for system in systems if not system.odd]
    first = alike[0].first
    unit = _unit(first.report)
    errors = {s.name: s.first.tested.errors(unit) for s in alike}
    chosen = select_faces(errors[alike[0].name], len(_PLACES))
    places = _PLACES if len(chosen) == 3 else _PLACES[:: 3 - len(chosen)]
    ids = [first.tested.img_ids[i] for i in chosen]
    section = FaceSection(people=photographs)
    images = [None] * len(chosen)
    if photographs:
        images = [_image(first, i) for i in chosen]
        if any(image is None for image in images):
            section.people = any(image is not None for image in images)
            section.notes.append(
                'Photographs that the data set does not name as files are '
                'left out.'
            )
    tested = first.tested
    views = [
        FaceView.of(image, tested.true[i], tested.visible[i])
        for image, i in zip(images, chosen)
    ]
    for place, view in zip(places, views):
        face = Face(f'The {place} face of {len(tested)}, by {alike[0].name}')
        told = f'The {int(view.visible.sum())} true landmarks, {place} face.'
        face.panels.append((photograph(view.with_truth(), told), 'truth'))
        section.faces.append(face)
    for system in alike:
        place_of = {c: i for i, c in enumerate(system.first.tested.img_ids)}
        which = [place_of[img_id] for img_id in ids]
        label = first.report['unit_label']
        told = [
            f'{system.name}: {errors[system.name][i]:.2f} {label}'
            for i in which
        ]
        note = _add_system(section.faces, views, system.first, which, told)
        if note:
            section.notes.append(f'{system.name}: {note}')
    return section


def _add_system(
    faces: Sequence[Face],
    views: Sequence[FaceView],
    result: RunResult,
    which: Sequence[int],
    told: Sequence[str],
) -> str:
    """Append a system's panels; what is missing, in a sentence."""
    tested = result.tested
    maps = result.heatmaps(which)
    geometry = tested.geometry
    note = ''
    if maps is None:
        note = 'its head gives no heat-maps, so that they are left out.'
    elif not {'input_center', 'input_scale'} <= geometry.keys():
        maps = None
        note = (
            'its samples do not tell where the network looked '
            '(input_center, input_scale), so that heat-maps are left out.'
        )
    for n, i in enumerate(which):
        picture = views[n].with_prediction(tested.pred[i])
        alt = f'Prediction of {told[n]}.'
        faces[n].panels.append((photograph(picture, alt), told[n]))
        if maps is None:
            continue
        picture = views[n].with_heatmap(
            maps[n],
            geometry['input_center'][i],
            geometry['input_scale'][i],
            ends_aligned=_is_udp(result),
        )
        name = told[n].partition(':')[0]
        alt = f'Heat-map of {name}.'
        faces[n].panels.append((photograph(picture, alt), f'{name}: heat-map'))
    return note


def _is_udp(result: RunResult) -> bool:
    decoder = (result.run.cfg.model.get('head') or {}).get('decoder') or {}
    return str(decoder.get('type', '')).startswith('UDP')


def _unit(report: dict):
    unit = report['unit']
    return unit if isinstance(unit, str) else tuple(unit)


def _image(result: RunResult, i: int) -> np.ndarray | None:
    """A test image as the pipelines read it; None if it is no file."""
    get = getattr(result.loader.dataset, 'get_data_info', None)
    path = get(i).get('img_path') if get else None
    if path is None:
        return None
    return read_upright(bytes(fileio.get(path)))
