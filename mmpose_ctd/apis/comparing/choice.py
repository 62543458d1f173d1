"""A part of a plan's runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmpose_ctd.errors import InputError

from .cells import SEARCH
from .plan import Plan

if TYPE_CHECKING:
    from .jobs import Test

__all__ = ['Choice']


@dataclass(frozen=True)
class Choice:
    """Which of a plan's runs are wanted; None means all.

    Attributes:
        studies (tuple[str, ...], optional): Names of studies, ``'search'``
            among them; trials that the others wait for come with them.
        systems (tuple[str, ...], optional): Names of systems.
        budgets (tuple[int, ...], optional): Numbers of labels.
        seeds (tuple[int, ...], optional): Seeds.
    """

    studies: tuple[str, ...] | None = None
    systems: tuple[str, ...] | None = None
    budgets: tuple[int, ...] | None = None
    seeds: tuple[int, ...] | None = None

    def wants(self, test: Test) -> bool:
        """Whether this one is; a trial whatever its seed and budget."""
        cell = test.cell
        pairs = [(self.studies, cell.study), (self.systems, cell.system)]
        if cell.role != 'trial':
            pairs += [(self.budgets, cell.budget), (self.seeds, cell.seed)]
        return all(wanted is None or own in wanted for wanted, own in pairs)

    def check(self, plan: Plan) -> None:
        """Refuse what the plan does not have.

        Raises:
            InputError: Names the first.
        """
        trials = [] if plan.search is None else [SEARCH]
        studies = plan.studies.values()
        known = {
            'study': (self.studies, [*plan.studies, *trials]),
            'system': (self.systems, plan.systems),
            'budget': (self.budgets, _all(s.budgets for s in studies)),
            'seed': (self.seeds, _all(s.seeds for s in studies)),
        }
        for kind, (wanted, given) in known.items():
            for one in wanted or ():
                if one not in given:
                    raise InputError(
                        f'{plan.path} has no {kind} {one!r}; expected one of '
                        f'{", ".join(map(str, given))}.'
                    )


def _all(of_studies: Iterable[Mapping[str, Iterable[int]]]) -> list[int]:
    """Every number that a study has for a system, in order."""
    return sorted(
        {n for systems in of_studies for numbers in systems.values()
         for n in numbers}
    )  # fmt: skip
