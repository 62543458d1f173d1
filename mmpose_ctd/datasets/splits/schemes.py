"""The ways to split a data set.

A partition maps names of files to their lines; nobody should be in two files
of a partition. The same seed draws the same partition. A unit that is drawn is
a pair: a subject or image, and the group (the site) it counts for.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import partial

import numpy as np

from mmpose_ctd.errors import InputError

from ..landmark_file import site_of
from ..split_selection import image_line
from .population import Population

Partition = dict[str, list[str]]
Unit = tuple[str, Hashable]

#: People whom mmpose_ctd calibrate needs, who neither train nor test.
CALIBRATING = 10
_VAL_SHARE = 0.1

# Label budgets, as far as there are subjects.
_BUDGETS = (10, 20, 40, 80, 160)

# Streams of random numbers of one seed: the test subjects of a seed are the
# same for all label budgets.
_HELD_OUT, _TRAIN, _FOLDS = 0, 1, 2


def _number(share: float, total: int) -> int:
    """A share in whole units, at least one unless the share is 0."""
    return max(1, round(share * total)) if share else 0


def _val_number(options, total: int, free: int) -> int:
    """How many of ``total`` subjects validate; ``free`` do not test."""
    if options.val is not None:
        return _number(options.val, total)
    number = _number(_VAL_SHARE, total)
    # Rather enough to calibrate, but not more than half of the rest.
    return CALIBRATING if number < CALIBRATING <= free // 2 else number


def _too_few(population: Population, found: str, needed: str) -> InputError:
    return InputError(where=population.path, found=found, expected=needed)


def _three_ways(
    population: Population,
    units: Sequence,
    options,
    seed: int,
    kind: str = 'subjects',
) -> tuple[list[str], list[str], list]:
    """Names that test, names that validate, and the units that train."""
    test_size = _number(options.test, len(units))
    free = len(units) - test_size
    val_size = _val_number(options, len(units), free)
    if test_size + val_size >= len(units):
        raise _too_few(
            population,
            f'{len(units)} labelled {kind}, {test_size} to test and '
            f'{val_size} to validate leave none to train',
            'more of them, or smaller --test and --val',
        )
    rng = np.random.default_rng((seed, _HELD_OUT))
    test = proportional(units, test_size, rng)
    rest = _without(units, test)
    val = proportional(rest, val_size, rng)
    return _names(test), _names(val), _without(rest, val)


def _without(units: Sequence, taken: Sequence) -> list:
    taken = {*taken}
    return [unit for unit in units if unit not in taken]


def _names(units: Sequence) -> list[str]:
    return sorted(name for name, _ in units)


def _order(units: Sequence, seed: int) -> list[str]:
    """Any first n training subjects are a fair sample of all."""
    rng = np.random.default_rng((seed, _TRAIN))
    return [name for name, _ in interleave(units, rng)]


def _partition(train, val, test, suffix: str) -> Partition:
    parts = dict(train=train, val=val, test=test)
    return {f'{name}{suffix}': part for name, part in parts.items() if part}


def by_subject(
    population, options, seed, suffix, by_site=False
) -> Iterator[Partition]:
    """Subjects are drawn at random, each with all of its images.

    With ``by_site`` each site has its share on every side.
    """
    units = population.units(by_site)
    test, val, train = _three_ways(population, units, options, seed)
    yield _partition(_order(train, seed), val, test, suffix)


def by_image(population, options, seed, suffix) -> Iterator[Partition]:
    """As in the paper: draw images at random and ignore the subjects."""
    names = sorted({i['file_name'] for i in population.labelled.values()})
    units = [(image_line(name), '') for name in names]
    test, val, train = _three_ways(population, units, options, seed, 'images')
    yield _partition(_order(train, seed), val, test, suffix)


def kfold(population, options, seed, suffix) -> Iterator[Partition]:
    """By subject; everybody tests once, every fold with its share of sites."""
    units = population.units(by_site=True)
    folds = options.folds
    if not 2 <= folds <= len(units):
        raise _too_few(
            population,
            f'--folds {folds} for {len(units)} labelled subjects',
            'at least 2 folds and a subject in each',
        )
    rng = np.random.default_rng((seed, _FOLDS))
    for i, test in enumerate(deal(units, folds, rng), start=1):
        rest = _without(units, test)
        val, train = _split_off_val(population, rest, len(units), options, rng)
        name = f'_fold{i}of{folds}_seed{seed}'
        yield _partition(_order(train, seed), val, _names(test), name)


def _split_off_val(population, rest, total, options, rng) -> tuple:
    size = _val_number(options, total, len(rest))
    if size >= len(rest):
        raise _too_few(
            population,
            f'{len(rest)} subjects do not test, {size} of them to validate '
            'leave none to train',
            'more subjects, or --val 0',
        )
    val = proportional(rest, size, rng)
    return _names(val), _without(rest, val)


def leave_one_site_out(
    population, options, seed, suffix
) -> Iterator[Partition]:
    """Each site tests in turn; nobody seen there trains."""
    units = population.units(by_site=True)
    sites = sorted({*map(site_of, population.labelled.values())} - {''})
    if len(sites) < 2:
        raise _too_few(
            population,
            f'{len(sites)} sites',
            "a 'site' in the image records, and at least 2 of them",
        )
    by_subject = population.by_subject
    seen_at = {who: {*map(site_of, by_subject[who])} for who, _ in units}
    for site, slug in zip(sites, _slugs(sites)):
        there = [s for s, _ in units if site in seen_at[s]]
        test = []
        for subject in there:
            if seen_at[subject] == {site}:
                test.append(subject)
                continue
            # Who was elsewhere too tests with the images from here only.
            test += sorted(
                image_line(image['file_name'])
                for image in by_subject[subject]
                if site_of(image) == site
            )
        # Without a site an image may be from this one.
        rest = [
            (subject, home)
            for subject, home in units
            if not seen_at[subject] & {site, ''}
        ]
        if not rest:
            raise _too_few(
                population,
                f'all subjects were seen at {site!r}, or have images without '
                'a site',
                'somebody to train on',
            )
        rng = np.random.default_rng((seed, _FOLDS))
        val, train = _split_off_val(population, rest, len(units), options, rng)
        parts = _partition(_order(train, seed), val, [], f'_without_{slug}')
        parts[f'test_{slug}'] = test
        yield {f'{name}{suffix}': lines for name, lines in parts.items()}


def _slugs(sites: Sequence[str]) -> list[str]:
    """The sites as parts of file names, each its own.

    Two that differ in capitals only are one file on some systems.
    """
    slugs: list[str] = []
    for site in sites:
        slug = plain = re.sub(r'[^\w-]+', '_', site).strip('_') or 'site'
        number = 2
        while slug.casefold() in {s.casefold() for s in slugs}:
            slug, number = f'{plain}_{number}', number + 1
        slugs.append(slug)
    return slugs


def budgets(
    population, options, seed, suffix, fixed=None
) -> Iterator[Partition]:
    """Training sets of 10, 20, 40 ... subjects, a smaller one in a larger."""
    units = population.units(by_site=True)
    if fixed:
        held = dict(fixed)
        taken = {s for p in held.values() for s in population.subjects_in(p)}
        train = [unit for unit in units if unit[0] not in taken]
    else:
        # One test for all seeds: they differ in the training alone.
        test, val, train = _three_ways(
            population, units, options, options.seed[0]
        )
        held = _partition([], val, test, '')
    wanted = options.budgets
    if wanted is None:
        wanted = {n for n in _BUDGETS if n < len(train)} | {len(train)}
    for budget in sorted({*wanted}):
        if not 1 <= budget <= len(train):
            raise _too_few(
                population,
                f'--budgets {budget} of {len(train)} subjects that may train',
                'from 1 to all of them',
            )
        name = f'train_n{budget:03d}_seed{seed}'
        yield {name: _order(train, seed)[:budget], **held}


def _shuffled_groups(
    units: Sequence[Unit], rng: np.random.Generator
) -> dict[Hashable, list[Unit]]:
    groups: dict[Hashable, list] = {}
    for position in rng.permutation(len(units)):
        unit = units[position]
        groups.setdefault(unit[1], []).append(unit)
    return groups


def interleave(units: Sequence[Unit], rng: np.random.Generator) -> list[Unit]:
    """Shuffle so that any first n have the groups' shares.

    Member r of a group of m comes at (r + 1/2) / m, which is Sainte-Lague's
    rule.
    """
    ranked = [
        ((rank + 0.5) / len(members), group, member)
        for group, members in _shuffled_groups(units, rng).items()
        for rank, member in enumerate(members)
    ]
    return [member for _, _, member in sorted(ranked)]


def proportional(
    units: Sequence[Unit], number: int, rng: np.random.Generator
) -> list[Unit]:
    """Draw some units, of each group in proportion to its size.

    A group's number is its share rounded down or up, the largest remainders
    up, ties at random.
    """
    groups = _shuffled_groups(units, rng)
    # Whole numbers: a share of exactly 2 must not become 1.9999.
    counts, remainders = {}, []
    for group, members in groups.items():
        counts[group], rest = divmod(number * len(members), len(units))
        remainders.append((-rest, rng.random(), group))
    short = number - sum(counts.values())
    for _, _, group in sorted(remainders, key=lambda r: r[:2])[:short]:
        counts[group] += 1
    return [
        unit
        for group, members in groups.items()
        for unit in members[: counts[group]]
    ]


def deal(
    units: Sequence[Unit], number: int, rng: np.random.Generator
) -> list[list[Unit]]:
    """Deal all units out into parts, like cards.

    Parts differ by at most 1 in size, in all and in each group: every group
    continues where the one before it stopped.
    """
    parts: list[list[Unit]] = [[] for _ in range(number)]
    position = 0
    for members in _shuffled_groups(units, rng).values():
        for member in members:
            parts[position % number].append(member)
            position += 1
    return parts


#: Name -> function of the population, the :class:`.SplitOptions`, a seed and
#: a suffix for file names, which yields partitions.
SCHEMES: dict[str, Callable[..., Iterator[Partition]]] = {
    'subject': by_subject,
    'stratified': partial(by_subject, by_site=True),
    'image': by_image,
    'kfold': kfold,
    'leave-one-site-out': leave_one_site_out,
    'budgets': budgets,
}
