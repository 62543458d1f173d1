"""Which side of the face a landmark's name says, and who mirrors whom.

One rule for all code that looks at sides. A name is cut into words at
separators, at changes of case and at digits; a word is a side

- always, if it is ``right``, ``left`` or its like in German, French, Latin,
  Italian, Spanish, Portuguese, Swedish;
- with another word, if it is ``rt``, ``lt``, ``rgt``, ``lft``, ``dx``, ``sx``;
- as the single letter ``r`` or ``l``, if a separator or a change of case sets
  it off: ``ala_r``, ``alaR``, ``R ala``, ``ala_r1``, but not ``L1`` (a
  vertebra), ``labrale`` or ``lr``.

German ``re`` and ``li`` pair names, but are no side by themselves: ``li`` is
also the labrale inferius. So do ``od`` and ``os`` (right and left eye; ``os``
is also a bone), ``der`` and ``izq``, ``dext`` and ``sin``. French ``d`` and
``g`` could as well number a list. No list of words is complete:
:mod:`mmpose_ctd.datasets.midline` looks where the landmarks lie.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

__all__ = [
    'canonical',
    'is_sided',
    'partner_places',
    'side_of',
    'side_partners',
    'unsettled_names',
]

_ENDINGS = ('', 'r', 's', 'n', 'm')
_RIGHT = (
    'right',
    'rechts',
    *(f'rechte{ending}' for ending in _ENDINGS),
    'droit',
    'droite',
    'dexter',
    'dextra',
    'dextrum',
    'destro',
    'destra',
    'derecho',
    'derecha',
    'direito',
    'direita',
    'höger',
    'hoger',
)
_LEFT = (
    'left',
    'links',
    *(f'linke{ending}' for ending in _ENDINGS),
    'gauche',
    'sinister',
    'sinistra',
    'sinistrum',
    'sinistro',
    'izquierdo',
    'izquierda',
    'esquerdo',
    'esquerda',
    'vänster',
    'vanster',
)
_WORDS = dict.fromkeys(_RIGHT, 'R') | dict.fromkeys(_LEFT, 'L')
_SHORT = dict(rt='R', rgt='R', dx='R', lt='L', lft='L', sx='L')
_LETTERS = dict(r='R', l='L')
_WEAK = dict.fromkeys(('re', 'od', 'der', 'dext'), 'R') | dict.fromkeys(
    ('li', 'os', 'izq', 'sin'), 'L'
)
_OTHER = dict(R='L', L='R')

# How much each kind of marker says; a name's strongest kind always counts.
_WORD, _ABBREVIATION, _LETTER, _FAINT = 3, 2, 1, 0

# What a number follows that says nothing: point 17, lm_17, 17.
_GENERIC = {'', 'point', 'pt', 'p', 'lm', 'landmark', 'kp', 'keypoint'} | {
    'punkt',
    'nr',
    'no',
    'x',
}
# Sides that no boundary sets off: lefteye, exor. Two names that differ in
# one of these alone are perhaps a pair; nobody can be sure.
_GLUED = tuple(
    pair
    for one, other in (('right', 'left'), ('rechts', 'links'))
    for pair in ((one, other), (other, one))
)
_ENDS = (('r', 'l'), ('l', 'r'))
# What tells landmarks of one name apart in an annotation file.
_REPEATED = re.compile(r'_\d+$')


class _Word:
    """A word of a name: its text, where it is, and the side it marks."""

    __slots__ = ('kind', 'side', 'start', 'stop', 'text')

    def __init__(self, text: str, start: int, stop: int) -> None:
        self.text, self.start, self.stop = text, start, stop
        self.side: str | None = None
        self.kind = -1


def _starts_word(name: str, i: int) -> bool:
    """Whether a word ends before the character i, both alphanumeric."""
    before, here, after = name[i - 1], name[i], name[i + 1 : i + 2]
    if before.isalpha() != here.isalpha():
        return True
    if here.isupper():
        return before.islower() or (before.isupper() and after.islower())
    return False


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[_Word, ...]:
    """A name's words, with the sides they mark."""
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
    """Whether a landmark's name says its side.

    Examples:
        >>> [is_sided(n) for n in ('exocanthionR', 'oeil gauche', 'L5', 'li')]
        [True, True, False, False]
    """
    return bool(_markers(name))


