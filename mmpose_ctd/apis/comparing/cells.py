"""The single results that a plan asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .plan import Plan, Search, Study, Variant

__all__ = ['SEARCH', 'Cell', 'final_cells', 'trial_cells']

#: What the search is called where a study's name is expected.
SEARCH = 'search'


@dataclass(frozen=True)
class Cell:
    """One number of the comparison: a run, tested.

    Attributes:
        study (str): Name of the study, ``'search'`` for a trial.
        system (str): Name of the system.
        variant (Variant): What the study changes.
        budget (int): Number of labels.
        seed (int): Seed.
        held_out (str): Site that is held out; ``''`` for none.
        role (str): ``'final'`` or ``'trial'``.
        options (dict): Overrides of the config: the plan's, the study's, the
            system's, those chosen by the search, the variant's; later ones
            win.
        steps (int): Training steps.
        environment (dict): Environment variables: the plan's, the study's,
            the system's, the variant's; later ones win.
    """

    study: str
    system: str
    variant: Variant
    budget: int
    seed: int
    held_out: str
    role: str
    options: Mapping = field(default_factory=dict)
    steps: int = 0
    environment: Mapping = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """The same for cells of the same content."""
        return repr(self)


def trial_cells(plan: Plan, system: str) -> list[tuple[dict, list[Cell]]]:
    """A system's trials: settings to try, and their runs, one a seed."""
    search = plan.search
    if search is None:
        return []
    return [
        (
            settings,
            [_trial(plan, search, system, settings, s) for s in search.seeds],
        )
        for settings in search.trials.get(system, ())
    ]


def _name(settings: Mapping) -> str:
    """Settings by the ends of their keys, as long as tells them apart."""
    keys = [key.split('.') for key in settings]
    length = 1
    while len({tuple(key[-length:]) for key in keys}) < len(keys):
        length += 1
    return ', '.join(
        f'{".".join(key[-length:])}={value}'
        for key, value in zip(keys, settings.values())
    )


def _trial(
    plan: Plan, search: Search, system: str, settings: dict, seed: int
) -> Cell:
    return Cell(
        study=SEARCH,
        system=system,
        variant=Variant(_name(settings), settings),
        budget=search.budget,
        seed=seed,
        held_out='',
        role='trial',
        options=_layers(plan.options, plan.systems[system].options, settings),
        steps=search.steps or plan.steps,
        environment={
            **plan.environment,
            **plan.systems[system].environment,
        },
    )


def final_cells(
    plan: Plan, study: Study, chosen: Mapping[str, dict]
) -> Iterator[Cell]:
    """A study's runs, in the order in which they are worth most.

    A seed is finished for all systems before the next begins, so that an
    unfinished study still compares like with like.

    Args:
        plan (Plan): The plan.
        study (Study): One of its studies.
        chosen (dict[str, dict]): System -> what the search chose; systems
            that are missing here are left out, as they have to wait for it.
    """
    seeds = dict.fromkeys(
        s for name in study.systems for s in study.seeds[name]
    )
    budgets = dict.fromkeys(
        b for name in study.systems for b in study.budgets[name]
    )
    for seed in seeds:
        for budget in budgets:
            for variant in study.variants:
                for site in study.held_out:
                    for name in study.systems:
                        if (
                            name not in chosen
                            or seed not in study.seeds[name]
                            or budget not in study.budgets[name]
                        ):
                            continue
                        system = plan.systems[name]
                        if system.command and variant.name:
                            # It has no config that could be varied.
                            continue
                        yield Cell(
                            study=study.name,
                            system=name,
                            variant=variant,
                            budget=budget,
                            seed=seed,
                            held_out=site,
                            role='final',
                            options=_layers(
                                plan.options,
                                study.options,
                                system.options,
                                chosen[name],
                                variant.options,
                            ),
                            steps=variant.steps or study.steps or plan.steps,
                            environment={
                                **plan.environment,
                                **study.environment,
                                **system.environment,
                                **variant.environment,
                            },
                        )


def _layers(*layers: Mapping) -> dict:
    """Overrides in their order: of ``a`` and ``a.b`` the later one wins."""
    found: dict = {}
    for layer in layers:
        for key, value in layer.items():
            found.pop(key, None)
            found[key] = value
    return found
