"""Subject ids that may be one person, written in several ways."""

import re
from collections.abc import Iterable


def alike_subjects(subjects: Iterable[str]) -> list[tuple[str, ...]]:
    """Find ids that differ only in case, spaces, dashes or zeros.

    ``S-1``, ``s-1`` and ``S1`` form a group, and so do ``7``, ``007`` and
    ``7.0``; ``a1`` and ``a10``, or ``1-23`` and ``12-3``, do not.

    Args:
        subjects (Iterable[str]): Ids; empty ones and repetitions are ignored.

    Returns:
        list[tuple[str, ...]]: The groups of two or more, each sorted, in
        the order of their first ids.
    """
    groups: dict[str, set[str]] = {}
    for subject in subjects:
        if subject.strip():
            groups.setdefault(_plain(subject), set()).add(subject)
    return sorted(tuple(sorted(g)) for g in groups.values() if len(g) > 1)


def _plain(subject: str) -> str:
    text = re.sub(r'(?<=[0-9])\.0$', '', subject.strip().casefold())
    # Between digits a mark stays: it separates two numbers.
    text = re.sub(r'(?<=[0-9])[\s_-]+(?=[0-9])', '/', text)
    text = re.sub(r'[\s_-]', '', text)
    text = re.sub(r'(?<![0-9])0+(?=[0-9])', '', text)
    # An id of marks only stays as it is.
    return text or subject
