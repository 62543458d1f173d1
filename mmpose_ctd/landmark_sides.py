"""Finds the side of the face and the partner of a landmark by its name.

A name is split into words at separators, changes of case and digits. A word
is a side if it is

- ``right``, ``left`` or the word in German, French, Latin, Italian, Spanish,
  Portuguese or Swedish;
- ``rt``, ``lt``, ``rgt``, ``lft``, ``dx`` or ``sx``, next to another word;
- the letter ``r`` or ``l``, set off by a separator or a change of case:
  ``ala_r``, ``alaR``, ``R ala``, ``ala_r1``, but not ``L1`` (a vertebra),
  ``labrale`` or ``lr``.

Some words pair names, but are not a side alone: German ``re`` and ``li``
(``li`` is also the labrale inferius), ``od`` and ``os`` (the eyes; ``os`` is
also a bone), ``der`` and ``izq``, ``dext`` and ``sin``. French ``d`` and
``g`` are ignored: they may number a list. No list of words is complete, so
:func:`.off_midline` checks the places of landmarks, too.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_RIGHT = (
    'right rechts rechte rechter rechtes rechten rechtem droit droite dexter '
    'dextra dextrum destro destra derecho derecha direito direita höger hoger'
)
_LEFT = (
    'left links linke linker linkes linken linkem gauche sinister sinistra '
    'sinistrum sinistro izquierdo izquierda esquerdo esquerda vänster vanster'
)
_WORDS = dict.fromkeys(_RIGHT.split(), 'R') | dict.fromkeys(_LEFT.split(), 'L')
_SHORT = dict(rt='R', rgt='R', dx='R', lt='L', lft='L', sx='L')
_LETTERS = dict(r='R', l='L')
_WEAK = dict(re='R', od='R', der='R', dext='R')
_WEAK |= dict(li='L', os='L', izq='L', sin='L')
_OTHER = dict(R='L', L='R')

# How certain each kind of marker is.
_WORD, _ABBREVIATION, _LETTER, _FAINT = 3, 2, 1, 0

# Words before a number that say nothing: point 17, lm_17, 17.
_GENERIC = frozenset(
    ('', 'point', 'pt', 'p', 'lm', 'landmark', 'kp', 'keypoint')
    + ('punkt', 'nr', 'no', 'x')
)
# Sides that no boundary sets off: lefteye, exor. Two names that differ in one
# of these alone may be a pair.
_GLUED = (
    *(('right', 'left'), ('left', 'right')),
    *(('rechts', 'links'), ('links', 'rechts')),
)
_ENDS = (('r', 'l'), ('l', 'r'))
# The suffix of repeated names in an annotation file.
_REPEATED = re.compile(r'_\d+$')


@dataclass(slots=True, eq=False)
class _Word:
    """A word of a name: its text, its place, and the side that it marks."""

    text: str
    start: int
    stop: int
    side: str | None = None
    kind: int = -1


def _starts_word(name: str, i: int) -> bool:
    """Whether a word begins at i; it follows an alphanumeric character."""
    before, here, after = name[i - 1], name[i], name[i + 1 : i + 2]
    if before.isalpha() != here.isalpha():
        return True
    if here.isupper():
        return before.islower() or (before.isupper() and after.islower())
    return False


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[_Word, ...]:
    """The words of a name, with the sides that they mark."""
    words, start = [], None
    for i, character in enumerate(name + ' '):
        inside = character.isalnum()
        if start is not None and (not inside or _starts_word(name, i)):
            words.append(_Word(name[start:i].casefold(), start, i))
            start = None
        if inside and start is None:
            start = i
    letters = [word for word in words if word.text[0].isalpha()]
    for word in letters:
        tables = [(_WORD, _WORDS)]
        if len(letters) > 1:
            tables += [(_ABBREVIATION, _SHORT), (_FAINT, _WEAK)]
        if _set_off(name, word, letters):
            tables.append((_LETTER, _LETTERS))
        for kind, table in tables:
            if word.text in table:
                word.side, word.kind = table[word.text], kind
    return tuple(words)


def _set_off(name: str, word: _Word, letters: Sequence[_Word]) -> bool:
    """Whether a separator or a change of case sets a letter off."""
    before = name[word.start - 1 : word.start]
    after = name[word.stop : word.stop + 1]
    if any(c and not c.isdecimal() for c in (before, after)):
        return True
    # exo1R, but not L4L5.
    return (
        before.isdecimal()
        and not after
        and name[word.start].isupper()
        and any(len(other.text) > 1 for other in letters)
    )


def _markers(name: str, least: int = _LETTER) -> list[_Word]:
    return [word for word in _words(name) if word.kind >= least]


def is_sided(name: str) -> bool:
    """Whether the name of a landmark says its side.

    Examples:
        >>> [is_sided(n) for n in ('exocanthionR', 'oeil gauche', 'L5', 'li')]
        [True, True, False, False]
    """
    return bool(_markers(name))


def side_of(name: str) -> str | None:
    """``'R'``, ``'L'``, or ``None``.

    The first word for a side counts; in ``left of the right eye`` the one
    after ``of``.
    """
    found = _markers(name) or _markers(name, _FAINT)
    whole = name.lower().rfind(' of ')
    inner = [word for word in found if word.start > whole >= 0]
    return (inner or found)[0].side if found else None


# Of the subject's right, left and midline.
_COLOURS = {'R': (0, 119, 238), 'L': (238, 136, 0), None: (60, 180, 60)}


def colour_of(name: str) -> tuple[int, int, int]:
    """BGR: orange for the subject's right, blue for left, green midline."""
    return _COLOURS[side_of(name)]


