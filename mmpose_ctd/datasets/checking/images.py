"""Checks of the image files."""

import numpy as np

from mmpose_ctd.errors import InputError

from ..split_selection import select_images
from ..splits.split_files import sides
from .look_alikes import detail_correlation, look_alikes
from .registry import (
    CheckFinding,
    Findings,
    error,
    note,
    register_check,
    warning,
)
from .survey import Survey


@register_check('files', 'missing, damaged or cut-off image files')
def files(survey: Survey) -> Findings:
    """Reads every file to its end."""
    for photo, file in zip(survey.photos, survey.files):
        # A record without a file name is a problem of the record.
        if file.problem and photo.path is not None:
            yield error(
                f'{file.problem}. Replace it, or remove its record',
                (photo.place,),
                names=(photo.file_name,),
            )


@register_check('image-size', 'files of another size than recorded')
def image_size(survey: Survey) -> Findings:
    """Compares sizes of upright images, which training reads."""
    for photo, file in zip(survey.photos, survey.files):
        if file.size is None or photo.size in (None, file.size):
            continue
        text = (
            f'the file has {file.size[0]}x{file.size[1]} pixels, the record '
            f'says {photo.size[0]}x{photo.size[1]}. '
        )
        if file.size == photo.size[::-1]:
            text += 'The sides are exchanged: was it labelled unrotated?'
        else:
            text += 'The points belong to another version of the image'
        yield error(text, (photo.place,))


@register_check('orientation', 'files that only EXIF turns upright')
def orientation(survey: Survey) -> Findings:
    """Some programs apply the EXIF orientation, others do not."""
    turned = survey.places_of_files(lambda file: file.orientation != 1)
    if turned:
        yield warning(
            'the files are stored turned or mirrored, and EXIF says how to '
            'turn them upright. Training does so; a labelling program may '
            'not, and its points are then elsewhere. Save the files upright '
            'and look at the points',
            turned,
        )


@register_check('duplicates', 'one photograph in several records')
def duplicates(survey: Survey) -> Findings:
    """Copies, also if saved again, scaled, cropped a little or mirrored."""
    readable = survey.places_of_files(lambda file: file.preview is not None)
    if len(readable) < 2:
        return
    pictures = np.stack([survey.files[place].preview for place in readable])
    across = _split_pairs(survey)
    seen = set()
    for i, j, mirrored in look_alikes(pictures):
        if (i, j) in seen:
            continue
        other = pictures[j][:, ::-1] if mirrored else pictures[j]
        detail = detail_correlation(pictures[i], np.ascontiguousarray(other))
        if detail > survey.thresholds.detail:
            seen.add((i, j))
            pair = readable[i], readable[j]
            yield _duplicate(survey, pair, mirrored, detail, across)


def _duplicate(survey, pair, mirrored, detail, across) -> CheckFinding:
    subjects = [survey.photos[place].subject for place in pair]
    mirrored = ', mirrored,' if mirrored else ''
    text = f'the same photograph{mirrored} in two records'
    severity = warning
    if all(subjects) and subjects[0] != subjects[1]:
        severity = error
        text += ', of two subjects: one person under two ids, or a mix-up'
    elif subjects[0] != subjects[1]:
        text += ', one of them without subject'
    for (name, one), (other_name, other) in across:
        if any(a in one and b in other for a, b in (pair, pair[::-1])):
            severity = error
            text += (
                f'; it is in splits/{name}.txt and in splits/{other_name}.txt'
            )
            break
    return severity(
        f'{text} (detail {detail:.2f})',
        pair,
        names=tuple(dict.fromkeys(filter(None, subjects))),
        score=detail,
    )


def _split_pairs(survey: Survey) -> list[tuple]:
    """Pairs of split files that must not share images, with these."""
    chosen = {
        name: select_images(lines, survey.records).ids
        for name, lines in survey.splits.items()
        if not isinstance(lines, InputError)
    }
    return [((a, chosen[a]), (b, chosen[b])) for a, b in sides(chosen)]


@register_check('mixed-sizes', 'images of several sizes or shapes')
def mixed_sizes(survey: Survey) -> Findings:
    """Other shapes are often other crops."""
    sizes: dict = {}
    for photo in survey.photos:
        if photo.size is not None:
            sizes.setdefault(photo.size, []).append(photo.place)
    if len(sizes) < 2:
        return
    ratios = [width / height for width, height in sizes]
    usual = max(sizes, key=lambda size: len(sizes[size]))
    others = tuple(p for s in sizes if s != usual for p in sizes[s])
    yield note(
        f'{len(sizes)} sizes; most have {usual[0]}x{usual[1]} pixels, others '
        'differ. A pixel is not the same length in all of them: use '
        'mm_per_px, or a pair of landmarks as the unit',
        others,
    )
    if max(ratios) / min(ratios) > survey.thresholds.aspect:
        yield warning(
            f'width / height goes from {min(ratios):.2f} to '
            f"{max(ratios):.2f}. With crop='image' the faces are framed "
            "differently; crop the images to one shape, or use crop='bbox'",
            others,
        )


@register_check('metadata', 'EXIF and GPS in files (privacy)')
def metadata(survey: Survey) -> Findings:
    """Training does not read it, but it goes out with the files."""
    places = survey.places_of_files(lambda file: file.gps)
    if places:
        yield warning(
            'the files say where they were taken (GPS). Remove it before '
            'you share them',
            places,
        )
    places = survey.places_of_files(lambda file: file.private)
    if places:
        yield note(
            'the files have EXIF entries such as camera, time or owner. '
            'Remove them before you share the files',
            places,
        )
