"""Checks of subjects, sites and splits."""

import re
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from mmpose_ctd.errors import InputError, listed
from mmpose_ctd.landmark_sides import canonical, side_of

from ..landmark_file import IMAGE_LINE
from ..split_selection import (
    alike_subjects,
    image_line,
    people_of,
    select_images,
)
from ..splits.split_files import sides
from ..upright_image import read_upright
from .registry import Findings, error, note, register_check, warning
from .shape_model import FaceFit, similarity
from .survey import PhotoRecord, Survey

# Faces compared with all others at once.
_ROWS = 256
# SFace's input, 112 x 112 pixels, and where its training crops (ArcFace's)
# have the centres of the eyes and the corners of the mouth, R and L.
_SIDE = 112
_EYES = ((38.29, 51.70), (73.53, 51.50))
_PLACES = {
    r'exocanth|endocanth|canth|pupil|eye_?(?:in|out|corner|cent)': _EYES,
    r'cheilion|mouth_?corner|corner_of_(?:the_)?mouth|^mouth$': (
        (41.55, 92.37),
        (70.73, 92.20),
    ),
}
_MEAN, _STD = 127.5, 128.0
_BATCH = 32


@register_check('same-person', 'one person under two ids (with --teacher)')
def same_person(survey: Survey) -> Findings:
    """By face recognition: a hint, since relatives and children look alike."""
    if survey.teacher is None or survey.shapes is None:
        return
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
    for start in range(0, len(places), _ROWS):
        cosines = vectors[start : start + _ROWS] @ vectors[start:].T
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


def face_embeddings(survey: Survey) -> dict[int, np.ndarray]:
    """Crop the faces by their landmarks, upright, and embed them with SFace.

    Position of a labelled record with a subject -> (128,), of norm 1; the sum
    of the face's and its mirror image's. Empty if no landmark's name is of an
    eye.
    """
    # The network's libraries take seconds to load.
    import torch
    from mmpose.registry import MODELS

    from mmpose_ctd.models.teachers import SourceModel

    preprocessor = dict(
        type='PoseDataPreprocessor',
        mean=3 * [_MEAN],
        std=3 * [_STD],
        bgr_to_rgb=True,
    )
    model = SourceModel(
        backbone=dict(type='SFaceNet'),
        head=dict(type='SFaceEmbedding'),
        data_preprocessor=preprocessor,
        checkpoint=survey.teacher,
        how_to_get='mmpose_ctd download sface',
    )
    model.adapt_to(MODELS.build(preprocessor))
    crops = dict(_face_crops(survey))
    found: dict[int, np.ndarray] = {}
    places = list(crops)
    for start in range(0, len(places), _BATCH):
        batch = places[start : start + _BATCH]
        faces = np.stack([crops[place] for place in batch])
        pixels = torch.from_numpy(faces[..., ::-1].copy()).float()
        pixels = (pixels.permute(0, 3, 1, 2) - _MEAN) / _STD
        embedded = sum(
            model(x, with_final=True).final for x in (pixels, pixels.flip(3))
        )
        embedded = torch.nn.functional.normalize(embedded).numpy()
        found.update(zip(batch, embedded))
    return found


def _face_crops(survey: Survey) -> Iterator[tuple[int, np.ndarray]]:
    """Positions of labelled records with a subject, and their crops, BGR."""
    # Landmarks of one side -> where the crop shall have their mean.
    template: dict[tuple, tuple] = {}
    for pattern, places in _PLACES.items():
        right = tuple(
            k
            for k, name in enumerate(survey.names)
            if re.search(pattern, canonical(name)[0])
            and survey.partners[k] != k
            and side_of(name) == 'R'
        )
        if right:
            left = tuple(survey.partners[k] for k in right)
            template |= zip((right, left), places)
    if not any(place in _EYES for place in template.values()):
        return
    for photo in survey.labelled:
        fit = survey.shapes.fits.get(photo.place)
        if photo.subject and fit is not None:
            crop = _face_crop(photo, fit, template)
            if crop is not None:
                yield photo.place, crop


def _face_crop(
    photo: PhotoRecord, fit: FaceFit, template: dict
) -> np.ndarray | None:
    try:
        image = read_upright(photo.path)
    except InputError:
        # The check of files reports it.
        return None
    source = [fit.expected[list(marks)].mean(axis=0) for marks in template]
    z, m = (np.asarray(p) @ (1, 1j) for p in (source, [*template.values()]))
    a, b = similarity(z, m)
    if not np.isfinite(a):
        return None
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    return cv2.warpAffine(
        image, matrix, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE
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
            f'{len(names)} subjects of {listed(_files(bare))} have no '
            'labelled image: the splits are smaller than they say',
            names=tuple(names),
        )


def _files(names: Iterable[str]) -> list[str]:
    return [f'{name}.txt' for name in names]


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
        severity = warning if by_image else error
        yield severity(
            f'splits/{b}.txt shares {len(both)} subjects with '
            f'{listed(_files(others))}: errors on them say nothing about new '
            'faces' + by_image * ' (the split goes by image)',
            names=tuple(both),
        )


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
