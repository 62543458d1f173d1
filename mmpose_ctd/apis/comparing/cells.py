"""The single results that a plan asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from mmpose_ctd.errors import InputError

from .plan import SEARCH, Plan


@dataclass(frozen=True)
class PlanCell:
    """One result of the comparison.

    ``study`` is ``'search'`` and ``role`` ``'trial'`` (else ``'final'``) for
    a trial; ``variant`` and ``held_out`` are ``''`` for none; ``budget`` is a
    number of labels; ``config`` is ``''`` with a command. Of ``options``,
    overrides of the config, later ones win.
    """

    study: str
    system: str
    variant: str = ''
    budget: int = 1
    seed: int = 0
    held_out: str = ''
    role: str = 'final'
    config: str = ''
    options: Mapping = field(default_factory=dict)
    steps: int = 0

    @property
    def name(self) -> str:
        """What people call it."""
        parts = (
            *(self.study, self.system, self.variant, f'n={self.budget}'),
            *(f'seed {self.seed}', self.held_out and 'without'),
            self.held_out,
        )
        return ' '.join(filter(None, parts))


@dataclass(frozen=True)
class Wanted:
    """Which of a plan's runs are wanted; None means all.

    ``'search'`` counts as a study.
    """

    studies: list[str] | None = None
    systems: list[str] | None = None
    budgets: list[int] | None = None
    seeds: list[int] | None = None

    def __contains__(self, cell: PlanCell) -> bool:
        """Whether this one is; a trial whatever its seed and budget."""
        pairs = [(self.studies, cell.study), (self.systems, cell.system)]
        if cell.role != 'trial':
            pairs += [(self.budgets, cell.budget), (self.seeds, cell.seed)]
        return all(names is None or own in names for names, own in pairs)

    def check(self, plan: Plan) -> None:
        """Refuse what the plan does not have.

        Raises:
            InputError: Names the first.
        """
        studies = plan.studies.values()
        trials = [] if plan.search is None else [SEARCH]
        known = dict(studies=[*plan.studies, *trials], systems=[*plan.systems])
        for key in ('budgets', 'seeds'):
            lists = [n for s in studies for n in getattr(s, key).values()]
            known[key] = sorted({number for one in lists for number in one})
        for key, names in known.items():
            for one in getattr(self, key) or ():
                if one not in names:
                    raise InputError(
                        where=f'--{key}',
                        found=repr(one),
                        expected=f'one of {", ".join(map(str, names))}',
                    )


def trial_cells(plan: Plan, system: str) -> list[tuple[dict, list[PlanCell]]]:
    """A system's trials: settings to try, and their runs, one a seed."""
    search, own = plan.search, plan.systems[system]
    if search is None or not own.config:
        return []
    return [
        (
            settings,
            [
                PlanCell(
                    study=SEARCH,
                    system=system,
                    variant=_name(settings),
                    budget=search.budget,
                    seed=seed,
                    role='trial',
                    config=own.config,
                    options=_layers(plan.options, own.options, settings),
                    steps=search.steps or plan.steps,
                )
                for seed in search.seeds
            ],
        )
        for settings in search.trials(system)
    ]


def _name(settings: Mapping) -> str:
    """Settings by the ends of their keys, as short as they differ."""
    keys = [key.split('.') for key in settings]
    length = 1
    while len({tuple(key[-length:]) for key in keys}) < len(keys):
        length += 1
    return ', '.join(
        f'{".".join(key[-length:])}={value}'
        for key, value in zip(keys, settings.values())
    )


def final_cells(
    plan: Plan, name: str, chosen: Mapping[str, dict]
) -> Iterator[PlanCell]:
    """A study's runs, in the order in which they are worth most.

    A seed is finished for all systems before the next begins. An unfinished
    study then still compares the systems under equal conditions. ``chosen``
    has what the search chose; systems that are missing there are as without
    it.
    """
    study = plan.studies[name]
    systems = plan.systems_of(study)
    seeds, budgets = (
        {s: given.get(s, given.get('default', [])) for s in systems}
        for given in (study.seeds, study.budgets)
    )
    for seed, budget, (variant, change), site, system in product(
        dict.fromkeys(n for numbers in seeds.values() for n in numbers),
        dict.fromkeys(n for numbers in budgets.values() for n in numbers),
        study.all_variants,
        study.held_out,
        systems,
    ):
        own = plan.systems[system]
        if (
            seed not in seeds[system]
            or budget not in budgets[system]
            # It has no config that could be varied.
            or (own.command and variant)
        ):
            continue
        yield PlanCell(
            study=name,
            system=system,
            variant=variant,
            budget=budget,
            seed=seed,
            held_out=site,
            config=own.config and (change.config or own.config),
            options=_layers(
                plan.options,
                study.options,
                own.options,
                chosen.get(system, {}),
                change.options,
            ),
            steps=change.steps or study.steps or plan.steps,
        )


def _layers(*layers: Mapping) -> dict:
    """Overrides in their order: of ``a`` and ``a.b`` the later one wins."""
    found: dict = {}
    for layer in layers:
        for key, value in layer.items():
            found.pop(key, None)
            found[key] = value
    return found
