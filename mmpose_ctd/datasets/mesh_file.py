"""Reads textured meshes, and finds their textures.

trimesh reads the files. It gives a vertex at a seam of the texture, where it
has two places, twice; here it becomes one again.
"""

import os
import re
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError

from .textured_mesh import TexturedMesh
from .upright_image import photograph_size

#: Millimetres in a unit of a file's coordinates.
MESH_UNITS = {'mm': 1.0, 'cm': 10.0, 'm': 1000.0, 'inch': 25.4}
MESH_SUFFIXES = ('.obj', '.ply')
_INSTALL = 'pip install trimesh potpourri3d'


def read_mesh(
    path: str | os.PathLike,
    texture: str | os.PathLike | None = None,
    unit: str = 'mm',
) -> TexturedMesh:
    """Read an OBJ or PLY file with texture coordinates.

    Args:
        path (str or PathLike): The file.
        texture (str or PathLike, optional): The texture. Where a mesh has
            several, only what this one covers can be lifted to.
        unit (str): Of the file's coordinates, one of ``MESH_UNITS``.

    Returns:
        TexturedMesh: Its surface, in mm.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If trimesh is not installed, or the file is damaged, has
            no texture coordinates, or leaves open which texture is meant.
    """
    path = Path(path)
    if unit not in MESH_UNITS:
        raise InputError(
            where=f'--mesh-unit {unit}',
            expected=f'one of {", ".join(MESH_UNITS)}',
        )
    if path.suffix.lower() not in MESH_SUFFIXES:
        raise InputError(
            where=path.name, expected=f'a file {" or ".join(MESH_SUFFIXES)}'
        )
    if not path.is_file():
        raise MissingFileError(where=path.name, found='no such file')
    parts = _parts(path)
    covered = _covered(path, [name for name, _ in parts], texture)
    corners, uvs = [], []
    for (_, mesh), is_covered in zip(parts, covered):
        corners.append(mesh.vertices[mesh.faces])
        uv = getattr(mesh.visual, 'uv', None)
        if uv is None or not is_covered:
            uv = np.full((len(mesh.vertices), 2), np.nan)
        uvs.append(uv[mesh.faces])
    corners, uv = np.concatenate(corners), np.concatenate(uvs)
    if not np.isfinite(corners).all():
        raise InputError(where=path.name, found='a coordinate is not finite')
    if not np.isfinite(uv).any():
        raise InputError(
            where=path.name,
            found='no texture coordinates',
            expected='a mesh with a UV map (lines vt in an OBJ file)',
            cure='Export it with its texture.',
        )
    vertices, faces = np.unique(
        corners.reshape(-1, 3), axis=0, return_inverse=True
    )
    return TexturedMesh(
        path.name,
        vertices * MESH_UNITS[unit],
        faces.reshape(-1, 3),
        np.asarray(uv, dtype=float),
    )


def _parts(path: Path) -> list[tuple[str, object]]:
    """The meshes of a file, one for each material, and the material."""
    try:
        import trimesh
    except ImportError as error:
        raise InputError(
            where=path.name,
            found='trimesh, which reads meshes, is not installed',
            cure=f'{_INSTALL}.',
        ) from error
    if path.suffix.lower() == '.obj' and re.search(
        rb'^f[^\n]*[ /]-\d', path.read_bytes(), re.MULTILINE
    ):
        raise InputError(
            where=path.name,
            found='faces that count their vertices backwards',
            cure='Export it again from another program, such as MeshLab.',
        )
    try:
        # With `maintain_order` a vertex at a seam would get one place only.
        scene = trimesh.load_scene(str(path), process=False)
        parts = [
            (getattr(getattr(m.visual, 'material', None), 'name', None), m)
            for m in scene.geometry.values()
            if len(getattr(m, 'faces', ()))
        ]
        # An index beyond the last vertex.
        for _, mesh in parts:
            mesh.vertices[mesh.faces]
    # Its readers raise any exception on a damaged file.
    except Exception as error:
        raise InputError(
            where=path.name, found=f'damaged, it cannot be read ({error!r})'
        ) from error
    if not parts:
        raise InputError(where=path.name, found='no triangles')
    return parts


