"""Landmarks of a texture on the surface that it covers, and measures there."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmpose_ctd.datasets.checking.eye_distances import implausible_distance
from mmpose_ctd.datasets.mesh_file import read_mesh, texture_size
from mmpose_ctd.datasets.preparation.labelled_points import (
    LabelledPoints,
    photograph_key,
    read_labelled_points,
)
from mmpose_ctd.datasets.textured_mesh import SurfacePlaces, TexturedMesh
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import (
    Measurement,
    measure,
    measurement_units,
    parse_measurements,
    standard_measurements,
)
from mmpose_ctd.evaluation.functional.surface_paths import SurfacePaths
from mmpose_ctd.landmark_sides import partner_places


@dataclass
class LiftedFace:
    """Landmarks on a surface, and measures there.

    Attributes:
        landmarks (pd.DataFrame): A row for each landmark, by its name, with
            ``x_mm``, ``y_mm`` and ``z_mm``; NaN where it was not labelled.
        measures (pd.DataFrame): A row for each measure, by its name:
            ``unit``; ``line``, along the straight line; ``surface``, along
            the surface (distances only).
        notes (list[str]): What to know about the surface.
    """

    landmarks: pd.DataFrame
    measures: pd.DataFrame
    notes: list[str]


def lift(
    mesh: str | os.PathLike,
    landmarks: str | os.PathLike,
    texture: str | os.PathLike,
    *,
    mesh_unit: str = 'mm',
    v_axis: str = 'up',
    names: str | None = None,
    **options,
) -> LiftedFace:
    """Find landmarks of a texture on its mesh, and measure in mm.

    Args:
        mesh (str or PathLike): OBJ or PLY file with texture coordinates.
        landmarks (str or PathLike): File of points, in any format that
            ``mmpose_ctd prepare`` reads, with a record of the texture.
        texture (str or PathLike): The image on which they were placed.
        mesh_unit (str): Of the mesh: mm, cm, m or inch. Defaults to ``'mm'``.
        v_axis (str): ``'up'`` if texture coordinates count from the lower
            edge, as OBJ has it, or ``'down'``. Defaults to ``'up'``.
        names (str, optional): ``landmarks`` of :func:`.prepare`: a text file
            of names, for formats without names.
        **options: Further options of :func:`.prepare` about points, such as
            ``format`` and ``first_pixel``.

    Returns:
        LiftedFace: Landmarks and measures.

    Raises:
        MissingFileError: If a file does not exist.
        InputError: If the mesh has no texture coordinates, a landmark is not
            on the surface or at several places of it, the distance between
            the eyes shows another unit, or the points cannot be read.

    Examples:
        >>> from mmpose_ctd.apis import lift
        >>> face = lift('face.obj', 'face.csv', 'face.jpg')
        ... # doctest: +SKIP
        >>> face.measures.loc['mouth_width', ['line', 'surface']]
        ... # doctest: +SKIP
    """
    if v_axis not in ('up', 'down'):
        raise InputError(where=f'--v-axis {v_axis}', expected='up or down')
    size = texture_size(texture)
    surface = read_mesh(mesh, texture, mesh_unit)
    key = photograph_key(os.path.basename(texture))
    found = read_labelled_points(
        landmarks, {key: texture}, landmarks=names, **options
    )
    pixels = _pixels(found, key, landmarks, texture)
    known = np.isfinite(pixels).all(axis=1)
    labelled = [n for n, is_known in zip(found.names, known) if is_known]
    places = surface.lift(pixels[known], size, labelled, v_axis)
    points = np.full((len(found.names), 3), np.nan)
    points[known] = places.points
    wrong = implausible_distance(
        points, 1.0, found.names, partner_places(found.names)
    )
    if wrong:
        raise InputError(
            where=f'{surface.name}, unit {mesh_unit}',
            found=f'the {wrong.what} are {wrong.length:.3g} mm apart',
            expected=f'{wrong.low:.0f} to {wrong.high:.0f} mm, as people have',
            cure='State the unit of the mesh: --mesh-unit cm, m or inch; or '
            'correct the landmarks.',
        )
    if found.measurements is None:
        listed = standard_measurements(found.names)
    else:
        listed = parse_measurements(found.measurements, found.names)
    lengths, notes = surface_lengths(surface, places, labelled, listed)
    lines = measure(points[None], None, found.names, listed)
    units = measurement_units(listed, mm=True)
    rows = {
        one.name: dict(
            unit=units[one.name],
            line=float(lines[one.name][0]),
            surface=lengths.get(one.name, np.nan),
        )
        for one in listed
    }
    return LiftedFace(
        pd.DataFrame(points, [*found.names], ['x_mm', 'y_mm', 'z_mm']),
        pd.DataFrame.from_dict(
            rows, orient='index', columns=['unit', 'line', 'surface']
        ),
        notes,
    )


def surface_lengths(
    mesh: TexturedMesh,
    places: SurfacePlaces,
    names: Sequence[str],
    measurements: Sequence[Measurement],
) -> tuple[dict[str, float], list[str]]:
    """Distances along the surface between K places, mm, and notes.

    Ratios, angles and measures without one of the landmarks ``names`` are
    left out. NaN where the surface does not connect two places.
    """
    pairs = {
        one.name: [names.index(part) for part in one.of]
        for one in measurements
        if one.kind == 'distance' and {*one.of} <= {*names}
    }
    if not pairs:
        return {}, []
    paths = SurfacePaths(
        mesh.vertices, mesh.faces, places.faces, places.weights
    )
    lengths = {name: paths.length(*pair) for name, pair in pairs.items()}
    notes = []
    if paths.num_cut:
        notes.append(
            f'{paths.num_cut} edges of the mesh have three or more triangles '
            'or triangles of opposite sides: paths along the surface go '
            'around them'
        )
    lost = [name for name, length in lengths.items() if np.isnan(length)]
    if lost:
        notes.append(
            f'no path on the surface: {", ".join(lost)}; the mesh is in '
            'several parts'
        )
    return lengths, notes


def _pixels(found: LabelledPoints, key: str, landmarks, texture) -> np.ndarray:
    """The texture's landmarks, (K, 2)."""
    if key in found.points:
        return found.points[key]
    where = os.path.basename(landmarks)
    reasons = {
        reason
        for reason in found.left_out.values()
        if 'another photograph' not in reason
    }
    raise InputError(
        where=where,
        found='; '.join(sorted(reasons))
        or f'no record of the texture {os.path.basename(texture)!r}',
        expected='its landmarks, with the file name of the texture as that '
        'of the photograph',
    )
