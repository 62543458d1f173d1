"""What the numbers of a report do not say."""

from collections.abc import Callable, Sequence

from mmpose_ctd.people_overlap import split_overlap

from .system import RunResult, System

__all__ = ['limits_of']

#: Below so many subjects percentile intervals are noticeably too narrow.
_FEW = 30


def limits_of(systems: Sequence[System]) -> list[str]:
    """Sentences about these very systems, the gravest first.

    Args:
        systems (Sequence[System]): All that the report is about.
    """
    told = [
        *_each(systems, _leaks),
        *_each(systems, _not_compared),
        *_seeds(systems),
        *_intervals(systems),
        *_each(systems, _no_failures),
        *_each(systems, _left_out),
        *_each(systems, _restarts),
    ]
    told += _sites(systems)
    told.append(
        'Errors are against one annotation of each face. How far two people '
        'would differ is not in them; no system can be shown to be better '
        'than that.'
    )
    told.append('A research tool, no medical device.')
    return told


def _each(
    systems: Sequence[System], tell: Callable[[RunResult], str]
) -> list[str]:
    """What holds for some runs, each sentence once."""
    names: dict[str, list] = {}
    for system in systems:
        for result in system.runs:
            names.setdefault(tell(result), []).append(system.name)
    return [
        f'{", ".join(dict.fromkeys(who))}: {sentence}'
        for sentence, who in names.items()
        if sentence
    ]


def _no_failures(result: RunResult) -> str:
    """A bootstrap of nothing but zeros has no width."""
    report = result.report
    never = [
        name
        for name, entry in report['metrics'].items()
        if name.startswith('FR') and entry['value'] == 0
    ]
    number = report['num_subjects'] or report['num_images']
    if not never or report['per'] != 'image':
        return ''
    return (
        'where no image failed (FR of 0), the interval [0, 0] is none: with '
        f'{number} independent faces a rate of up to {300 / number:.1f} % is '
        'compatible with that (the rule of three).'
    )


def _left_out(result: RunResult) -> str:
    ignored = result.report['num_ignored']
    if not ignored:
        return ''
    return (
        f'{ignored} images could not be judged (no true landmark, or no '
        'scale for the unit) and are left out.'
    )


def _restarts(result: RunResult) -> str:
    if not result.log.num_restarts:
        return ''
    return (
        'the training was interrupted and resumed, with fresh random '
        'augmentations.'
    )


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


def _not_compared(result: RunResult) -> str:
    """What the checkpoint says of the test people, or cannot say."""
    known = split_overlap(result.run.cfg)
    return '' if known else ' '.join(result.people)


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