def _covered(path: Path, materials: list, texture) -> list[bool]:
    """Which parts of a mesh a texture covers."""
    textures = material_textures(path)
    used = {textures.get(name) for name in materials} - {None}
    names = {name for name in materials if name is not None}
    if len(used) < 2 and (used or len(names) < 2):
        return [not used or textures.get(m) in used for m in materials]
    if texture is not None:
        # Two folders may hold textures of one name.
        own = _backwards(os.path.abspath(texture))
        shared = {
            name: len(os.path.commonprefix([_backwards(name), own]))
            for name in used
        }
        best = [n for n in used if shared[n] == max(shared.values()) > 0]
        if len(best) == 1:
            return [textures.get(m) == best[0] for m in materials]
    raise InputError(
        where=path.name,
        found=f'several textures: {", ".join(sorted(used)) or "unnamed"}',
        expected='the one that was labelled, by this name, as --texture',
        cure='Its .mtl file must lie next to it.' if not used else '',
    )


def material_textures(path: str | os.PathLike) -> dict[str, str]:
    """Material -> name of its texture, with ``/``, by an OBJ's ``mtllib``."""
    path, found = Path(path), {}
    if path.suffix.lower() != '.obj':
        return found
    text = path.read_bytes().decode('utf-8', 'replace')
    for library in re.findall(r'^mtllib[ \t]+(.+?)\s*$', text, re.MULTILINE):
        file = file_beside(path, library)
        lines = file.read_bytes().decode('utf-8', 'replace') if file else ''
        material = None
        for line in lines.splitlines():
            key, _, value = line.strip().partition(' ')
            if key.lower() == 'newmtl':
                material = value.strip()
            elif key.lower() == 'map_kd' and material is not None:
                # Options such as `-s 1 1 1` come before the name.
                value = re.sub(r'^(-\w+( [-\d.]+| on| off)* )*', '', value)
                found[material] = '/'.join(_name_parts(value))
    return found


def file_beside(path: Path, name: str) -> Path | None:
    """The file of a name that counts from the folder of another, in any case.

    Outer folders that are not there are dropped: scanners write those of
    their own disc.
    """
    parts = _name_parts(name)
    for first in range(len(parts)):
        found = [path.parent]
        for part in parts[first:]:
            found = [
                other
                for folder in found
                if folder.is_dir()
                for other in sorted(folder.iterdir())
                if other.name.casefold() == part.casefold()
            ]
        if files := [file for file in found if file.is_file()]:
            return files[0]
    return None


def _name_parts(name: str) -> list[str]:
    """Folders and file of a name of any system."""
    return [p for p in re.split(r'[/\\]', name.strip()) if p not in ('', '.')]


def _backwards(name: str) -> list[str]:
    return [part.casefold() for part in _name_parts(name)][::-1]


def texture_of(path: str | os.PathLike) -> Path:
    """The texture that an OBJ file names, through its ``.mtl``.

    Raises:
        InputError: If it names none or several, or the file is not there.
    """
    path = Path(path)
    names = {*material_textures(path).values()}
    if len(names) != 1:
        several = f'several textures: {", ".join(sorted(names))}'
        raise InputError(
            where=path.name,
            found=several if names else 'it names no texture',
            expected='one (mtllib, and map_Kd in the .mtl file beside it)',
        )
    texture = file_beside(path, *names)
    if texture is None:
        raise MissingFileError(
            where=path.name,
            found=f'its texture {names.pop().split("/")[-1]} is neither in '
            'its folder nor in the one that its .mtl file names',
        )
    return texture


def texture_size(texture: str | os.PathLike) -> tuple[int, int]:
    """Width and height of a texture, in pixels.

    Raises:
        InputError: If it cannot be read, or EXIF turns it.
    """
    size = photograph_size(texture)
    if size.orientation != 1:
        raise InputError(
            where=os.path.basename(texture),
            found=f'EXIF turns it (orientation {size.orientation}), which '
            'the mesh does not know',
            cure='Export the texture without EXIF.',
        )
    return size.size