def canonical(name: str) -> tuple[str, str | None]:
    """A name without its spelling: words and side.

    If a name has several words for a side, they stay in the words.

    Examples:
        >>> canonical('CristaPhiltri-right')
        ('crista_philtri', 'R')
    """
    marked = _markers(name)
    dropped = marked if len(marked) == 1 else ()
    rest = (word.text for word in _words(name) if word not in dropped)
    return '_'.join(rest), side_of(name) if marked else None


def _keys(name: str, loose: bool, least: int, strongest: bool) -> tuple | None:
    """The common key of two partners, and the sides in which they differ."""
    marked = _markers(name, least)
    if strongest:
        top = max((word.kind for word in marked), default=-1)
        marked = [word for word in marked if word.kind == top]
    if not marked:
        return None
    sides = tuple(word.side for word in marked)
    if loose:
        key = tuple(w.text if w not in marked else None for w in _words(name))
        return key, sides
    parts, at = [], 0
    for word in marked:
        # Rechte and linke, Right and Left, RT and LT.
        shape = (word.kind, word.text[5:] if word.kind == _WORD else '')
        case = name[word.start : word.stop]
        parts += [name[at : word.start], shape, case.isupper()]
        at = word.stop
    return (*parts, name[at:]), sides


# From equal spelling to the most different spelling of a pair.
_PASSES = (
    (False, _LETTER, False),
    (True, _LETTER, False),
    (True, _FAINT, False),
    (True, _LETTER, True),
)


@lru_cache(maxsize=64)
def _partners(names: tuple[str, ...]) -> dict[str, str]:
    partners: dict[str, str] = {}
    for loose, least, strongest in _PASSES:
        found: dict[tuple, list[str]] = {}
        for name in dict.fromkeys(names):
            keys = _keys(name, loose, least, strongest)
            if keys is not None and name not in partners:
                found.setdefault(keys, []).append(name)
        for (key, sides), own in found.items():
            other = found.get((key, tuple(_OTHER[side] for side in sides)), [])
            # Several spellings are ambiguous.
            if len(own) == len(other) == 1:
                partners[own[0]] = other[0]
    return partners


def side_partners(names: Sequence[str]) -> list[str]:
    """The partner of each landmark by its name; itself if it has none.

    Examples:
        >>> side_partners(['exoR', 'exoL', 'nasion', 'L5'])
        ['exoL', 'exoR', 'nasion', 'L5']
    """
    partners = _partners(tuple(names))
    return [partners.get(name, name) for name in names]


def partner_places(names: Sequence[str]) -> list[int]:
    """The index of each landmark's partner, or its own."""
    places = {name: k for k, name in enumerate(names)}
    return [places[partner] for partner in side_partners(names)]


def unsettled_names(
    names: Sequence[str],
    partners: Sequence[str],
    stated: Collection[str] = (),
) -> list[str]:
    """Landmarks whose partner in a mirrored image is uncertain.

    A landmark without a partner keeps its name in a mirrored image, which is
    right on the midline. It is uncertain for names of a side, for numbers,
    for names such as ``lefteye`` and ``righteye``, for repeated names
    (``brow_R``, ``brow_R_2``), and for all of several landmarks if none has a
    partner.

    ``partners`` has the partner of each, or itself; ``stated`` the landmarks
    whose partner a config states.
    """
    single = [n for n, partner in zip(names, partners) if n == partner]
    if len(single) == len(names) > 1:
        return [name for name in names if name not in stated]
    paired = [n for n, partner in zip(names, partners) if n != partner]
    known = {name.lower() for name in single}
    found = _numbered(single, paired)
    found.update(
        name
        for name in single
        if is_sided(name) or not known.isdisjoint(_perhaps(name))
    )
    for name in names:
        first = _REPEATED.sub('', name)
        if first != name and first in names:
            found |= {first, name}
    return [name for name in names if name in found and name not in stated]


def _stem(name: str) -> tuple[str, ...]:
    """The words of a name without side, ``#`` for a number."""
    marked = _markers(name)
    return tuple(
        '#' if word.text.isdecimal() else word.text
        for word in _words(name)
        if word not in marked
    )


def _numbered(single: Sequence[str], paired: Sequence[str]) -> set[str]:
    """Names that differ in a number: 17, jaw 1, hairline, hairline_2."""
    stems = {name: _stem(name) for name in single if not is_sided(name)}
    # Without the number: hairline counts with hairline_2.
    plain = {n: tuple(w for w in s if w != '#') for n, s in stems.items()}
    many = Counter(plain.values())
    # With mesh_33_R and mesh_33_L in the set, mesh_1 is of the midline.
    with_sides = {tuple(w for w in _stem(n) if w != '#') for n in paired}
    counted = {plain[name] for name, stem in stems.items() if '#' in stem}
    return {
        name
        for name, words in plain.items()
        if words in counted
        and words not in with_sides
        and (many[words] > 1 or '_'.join(words) in _GENERIC)
    }


def _perhaps(name: str) -> Iterator[str]:
    """Names in small letters that may be of the other side."""
    text = name.lower()
    for one, other in _GLUED:
        if one in text:
            yield text.replace(one, other)
    if len(text) != len(name):
        return
    for word in _words(name):
        head, tail = text[: word.start], text[word.stop :]
        for one, other in (*_ENDS, ('d', 'g'), ('g', 'd')):
            if word.text == one:
                yield head + other + tail
    if len(text) > 2:
        for one, other in _ENDS:
            if text.endswith(one):
                yield text[:-1] + other
            if text.startswith(one):
                yield other + text[1:]
