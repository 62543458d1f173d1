"""What the numbers of a report do not say."""

from collections.abc import Sequence

from mmpose_ctd.apis.split_overlap import split_overlap

from .system import RunResult, System

__all__ = ['limits_of']

#: Below so many subjects percentile intervals are noticeably too narrow.
_FEW = 30


def limits_of(systems: Sequence[System]) -> list[str]:
    """Sentences about these very systems, the gravest first.

    Args:
        systems (Sequence[System]): All that the report is about.
    """
    told = []
    for system in systems:
        for sentence in map(_leaks, system.runs):
            if sentence:
                told.append(f'{system.name}: {sentence}')
    told += _seeds(systems)
    told += _intervals(systems)
    for system in systems:
        ignored = system.reports[0]['num_ignored']
        if ignored:
            told.append(
                f'{system.name}: {ignored} images could not be judged (no '
                'true landmark, or no scale for the unit) and are left out.'
            )
        if system.first.log.num_restarts:
            told.append(
                f'{system.name}: the training was interrupted and resumed, '
                'with fresh random augmentations.'
            )
    told += _sites(systems)
    told.append(
        'Errors are against one annotation of each face. How far two people '
        'would differ is not in them; no system can be shown to be better '
        'than that.'
    )
    told.append('A research tool, no medical device.')
    return [*dict.fromkeys(told)]


def _leaks(result: RunResult) -> str:
    leak = split_overlap(result.run.cfg)
    if leak:
        return leak
    test, validation = (result.data.get(k) for k in ('test', 'validation'))
    if test is None or validation is None:
        return ''
    both = len(test.subjects & validation.subjects)
    if both and result.run.chosen_by == 'validation':
        return (
            f'the checkpoint was chosen by {both} of the {len(test.subjects)} '
            'test subjects, as validation and test set share them: its '
            'errors on them flatter it.'
        )
    if both:
        return (
            f'{both} test subjects are validation subjects, too. The last '
            'checkpoint was taken, so that nothing was chosen by them in '
            'this run; whoever chose settings by them did.'
        )
    return ''


def _seeds(systems: Sequence[System]) -> list[str]:
    once = [system.name for system in systems if len(system.runs) == 1]
    told = []
    if once:
        told.append(
            f'{", ".join(once)}: trained once, with one seed. The intervals '
            'are over test subjects: they say how much faces differ, and '
            'nothing about how much another training would. A difference '
            'between two systems may be one of their seeds.'
        )
    if len(once) < len(systems):
        told.append(
            'Of several seeds, faces, measures and the circles of landmark '
            'errors are those of the first.'
        )
    if len(systems) > 2:
        told.append(
            f'{len(systems) - 1} differences to the first system are shown, '
            'each with a 95 % interval of its own: the more there are, the '
            'likelier one of them excludes 0 by chance.'
        )
    return told


def _intervals(systems: Sequence[System]) -> list[str]:
    report = systems[0].reports[0]
    people = report['num_subjects']
    if people is None:
        return [
            'The data name no subject: intervals are over images, and too '
            'narrow where a person has several; whether training and test '
            'share people is not known.'
        ]
    if people < _FEW:
        return [
            f'The test set has {people} subjects. Of so few, bootstrap '
            'intervals are too narrow.'
        ]
    return []


def _sites(systems: Sequence[System]) -> list[str]:
    data = systems[0].first.data
    training, test = data.get('training'), data.get('test')
    if not training or not test or not test.sites:
        return []
    new = test.sites - training.sites
    if new:
        return [
            f'{len(new)} of the {len(test.sites)} sites of the test set are '
            'not in the training set.'
        ]
    return [
        'All sites of the test set are in the training set, too: nothing is '
        'said about photographs from elsewhere.'
    ]