def side_of(name: str) -> str | None:
    """``'R'``, ``'L'``, or ``None``.

    Of several words the first counts, but ``left of the right eye`` is of
    the right eye.
    """
    found = _markers(name) or _markers(name, _FAINT)
    whole = name.lower().rfind(' of ')
    inner = [word for word in found if word.start > whole >= 0]
    return (inner or found)[0].side if found else None


def canonical(name: str) -> tuple[str, str | None]:
    """A name without its spelling.

    Args:
        name (str): Such as ``'CristaPhiltri-right'``.

    Returns:
        tuple: The words but for the side, in small letters and joined by
        ``_``, and the side: ``('crista_philtri', 'R')``. Of several sides
        the words stay.
    """
    marked = _markers(name)
    dropped = marked if len(marked) == 1 else ()
    rest = (word.text for word in _words(name) if word not in dropped)
    return '_'.join(rest), side_of(name) if marked else None


def _keys(name: str, loose: bool, least: int, strongest: bool) -> tuple | None:
    """What partners have in common, and the sides in which they differ."""
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


# From the same spelling to the most different one that is a pair still.
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
            # Of several spellings nobody knows which is whose.
            if len(own) == len(other) == 1:
                partners[own[0]] = other[0]
    return partners


def side_partners(names: Sequence[str]) -> list[str]:
    """The landmark that mirrors each one, as far as names say.

    Args:
        names (Sequence[str]): The K landmarks.

    Returns:
        list[str]: K names, each other's partners; a landmark without
        partner is its own.

    Examples:
        >>> side_partners(['exoR', 'exoL', 'nasion', 'L5'])
        ['exoL', 'exoR', 'nasion', 'L5']
    """
    partners = _partners(tuple(names))
    return [partners.get(name, name) for name in names]


def partner_places(names: Sequence[str]) -> list[int]:
    """Of each landmark, its partner's place among them, or its own."""
    places = {name: k for k, name in enumerate(names)}
    return [places[partner] for partner in side_partners(names)]


def unsettled_names(
    names: Sequence[str],
    partners: Sequence[str],
    stated: Collection[str] = (),
) -> list[str]:
    """Landmarks of which names leave open what a mirrored image does.

    A landmark without a partner keeps its name in a mirrored image. That is
    right on the midline. It is open for names of a side, for numbers, for
    names such as ``lefteye`` and ``righteye``, and for all landmarks of a set
    of several in which none has a partner. Of a repeated name (``brow_R``,
    ``brow_R_2``) it is open which of them is whose partner.

    Args:
        names (Sequence[str]): The K landmarks.
        partners (Sequence[str]): Who mirrors each; itself if nobody does.
        stated (Collection[str]): Landmarks of which a config says it.

    Returns:
        list[str]: Some of the names, in their order.
    """
    single = [n for n, partner in zip(names, partners) if n == partner]
    if len(single) == len(names) > 1:
        return [name for name in names if name not in stated]
    paired = [n for n, partner in zip(names, partners) if n != partner]
    numbered = _numbered(single, paired)
    known = {name.lower() for name in single}
    found = _repeated(names)
    found.update(
        name
        for name in single
        if is_sided(name)
        or name in numbered
        or any(other in known for other in _perhaps(name))
    )
    return [name for name in names if name in found and name not in stated]


def _repeated(names: Sequence[str]) -> set[str]:
    """Landmarks that a file calls by one name, with their numbers."""
    found: set[str] = set()
    for name in names:
        first = _REPEATED.sub('', name)
        if first != name and first in names:
            found |= {first, name}
    return found


def _stem(name: str) -> tuple[str, ...]:
    """A name's words without side, ``#`` for a number."""
    marked = _markers(name)
    return tuple(
        '#' if word.text.isdecimal() else word.text
        for word in _words(name)
        if word not in marked
    )


def _numbered(single: Sequence[str], paired: Sequence[str]) -> set[str]:
    """Names that a number tells apart: 17, jaw 1, hairline, hairline_2."""
    stems = {name: _stem(name) for name in single if not is_sided(name)}
    # What the numbers are of: hairline has the first one without.
    plain = {n: tuple(w for w in s if w != '#') for n, s in stems.items()}
    many = Counter(plain.values())
    # In mesh_33_R, mesh_33_L, mesh_1 those without side are of the midline.
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
    """Small-letter names that might be the other side's."""
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
