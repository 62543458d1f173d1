"""The ways to split a data set."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.errors import InputError

from ..split_selection import image_line
from .drawing import deal, interleave, proportional
from .population import Population, site_of

__all__ = ['CALIBRATING', 'SCHEMES', 'SplitOptions', 'draw_splits']

# Name of a file -> its lines. Nobody should be in two files of a partition.
Partition = dict[str, list[str]]

#: People whom mmpose_ctd calibrate needs, who neither train nor test.
CALIBRATING = 10
_VAL = 0.1

# Label budgets, as far as there are subjects.
_BUDGETS = (10, 20, 40, 80, 160)

# The streams of random numbers that hang on a seed: the test subjects of a
# seed are the same for all label budgets.
_HELD_OUT, _TRAIN, _FOLDS = 0, 1, 2


@dataclass(frozen=True)
class SplitOptions:
    """What a user may choose.

    Attributes:
        seeds (Sequence[int]): One drawing each. Defaults to 0 alone.
        test (float): Share of all subjects (images, by image) that test.
            Defaults to the paper's fifth.
        val (float, optional): Share of all that chooses the checkpoint and
            calibrates; 0 for none. Defaults to ``None``: 0.1, but
            :data:`CALIBRATING` subjects where as many are left to train.
        folds (int): Of ``kfold``. Defaults to 5.
        budgets (Sequence[int], optional): Training subjects of ``budgets``.
            Defaults to ``None``: 10, 20, 40 ... as far as there are
            subjects, and all of them.
        fixed (Partition, optional): Lines of a ``test`` (and ``val``) split
            that is there already and that ``budgets`` keeps. Defaults to
            ``None``.
    """

    seeds: Sequence[int] = (0,)
    test: float = 0.2
    val: float | None = None
    folds: int = 5
    budgets: Sequence[int] | None = None
    fixed: Partition | None = None

    def __post_init__(self) -> None:
        for key, low in (('test', 0), ('val', -1)):
            share = getattr(self, key)
            if share is None:
                continue
            if not (low < share and 0 <= share < 1):
                raise InputError(
                    f'--{key} {share:g}: expected a share of the subjects, '
                    + ('above 0' if low == 0 else 'from 0')
                    + ' and below 1, such as 0.2.'
                )
        if self.test + (self.val or 0) >= 1:
            raise InputError(
                f'--test {self.test:g} and --val {self.val:g} leave nothing '
                'to train on.'
            )
        for seed in self.seeds:
            if seed < 0:
                raise InputError(f'--seed {seed}: expected 0 or more.')


def draw_splits(
    scheme: str, population: Population, options: SplitOptions
) -> list[Partition]:
    """Split a data set; the same seed draws the same.

    Args:
        scheme (str): One of :data:`SCHEMES`.
        population (Population): The data set.
        options (SplitOptions): Numbers and seeds.

    Returns:
        list[Partition]: Names of files with their lines. Several partitions
        may have a file in common.

    Raises:
        InputError: If there are too few subjects or images for it.
    """
    if scheme not in SCHEMES:
        raise InputError(
            f'--scheme {scheme}: expected one of {", ".join(SCHEMES)}.'
        )
    partitions = []
    for seed in options.seeds:
        suffix = f'_seed{seed}' if len(options.seeds) > 1 else ''
        partitions.extend(SCHEMES[scheme](population, options, seed, suffix))
    return partitions


def _number(share: float, total: int) -> int:
    """A share in whole units; one at least, unless none is asked for."""
    return max(1, round(share * total)) if share else 0


def _val_number(options: SplitOptions, total: int, free: int) -> int:
    """How many subjects validate.

    Args:
        options (SplitOptions): With the share.
        total (int): All subjects.
        free (int): Those who do not test.
    """
    if options.val is not None:
        return _number(options.val, total)
    number = _number(_VAL, total)
    # A training of fewer than it takes to calibrate is of little use.
    return CALIBRATING if number < CALIBRATING <= free // 2 else number


def _too_few(population: Population, found: str, needed: str) -> InputError:
    return InputError(f'{population.path}: {found}; expected {needed}.')


def _three_ways(
    population: Population,
    units: Sequence,
    options: SplitOptions,
    seed: int,
    kind: str = 'subjects',
) -> tuple[list[str], list[str], list]:
    """Names that test and that validate, and the units that train."""
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


def by_subject(population, options, seed, suffix) -> Iterator[Partition]:
    """Subjects are drawn at random, each with all of its images."""
    units = population.units(by_site=False)
    test, val, train = _three_ways(population, units, options, seed)
    yield _partition(_order(train, seed), val, test, suffix)


def stratified(population, options, seed, suffix) -> Iterator[Partition]:
    """By subject, each site with its share on every side."""
    units = population.units(by_site=True)
    test, val, train = _three_ways(population, units, options, seed)
    yield _partition(_order(train, seed), val, test, suffix)


def by_image(population, options, seed, suffix) -> Iterator[Partition]:
    """The paper's: images are drawn at random, whoever they show."""
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
            f'{len(rest)} subjects are left beside the test, {size} of them '
            'to validate leave none to train',
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
    seen_at = {subject: population.sites_of(subject) for subject, _ in units}
    for site, slug in zip(sites, _slugs(sites)):
        there = [s for s, _ in units if site in seen_at[s]]
        test = []
        for subject in there:
            # Of somebody who was elsewhere, too, only the images from here.
            alone = seen_at[subject] == {site}
            images = population.by_subject[subject]
            test += (
                [subject]
                if alone
                else sorted(
                    image_line(i['file_name'])
                    for i in images
                    if site_of(i) == site
                )
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


def budgets(population, options, seed, suffix) -> Iterator[Partition]:
    """Training sets of 10, 20, 40 ... subjects, a smaller one in a larger."""
    units = population.units(by_site=True)
    if options.fixed:
        held = dict(options.fixed)
        taken = {s for p in held.values() for s in population.subjects_in(p)}
        train = [unit for unit in units if unit[0] not in taken]
    else:
        # One test for all seeds: their differences are the training's.
        test, val, train = _three_ways(
            population, units, options, options.seeds[0]
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


SCHEMES: dict[str, Callable[..., Iterator[Partition]]] = {
    'subject': by_subject,
    'stratified': stratified,
    'image': by_image,
    'kfold': kfold,
    'leave-one-site-out': leave_one_site_out,
    'budgets': budgets,
}
