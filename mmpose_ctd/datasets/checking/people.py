"""Checks of subjects, sites and splits."""

import numpy as np

from mmpose_ctd.errors import InputError

from ..landmark_file import IMAGE_LINE
from ..split_selection import (
    alike_subjects,
    image_line,
    people_of,
    select_images,
)
from ..splits.split_files import sides
from .registry import Findings, error, note, register_check, warning
from .survey import Survey

# Faces compared with all others at once.
_BATCH = 256


@register_check('same-person', 'one person under two ids (with --teacher)')
def same_person(survey: Survey) -> Findings:
    """By face recognition: a hint, since relatives and children look alike."""
    if survey.teacher is None or survey.shapes is None:
        return
    # The network's libraries take seconds to load.
    from .face_embeddings import face_embeddings

    found = face_embeddings(survey)
    if not found:
        yield note(
            'no eye corners or pupils among the names of the landmarks: the '
            'faces could not be cropped for the network'
        )
        return
    pairs: dict[tuple, tuple] = {}
    places = list(found)
    vectors = np.array([found[place] for place in places])
    least = survey.thresholds.same_person
    for start in range(0, len(places), _BATCH):
        cosines = vectors[start : start + _BATCH] @ vectors[start:].T
        for i, j in np.argwhere(np.triu(cosines, 1) > least):
            a, b = places[start + i], places[start + j]
            subjects = {survey.photos[a].subject, survey.photos[b].subject}
            if len(subjects) == 2:
                pair = tuple(sorted(subjects))
                best = pairs.get(pair, (-1.0,))
                pairs[pair] = max(best, (float(cosines[i, j]), a, b))
    for names, (cosine, a, b) in sorted(pairs.items(), key=lambda p: -p[1][0]):
        yield warning(
            'two subjects look like one person to the network (similarity '
            f'{cosine:.2f}): two ids of one person, or relatives',
            (a, b),
            names=names,
            score=cosine,
        )


@register_check('splits', 'split files with unknown or shared subjects')
def splits(survey: Survey) -> Findings:
    """Each file, then each two files that must not share subjects."""
    readable = {}
    for name, lines in survey.splits.items():
        if isinstance(lines, InputError):
            # Its own place would name the data set's folder.
            yield error(
                f'splits/{name}.txt: {lines.found}; expected {lines.expected}',
            )
            continue
        readable[name] = lines
        chosen = select_images(lines, survey.records)
        for kind, unknown in (
            ('subjects', chosen.unknown_subjects),
            ('images', chosen.unknown_images),
        ):
            if unknown:
                yield error(
                    f'splits/{name}.txt: {len(unknown)} {kind} are not in '
                    'the annotation file',
                    names=tuple(unknown),
                )
    people = {n: people_of(x, survey.records) for n, x in readable.items()}
    yield from _without_labels(survey, people)
    yield from _shared(readable, people)


def _without_labels(survey: Survey, people: dict) -> Findings:
    """Subjects that neither train nor test anything."""
    useful = people_of(
        [image_line(photo.file_name) for photo in survey.labelled],
        survey.records,
    )
    bare = {name: own - useful for name, own in people.items() if own - useful}
    if bare:
        names = sorted(set().union(*bare.values()))
        yield warning(
            f'{len(names)} subjects of {_listed(list(bare))} have no '
            'labelled image: the splits are smaller than they say',
            names=tuple(names),
        )


def _shared(readable: dict, people: dict) -> Findings:
    shared: dict[tuple, list] = {}
    for a, b in sides(readable):
        if people[a] & people[b]:
            by_image = all(
                line.startswith(IMAGE_LINE)
                for line in readable[a] + readable[b]
            )
            shared.setdefault((b, by_image), []).append(a)
    for (b, by_image), others in shared.items():
        both = sorted(people[b] & set().union(*map(people.get, others)))
        text = (
            f'splits/{b}.txt shares {len(both)} subjects with '
            f'{_listed(others)}: errors on them say nothing about new faces'
        )
        if by_image:
            yield warning(text + ' (the split goes by image)', names=(*both,))
        else:
            yield error(text, names=(*both,))


def _listed(names: list[str]) -> str:
    text = ', '.join(f'{name}.txt' for name in names[:3])
    more = len(names) - 3
    return f'{text} and {more} more' if more > 0 else text


@register_check('identity', 'missing subject or site')
def identity(survey: Survey) -> Findings:
    """Splits and intervals go by subject, tables by site."""
    photos = survey.photos
    nobody = tuple(p.place for p in photos if not p.subject)
    if nobody:
        yield warning(
            f'{len(nobody)} of {len(photos)} records have no subject: splits '
            'by subject leave them out, and a face may be in both training '
            'and test set',
            nobody,
        )
    nowhere = tuple(p.place for p in photos if not p.site)
    text = f'{len(nowhere)} of {len(photos)} records have no site'
    if len(nowhere) == len(photos) and nowhere:
        yield note(text + ': there is no table by site', nowhere)
    elif nowhere:
        yield warning(text + ', others do', nowhere)
    sites: dict[str, set] = {}
    for photo in photos:
        if photo.subject and photo.site:
            sites.setdefault(photo.subject, set()).add(photo.site)
    several = {s for s, found in sites.items() if len(found) > 1}
    if several:
        yield note(
            f'{len(several)} subjects are recorded at several sites. Is each '
            'of these ids one person?',
            tuple(p.place for p in photos if p.subject in several),
            names=tuple(sorted(several)),
        )
    groups = alike_subjects(photo.subject for photo in photos)
    if groups:
        alike = tuple(subject for group in groups for subject in group)
        yield warning(
            f'{len(groups)} group{"s" * (len(groups) > 1)} of subject ids '
            'differ only in case, spaces, dashes or zeros. If a group is one '
            'person, give it one id, else a face may be in both training and '
            'test set',
            tuple(p.place for p in photos if p.subject in alike),
            names=alike,
        )
