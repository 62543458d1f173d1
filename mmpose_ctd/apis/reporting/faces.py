"""The best, the median and the worst face."""

from collections.abc import Sequence

import numpy as np
from mmengine import fileio

from mmpose_ctd.datasets.upright_image import read_upright
from mmpose_ctd.visualization import FaceView, select_faces

from .page_parts import photograph
from .prediction import heatmaps
from .system import ReportedRun, ReportedSystem

_PLACES = ('best', 'median', 'worst')


def face_section(systems: Sequence[ReportedSystem], photographs: bool) -> dict:
    """Truth, predictions and heat-maps of three faces.

    They are chosen by the first system's error, which favours none of the
    other systems; odd systems are left out. Without ``photographs``,
    landmarks and heat-maps are drawn on a blank page. ``hidden``: whether a
    photograph is missing; ``without_maps``: name of a system -> why it has
    no heat-maps, ``'head'`` or ``'crop'``.
    """
    comparable = [system for system in systems if not system.odd]
    first = comparable[0].first
    tested, unit = first.tested, first.report['unit']
    unit = unit if isinstance(unit, str) else tuple(unit)
    errors = {s.name: s.first.tested.errors(unit) for s in comparable}
    chosen = select_faces(errors[comparable[0].name], len(_PLACES))
    places = _PLACES if len(chosen) == 3 else _PLACES[:: 3 - len(chosen)]
    images = [_image(first, i) if photographs else None for i in chosen]
    shown = [image is not None for image in images]
    faces, views = [], []
    for place, image, i in zip(places, images, chosen):
        view = FaceView(image, tested.true[i], tested.visible[i])
        alt = f'The {int(view.visible.sum())} true landmarks, {place} face.'
        panels = [(photograph(view.with_truth(), alt), 'truth')]
        views.append(view)
        faces.append(
            dict(
                place=place,
                number=len(tested),
                by=comparable[0].name,
                panels=panels,
            )
        )
    without_maps = {}
    for system in comparable:
        # Another system may have the images in another order.
        place_of = {c: i for i, c in enumerate(system.first.tested.img_ids)}
        which = [place_of[tested.img_ids[i]] for i in chosen]
        captions = [
            f'{system.name}: {errors[system.name][i]:.2f} '
            f'{first.report["unit_label"]}'
            for i in which
        ]
        panels = [face['panels'] for face in faces]
        why = _add_panels(panels, views, system, which, captions)
        if why:
            without_maps[system.name] = why
    return dict(
        faces=faces,
        people=any(shown),
        hidden=photographs and not all(shown),
        without_maps=without_maps,
    )


def _add_panels(panels, views, system, which, captions) -> str:
    """Append a system's panels; return why it has no heat-maps, if so."""
    run = system.first
    centres, scales = map(run.tested.field, ('input_center', 'input_scale'))
    maps, why = heatmaps(run.run, run.dataset, which), ''
    if maps is None:
        why = 'head'
    elif centres is None or scales is None:
        why = 'crop'
    decoder = (run.run.cfg.model.get('head') or {}).get('decoder') or {}
    for n, i in enumerate(which):
        picture = views[n].with_prediction(run.tested.pred[i])
        alt = f'Prediction of {captions[n]}.'
        panels[n].append((photograph(picture, alt), captions[n]))
        if not why:
            picture = views[n].with_heatmap(
                maps[n],
                centres[i],
                scales[i],
                ends_aligned=str(decoder.get('type', '')).startswith('UDP'),
            )
            picture = photograph(picture, f'Heat-map of {system.name}.')
            panels[n].append((picture, f'{system.name}: heat-map'))
    return why


def _image(run: ReportedRun, i: int) -> np.ndarray | None:
    """A test image as the pipelines read it; None if it is not a file."""
    get = getattr(run.dataset, 'get_data_info', None)
    path = get(i).get('img_path') if get else None
    return None if path is None else read_upright(bytes(fileio.get(path)))
