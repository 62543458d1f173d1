"""Whether a split leaves anybody to calibrate a model with."""

from collections.abc import Sequence

from .population import Population
from .schemes import CALIBRATING, Partition

__all__ = ['calibration_note']

# From so many subjects on, the default shares leave ten to calibrate.
_ENOUGH = 25


def calibration_note(
    partitions: Sequence[Partition], population: Population
) -> str:
    """What to say where too few people neither train nor test.

    ``mmpose_ctd calibrate`` refuses them, after the training.

    Args:
        partitions (Sequence[Partition]): Of :func:`.draw_splits`.
        population (Population): The data set that they split.

    Returns:
        str: One or more sentences; empty where all partitions leave enough.
    """
    everyone = {*population.by_subject}
    fewest = min(
        len(everyone - _people(partition, population))
        for partition in partitions
    )
    if fewest >= CALIBRATING:
        return ''
    said = (
        f'only {fewest} of {len(everyone)} labelled subjects are neither for '
        f'training nor for testing; mmpose_ctd calibrate needs {CALIBRATING}. '
        'Without a calibration mmpose_ctd measure gives landmarks and '
        'measures, but no intervals and no warnings. '
    )
    if len(everyone) < _ENOUGH:
        return said + f'For all of it, label at least {_ENOUGH} subjects.'
    return said + 'Raise --val to keep more subjects for it.'


def _people(partition: Partition, population: Population) -> set[str]:
    """Who trains or tests."""
    lines = [
        line
        for name, part in partition.items()
        if name.startswith(('train', 'test'))
        for line in part
    ]
    return population.subjects_in(lines)
