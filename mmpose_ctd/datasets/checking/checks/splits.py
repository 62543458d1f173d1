"""Split files that name nobody, or somebody twice."""

from collections.abc import Iterator

from mmpose_ctd.errors import InputError

from ...landmark_file import IMAGE_LINE
from ...split_selection import image_line, people_of, select_images
from ...splits.split_names import sides
from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('splits', 'split files with unknown or shared subjects')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Every file, then every two that must not share anybody."""
    records = survey.records
    for name, lines in survey.splits.items():
        if isinstance(lines, InputError):
            # The place names the file's folder.
            yield Finding(
                Severity.ERROR,
                f'splits/{name}.txt: {lines.found}; expected {lines.expected}',
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
    readable = {
        name: lines
        for name, lines in survey.splits.items()
        if not isinstance(lines, InputError)
    }
    people = {n: people_of(lines, records) for n, lines in readable.items()}
    yield from _bare(survey, readable)
    shared: dict[tuple, list] = {}
    for a, b in sides(readable):
        if people[a] & people[b]:
            by_image = all(
                line.startswith(IMAGE_LINE)
                for line in readable[a] + readable[b]
            )
            shared.setdefault((b, by_image), []).append(a)
    for (b, by_image), others in shared.items():
        both = sorted({*people[b]} & set().union(*map(people.get, others)))
        text = (
            f'splits/{b}.txt shares {len(both)} subjects with '
            f'{_listed(others)}: errors on them say nothing about new faces'
        )
        if by_image:
            text += ' (the split goes by image)'
        yield Finding(
            Severity.WARNING if by_image else Severity.ERROR,
            text,
            names=tuple(both),
        )


def _bare(survey: Survey, readable: dict) -> Iterator[Finding]:
    """Lines that train and test nothing."""
    labelled = {photo.place for photo in survey.labelled}
    useful = people_of(
        [image_line(survey.photos[p].file_name) for p in labelled],
        survey.records,
    )
    bare: dict[str, set] = {}
    for name, lines in readable.items():
        without = people_of(lines, survey.records) - useful
        if without:
            bare[name] = without
    if bare:
        names = sorted(set().union(*bare.values()))
        yield Finding(
            Severity.WARNING,
            f'{len(names)} subjects of {_listed(list(bare))} have no '
            'labelled image: the splits are smaller than they say',
            names=tuple(names),
        )


def _listed(names: list[str]) -> str:
    text = ', '.join(f'{name}.txt' for name in names[:3])
    more = len(names) - 3
    return f'{text} and {more} more' if more > 0 else text
