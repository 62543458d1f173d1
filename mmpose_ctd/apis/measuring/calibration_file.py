"""Reads and writes calibration files.

A JSON file that a person can read: numbers, means and directions of variation
over all faces; no names, no ids, no paths, nothing of a single face.
"""

import hashlib
import json
import os

from pydantic import TypeAdapter, ValidationError

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.files import write_whole

from .calibration import Calibration

_CONTENT = TypeAdapter(Calibration)
_FORMAT = 'mmpose_ctd calibration'
_VERSION = 1
_DIGEST = 'sha256'
_AGAIN = (
    'Copy it again, or make it again: mmpose_ctd calibrate CONFIG '
    'CHECKPOINT --out FILE.json'
)


def read_calibration(path: str) -> Calibration:
    """Read a file of :func:`write_calibration`, and check it.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is not a calibration, or is damaged; names the key.
    """
    if not os.path.isfile(path):
        raise MissingFileError(
            where=path,
            found='no such file',
            expected='a calibration',
            cure='Make one: mmpose_ctd calibrate CONFIG CHECKPOINT --out '
            'FILE.json',
        )
    try:
        with open(path, encoding='utf-8') as file:
            text = file.read()
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = ' '.join(str(error).split())
        raise InputError(
            where=path,
            found=f'a damaged calibration, not a JSON file ({reason:.80})',
            cure=_AGAIN,
        ) from error
    if not isinstance(content, dict) or content.get('format') != _FORMAT:
        raise InputError(
            where=path,
            found='not a calibration',
            expected='a file that mmpose_ctd calibrate wrote',
        )
    if content.get('version') != _VERSION:
        raise InputError(
            where=path,
            found=f'a calibration of version {content.get("version")!r:.20}',
            expected=f'version {_VERSION}, which this program reads',
            cure=_AGAIN,
        )
    try:
        calibration = _CONTENT.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        expected = first['msg'].removeprefix('Input should be ')
        if first['type'] == 'missing':
            expected = 'this key'
        raise _damaged(
            path,
            '.'.join(map(str, first['loc'])),
            expected.removeprefix('Value error, '),
        ) from error
    names = calibration.names
    if list(calibration.landmark_errors.of) != names:
        raise _damaged(path, 'landmark_errors.of', 'the landmarks of model')
    for key, points in (
        ('framing.template', calibration.framing.template),
        ('familiarity.mean_shape', calibration.familiarity.mean_shape),
    ):
        if len(points) != len(names):
            raise _damaged(path, key, f'{len(names)} points (x, y)')
    # Files of the first version have no digest.
    if content.get(_DIGEST) not in (None, _digest(content)):
        raise InputError(
            where=path,
            found='a damaged calibration: its content was changed after it '
            'was written',
            cure=_AGAIN,
        )
    return calibration


def _damaged(path: str, key: str, expected: str) -> InputError:
    key, expected = (' '.join(text.split()) for text in (key, expected))
    return InputError(
        where=f'{path}: {key:.80}',
        found='a damaged calibration',
        expected=f'{expected:.120}',
        cure=_AGAIN,
    )


def write_calibration(calibration: Calibration, path: str) -> None:
    """Write a calibration file, whole or not at all."""
    content = dict(format=_FORMAT, version=_VERSION)
    # With null for NaN, which JSON lacks.
    content |= json.loads(_CONTENT.dump_json(calibration))
    content[_DIGEST] = _digest(content)
    write_whole(path, json.dumps(content, indent=1, allow_nan=False).encode())


def _digest(content: dict) -> str:
    """SHA-256 of a calibration's content without the digest itself."""
    rest = {key: value for key, value in content.items() if key != _DIGEST}
    try:
        text = json.dumps(rest, sort_keys=True)
    except (ValueError, RecursionError):
        return ''
    return hashlib.sha256(text.encode()).hexdigest()
