"""Checks of the annotation file: records, names, missing points."""

import numpy as np

from mmpose_ctd.errors import some_of
from mmpose_ctd.landmark_sides import unsettled_names

from ..flips import likely_text, off_midline
from ..image_fields import taken_names
from ..landmark_names import landmark_metainfo
from .registry import Findings, error, note, register_check, warning
from .survey import Survey

# With a point in fewer faces than this share a landmark is hardly learned.
_RARE = 0.5


@register_check('records', 'faults of the annotation file')
def records(survey: Survey) -> Findings:
    """Structure and values that training refuses; surplus annotations."""
    yield from survey.problems
    metainfo = landmark_metainfo(survey.names)
    for photo in survey.photos:
        clash = taken_names(photo.record, metainfo)
        if clash:
            yield error(
                f'the fields {clash} have names that MMPose uses itself; '
                'rename them',
                (photo.place,),
            )
        severity, text = warning, 'Annotate a face once'
        if photo.num_faces > 1:
            severity = error
            text = (
                'Training refuses several faces unless dataset.crop='
                "'bbox' crops to each"
            )
        if photo.num_annotations > 1:
            yield severity(
                f'{photo.num_annotations} annotations of one image; the '
                f'checks use the first. {text}',
                (photo.place,),
            )


@register_check('flips', 'landmarks without a partner, with flips')
def flips(survey: Survey) -> Findings:
    """Landmarks whose place in a mirrored image is unknown.

    See "Left and right" in docs/data.md.
    """
    partners = [survey.names[k] for k in survey.partners]
    likely = (
        off_midline(survey.labelled_points, survey.names, partners)
        if survey.labelled
        else []
    )
    if likely:
        names = tuple(dict.fromkeys(n for pair in likely for n in pair))
        yield warning(
            f'{some_of(names, 5)}: without a partner, but off the midline of '
            'the faces. Training stops where it mirrors images. '
            + likely_text(likely).removesuffix('.'),
            landmarks=names,
        )
    names = tuple(unsettled_names(survey.names, partners))
    if names:
        some = some_of(names, 5)
        text = (
            f'no landmark has a partner on the other side ({some})'
            if survey.names == partners
            else f'{some}: the names do not say which landmark takes '
            'their place in a mirrored image'
        )
        yield warning(
            f'{text}. Training stops where it mirrors images (RandomFlip, '
            'flip_test) unless the config states dataset.flip_pairs, or '
            'one_sided=True for a set in which no landmark has a partner',
            landmarks=names,
        )


@register_check('missing-points', 'landmarks without a point')
def missing_points(survey: Survey) -> Findings:
    """One finding for each landmark that some faces lack."""
    photos = survey.labelled
    if not photos:
        return
    seen = np.isfinite(survey.labelled_points).all(axis=2)
    for k, name in enumerate(survey.names):
        missing = np.flatnonzero(~seen[:, k])
        if not len(missing):
            continue
        text = (
            f'{name}: missing in {len(missing)} of {len(photos)} labelled '
            f'faces ({len(missing) / len(photos):.0%})'
        )
        if len(missing) == len(photos):
            text += '. A model cannot learn it: take it out of the category'
        severity = warning if len(missing) > _RARE * len(photos) else note
        places = tuple(photos[n].place for n in missing)
        yield severity(text, places, (name,))


@register_check('unlabelled', 'images without annotation, and vice versa')
def unlabelled(survey: Survey) -> Findings:
    """Records and files that training does not use."""
    bare = tuple(p.place for p in survey.photos if not p.num_annotations)
    if bare:
        yield warning(
            f'{len(bare)} image records have no annotation; they are not used',
            bare,
        )
    empty = tuple(
        p.place
        for p in survey.photos
        if p.num_annotations and p.points is not None and not p.labelled
    )
    if empty:
        yield warning(
            f'{len(empty)} annotations have no labelled landmark; they are '
            'not used',
            empty,
        )
    stray = survey.stray_files
    if stray:
        yield note(
            f'{len(stray)} image files are in no record of this annotation '
            'file; they are not used',
            names=tuple(stray),
        )
