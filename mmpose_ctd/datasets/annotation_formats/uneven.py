"""Refuses records that lack a click, where points are only counted."""

from collections import Counter, defaultdict

from .point_record import PointRecord, Refused, plain_name

__all__ = ['refuse_uneven', 'usual_of']


def usual_of(values):
    """The most common value; of equally common ones the largest.

    A forgotten click is more common than one too many.

    Args:
        values (Iterable): At least one.
    """
    counts = Counter(values)
    return max(counts, key=lambda value: (counts[value], value))


def refuse_uneven(records: list[PointRecord]) -> None:
    """Refuse records that name or count their points unlike the others.

    One forgotten click gives all later points of a shape the number of
    another landmark. So all records must have as many points with a label as
    most of them have. A label that is written in another case than in most
    records is another spelling of one landmark, not another landmark.

    Args:
        records (list[PointRecord]): Of all files; the refused ones get a
            ``problem``.
    """
    counts, spellings = defaultdict(list), defaultdict(list)
    usable = [record for record in records if record.problem is None]
    for record in usable:
        for label, count in record.counts.items():
            counts[label].append(count)
        for name in record.names or ():
            spellings[plain_name(name)].append(name)
    usual = {label: usual_of(found) for label, found in counts.items()}
    spelt = {plain: usual_of(found) for plain, found in spellings.items()}
    for record in usable:
        for label, count in record.counts.items():
            if count != usual[label]:
                record.refuse(
                    Refused(
                        found=f'{label!r} has {count} points'
                        if label
                        else f'has {count} points',
                        expected=f'{usual[label]}, as in the others: a point '
                        'was forgotten or clicked twice',
                    )
                )
        for name in record.names or ():
            if name != spelt[plain_name(name)]:
                record.refuse(
                    Refused(
                        found=f'the label {name!r}',
                        expected=f'{spelt[plain_name(name)]!r}, as in the '
                        'others',
                    )
                )
