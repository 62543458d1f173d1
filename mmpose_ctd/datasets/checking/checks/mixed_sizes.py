"""Images that are not of one shape."""

from collections.abc import Iterator

from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('mixed-sizes', 'images of several sizes or shapes')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Other shapes often are other crops, and errors in px then differ."""
    sizes: dict = {}
    for photo in survey.photos:
        if photo.size is not None:
            sizes.setdefault(photo.size, []).append(photo.place)
    if len(sizes) < 2:
        return
    ratios = [width / height for width, height in sizes]
    usual = max(sizes, key=lambda size: len(sizes[size]))
    others = tuple(
        place for size in sizes if size != usual for place in sizes[size]
    )
    text = (
        f'{len(sizes)} sizes; most have {usual[0]}x{usual[1]} pixels, others '
        'differ. An error in pixels of the image is not the same length in '
        'all of them: use mm_per_px, or a pair of landmarks as the unit'
    )
    yield Finding(Severity.NOTE, text, others)
    if max(ratios) / min(ratios) > thresholds.aspect:
        yield Finding(
            Severity.WARNING,
            f'width / height goes from {min(ratios):.2f} to '
            f"{max(ratios):.2f}. With crop='image' faces are then framed "
            "differently; crop them alike, or use crop='bbox'",
            others,
        )
