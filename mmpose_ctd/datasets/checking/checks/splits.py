"""Split files that name nobody, or somebody twice."""

from collections.abc import Iterator

from mmpose_ctd.errors import InputError

from ...landmark_file import IMAGE_LINE
from ...split_selection import people_of, select_images
from ...splits.split_names import sides
from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('splits', 'split files with unknown or shared subjects')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Every file, then every two that must not share anybody."""
    records = survey.records
    labelled = {photo.place for photo in survey.labelled}
    for name, lines in survey.splits.items():
        if isinstance(lines, InputError):
            # The message names the file's folder.
            kind = 'is no UTF-8 text' if 'UTF-8' in str(lines) else 'is empty'
            yield Finding(
                Severity.ERROR,
                f'splits/{name}.txt {kind}; expected subject ids, one a line',
            )
            continue
        chosen = select_images(lines, records)
        for kind, unknown in (
            ('subjects', chosen.unknown_subjects),
            ('images', chosen.unknown_images),
        ):
            if unknown:
                yield Finding(
                    Severity.ERROR,
                    f'splits/{name}.txt: {len(unknown)} {kind} are not in '
                    'the annotation file',
                    names=tuple(unknown),
                )
        bare = [
            line
            for line in lines
            if (ids := select_images([line], records).ids)
            and not ids & labelled
        ]
        if bare:
            yield Finding(
                Severity.WARNING,
                f'splits/{name}.txt: {len(bare)} of {len(lines)} lines have '
                'no labelled image: the set is smaller than it says',
                names=tuple(bare),
            )
    readable = {
        name: lines
        for name, lines in survey.splits.items()
        if not isinstance(lines, InputError)
    }
    people = {n: people_of(lines, records) for n, lines in readable.items()}
    for a, b in sides(readable):
        both = people[a] & people[b]
        if not both:
            continue
        images = all(
            line.startswith(IMAGE_LINE) for line in readable[a] + readable[b]
        )
        text = (
            f'splits/{a}.txt and splits/{b}.txt share {len(both)} subjects: '
            'errors on them say nothing about new faces'
        )
        if images:
            text += ' (the split goes by image)'
        yield Finding(
            Severity.WARNING if images else Severity.ERROR,
            text,
            names=tuple(sorted(both)),
        )
