"""Has MediaPipe's own environment find the meshes of a set."""

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from mmpose_ctd.datasets.landmark_file import LandmarkFile
from mmpose_ctd.errors import InputError, MissingFileError

from .mesh_file import MeshFile

__all__ = ['DEFAULT_PYTHON', 'MAX_VIEWS', 'find_meshes']

_ENVIRONMENT = 'work_dirs/mediapipe_venv'
#: Where the documented commands put MediaPipe.
DEFAULT_PYTHON = f'{_ENVIRONMENT}/bin/python'
#: Framings that the script knows.
MAX_VIEWS = 9
_SCRIPT = Path(__file__).with_name('mesh_script.py')
_INSTALL = (
    'MediaPipe needs versions of its own, hence an environment of its own: '
    f'python3.11 -m venv {_ENVIRONMENT} && '
    f'{_ENVIRONMENT}/bin/pip install mediapipe==0.10.14'
)


def find_meshes(
    data_root: str,
    ann_file: str,
    out: str,
    python: str = DEFAULT_PYTHON,
    views: int = MAX_VIEWS,
    refine: bool = True,
    image_prefix: str = 'images/',
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> MeshFile:
    """Find the mesh of every image of an annotation file.

    Args:
        data_root (str): Folder of the set.
        ann_file (str): Annotation file, relative to it.
        out (str): The ``.npz`` to write.
        python (str): Python of MediaPipe's environment.
        views (int): Framings of an image whose median is taken, 1 (the
            image itself) to 9. Defaults to 9.
        refine (bool): ``refine_landmarks``: 478 vertices, with finer eyes
            and lips, instead of 468. Defaults to True.
        image_prefix (str): Folder of the images in ``data_root``.
        advance (Callable): Told how many of how many images are done.

    Returns:
        MeshFile: What was written.

    Raises:
        MissingFileError: If there is no such Python or annotation file.
        InputError: If MediaPipe is not installed there, or an image cannot
            be used.
    """
    if not 1 <= views <= MAX_VIEWS:
        raise InputError(
            f'views={views}; expected 1 (the image itself) to {MAX_VIEWS}.'
        )
    if not out.endswith('.npz'):
        raise InputError(f'out={out!r}; expected a name ending in .npz.')
    path = os.path.join(data_root, ann_file)
    file = LandmarkFile.read(path)
    for image in file.images.values():
        file.check_image(image)
    if not os.path.isfile(python):
        raise MissingFileError(f'There is no {python!r}. {_INSTALL}')
    os.makedirs(os.path.dirname(out) or '.', exist_ok=True)
    command = [
        *(python, '-I', '-W', 'ignore', str(_SCRIPT)),
        *('--ann-file', path, '--out', out, '--views', str(views)),
        *('--image-root', os.path.join(data_root, image_prefix)),
        *(() if refine else ('--no-refine',)),
    ]
    _run(command, advance)
    return MeshFile.read(out)


def _run(command: list[str], advance: Callable[[int, int], None]) -> None:
    # MediaPipe is talkative; a full pipe that nobody reads would stop it.
    with tempfile.TemporaryFile('w+', encoding='utf-8') as complaints:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=complaints, text=True
        ) as process:
            try:
                for line in process.stdout:
                    numbers = line.split()
                    if len(numbers) == 2 and all(map(str.isdigit, numbers)):
                        advance(int(numbers[0]), int(numbers[1]))
            except BaseException:
                process.kill()
                raise
        complaints.seek(0)
        text = complaints.read()
    if process.returncode == 0:
        return
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    own = [line for line in lines if line.startswith('error: ')]
    if own:
        raise InputError(own[-1].removeprefix('error: '))
    last = lines[-1] if lines else f'exit status {process.returncode}'
    hint = ''
    if 'No module named' in last:
        hint = f' {_INSTALL}'
    raise InputError(f'{command[0]}: MediaPipe failed: {last}.{hint}')
