"""The key by which checkpoints remember subjects without naming them.

A plain or salted hash of an id such as c001 can be guessed. A keyed hash
(HMAC-SHA256) needs the key, which lies in the folder of the data set and
never in a checkpoint.
"""

import contextlib
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable

from mmpose_ctd.errors import InputError

KEY_FILE = 'subject_key.txt'
_HEADER = """\
# Key of this data set's subjects. Checkpoints hold hashes of their training
# subjects made with it, so that nobody who trained is tested. Keep it with
# the data set, also in copies. Do not send it along with a checkpoint.
"""
_KEY = re.compile(r'[0-9a-f]{64}')
# Half of a SHA-256: no two subjects of a set collide.
_DIGITS = 32


def key_file(ann_file: str) -> str:
    """Path of the key that belongs to an annotation file.

    It lies in the folder of the data set: the folder of the annotation file,
    or the one above if that is called ``annotations``.
    """
    folder = os.path.dirname(os.path.abspath(ann_file))
    if os.path.basename(folder) == 'annotations':
        folder = os.path.dirname(folder)
    return os.path.join(folder, KEY_FILE)


def read_key(path: str) -> bytes | None:
    """Read a key; None if there is no such file.

    Raises:
        InputError: If the file holds anything but a key, or may not be read.
    """
    try:
        with open(path, encoding='ascii') as file:
            lines = [line.strip() for line in file]
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or 'it is not plain text'
        raise _damaged(path, f'cannot be read ({reason})') from error
    lines = [line for line in lines if line and not line.startswith('#')]
    if len(lines) != 1 or not _KEY.fullmatch(lines[0]):
        raise _damaged(path, 'holds something else')
    return bytes.fromhex(lines[0])


def _damaged(path: str, found: str) -> InputError:
    return InputError(
        where=path,
        found=f'the key of the subjects {found}',
        expected='64 hexadecimal digits',
        cure='Restore it from a copy of the data set. Without a copy, remove '
        'it: the next training makes another one, and earlier checkpoints '
        'can no longer be compared.',
    )


def make_key(path: str) -> bytes:
    """Read the key, or make it if the set has no key.

    Several processes that make it at once get the same key; it is never
    replaced. On a file system without links one of them may fail, if it reads
    the key while another writes it.

    Raises:
        InputError: See :func:`read_key`.
        OSError: If the folder may not be written.
    """
    if (known := read_key(path)) is not None:
        return known
    text = f'{_HEADER}{secrets.token_hex(32)}\n'
    draft = f'{path}.{secrets.token_hex(4)}.part'
    try:
        _write_new(draft, text)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        except OSError:
            # Some network and memory card file systems have no links.
            with contextlib.suppress(FileExistsError):
                _write_new(path, text)
    finally:
        if os.path.exists(draft):
            os.remove(draft)
    return read_key(path)


def _write_new(path: str, text: str) -> None:
    with open(path, 'x', encoding='ascii') as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def fingerprint(key: bytes) -> str:
    """A digest that identifies a key and does not reveal it."""
    return hmac.digest(key, b'fingerprint', 'sha256').hex()[:_DIGITS]


def hash_subjects(key: bytes, subjects: Iterable[str]) -> dict[str, str]:
    """Keyed hash of each subject -> the subject."""
    return {
        hmac.digest(key, b'subject:' + _bytes(subject), 'sha256').hex()[
            :_DIGITS
        ]: subject
        for subject in subjects
    }


def _bytes(subject: str) -> bytes:
    # macOS and others write one name in two forms of Unicode.
    text = unicodedata.normalize('NFC', subject)
    return text.encode('utf-8', 'surrogatepass')
