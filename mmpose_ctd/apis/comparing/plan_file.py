"""Reads the YAML file of a plan, and says what is wrong with it."""

import shlex
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

from mmpose_ctd.errors import InputError

from .cells import SEARCH
from .plan import (
    COMMAND_PLACES,
    Plan,
    Search,
    Study,
    System,
    Variant,
)
from .plan_checks import PlanChecks
from .plan_yaml import read_yaml

__all__ = ['read_plan']

_PLAN = {
    'title': str,
    'baseline': str,
    'work_dir': str,
    'table': str,
    'train_split': str,
    'pool': str,
    'test_split': str,
    'steps': int,
    'checkpoint_every': int,
    'threads': int,
    'keep_weights': bool,
    'threshold': (int, float),
    'systems': Mapping,
    'studies': Mapping,
    'options': Mapping,
    'environment': Mapping,
    'search': Mapping,
}
_REQUIRED = (
    'baseline',
    'train_split',
    'test_split',
    'steps',
    'systems',
    'studies',
)
_SYSTEM = {
    'config': str,
    'command': str,
    'options': Mapping,
    'environment': Mapping,
}
_STUDY = {
    'systems': Sequence,
    'budgets': (Sequence, Mapping),
    'seeds': (Sequence, Mapping),
    'vary': Mapping,
    'variants': Mapping,
    'plain': bool,
    'held_out': Sequence,
    'options': Mapping,
    'steps': int,
    'environment': Mapping,
}
_VARIANT = {
    'options': Mapping,
    'steps': int,
    'config': str,
    'environment': Mapping,
}
_SEARCH = {
    'budget': int,
    'seeds': Sequence,
    'pool': str,
    'subjects': int,
    'steps': int,
    'common': Mapping,
    'systems': Mapping,
}


def read_plan(path: str | Path) -> Plan:
    """Read a plan.

    Args:
        path (str or Path): A YAML file; see docs/compare.md.

    Returns:
        Plan: Checked: every system that a study names exists, and so does
        its config.

    Raises:
        MissingFileError: If there is no such file, or no such config.
        InputError: Names the key, what was found and what was expected.
    """
    path = Path(path)
    return _Reader(str(path)).plan(read_yaml(path))


class _Reader(PlanChecks):
    """Turns what YAML gave into a plan."""

    def plan(self, content) -> Plan:
        top = self._checked('', content, _PLAN, _REQUIRED)
        systems = {
            str(name): self._system(str(name), given)
            for name, given in top['systems'].items()
        }
        baseline = top['baseline']
        self._known(baseline, systems, 'baseline')
        if SEARCH in top['studies']:
            self._wrong('studies', SEARCH, 'another name, the search has it')
        studies = {
            str(name): self._study(str(name), given, systems)
            for name, given in top['studies'].items()
        }
        stem = Path(self.path).stem
        work_dir = Path(top.get('work_dir', f'work_dirs/compare/{stem}'))
        plan = Plan(
            path=Path(self.path),
            title=top.get('title', stem),
            baseline=baseline,
            work_dir=work_dir,
            table=Path(top.get('table', work_dir / 'results.sqlite')),
            train_split=top['train_split'],
            pool=top.get('pool', ''),
            test_split=top['test_split'],
            steps=self._positive('steps', top['steps']),
            checkpoint_every=self._positive(
                'checkpoint_every', top.get('checkpoint_every', 100)
            ),
            threads=self._positive('threads', top.get('threads', 1)),
            keep_weights=top.get('keep_weights', False),
            threshold=float(top.get('threshold', 5.0)),
            systems=systems,
            studies=studies,
            options=top.get('options', {}),
            environment=self._environment(top),
            search=self._search(top.get('search'), systems),
        )
        if not 0 < plan.threshold < float('inf'):
            self._wrong('threshold', plan.threshold, 'a number above 0')
        self._check_places(plan)
        return plan

    def _system(self, name: str, given) -> System:
        key = f'systems.{name}'
        if isinstance(given, str):
            given = {'config': given}
        given = self._checked(key, given, _SYSTEM)
        if ('config' in given) == ('command' in given):
            self._wrong(key, sorted(given), 'either a config or a command')
        if 'command' in given and given.get('options'):
            self._wrong(f'{key}.options', given['options'], 'none: a command '
                        'takes its settings itself')  # fmt: skip
        self._config(f'{key}.config', given.get('config'))
        self._command(f'{key}.command', given.get('command', 'none'))
        return System(
            name, **{**given, 'environment': self._environment(given)}
        )

    def _command(self, key: str, command: str) -> None:
        try:
            words = shlex.split(command)
        except ValueError:
            words = []
        if not words:
            self._wrong(key, command, 'words as a shell reads them')
        try:
            command.format(**dict.fromkeys(COMMAND_PLACES, 0))
        except (KeyError, IndexError, ValueError):
            places = ', '.join(f'{{{name}}}' for name in COMMAND_PLACES)
            self._wrong(
                key,
                command,
                f'places of {places}; braces of its own are written twice',
            )

    def _study(self, name: str, given, systems: Mapping) -> Study:
        key = f'studies.{name}'
        given = self._checked(key, given, _STUDY, ('budgets', 'seeds'))
        names = tuple(given.get('systems', systems))
        for system in names:
            self._known(system, systems, f'{key}.systems')
        self._different(f'{key}.systems', names)
        sites = given.get('held_out', ('',))
        self._different(f'{key}.held_out', sites)
        return Study(
            name=name,
            systems=names,
            budgets=self._per_system(f'{key}.budgets', given, names, 1),
            seeds=self._per_system(f'{key}.seeds', given, names, 0),
            variants=self._variants(key, given),
            held_out=tuple(str(site) for site in sites),
            options=given.get('options', {}),
            steps=self._positive(f'{key}.steps', given.get('steps')),
            environment=self._environment(given),
        )

    def _per_system(
        self, key: str, given: dict, names: Sequence, least: int
    ) -> dict[str, tuple[int, ...]]:
        """Whole numbers, the same for all systems or ``{FT: [...], default:
        [...]}``."""
        values = given[key.rsplit('.', 1)[1]]
        if not isinstance(values, Mapping):
            values = {'default': values}
        for name in values:
            if name != 'default':
                self._known(name, names, key)
        found = {}
        for name in names:
            own = values.get(name, values.get('default'))
            self._numbers(f'{key} ({name})', own, least)
            found[name] = tuple(own)
        return found

    def _variants(self, key: str, given: dict) -> tuple[Variant, ...]:
        found = [Variant()] if given.get('plain', True) else []
        for option, values in given.get('vary', {}).items():
            if not isinstance(values, (list, tuple)) or not values:
                self._wrong(f'{key}.vary.{option}', values, 'a list of values')
            for value in values:
                name = f'{option.rsplit(".", 1)[-1]}={_short(value)}'
                if option == 'steps':
                    self._positive(f'{key}.vary.steps', value)
                    found.append(Variant(name, steps=value))
                else:
                    found.append(Variant(name, options={option: value}))
        for name, one in given.get('variants', {}).items():
            where = f'{key}.variants.{name}'
            one = self._checked(where, one, _VARIANT)
            self._config(f'{where}.config', one.get('config'))
            found.append(
                Variant(
                    str(name),
                    options=one.get('options', {}),
                    steps=self._positive(f'{where}.steps', one.get('steps')),
                    config=one.get('config', ''),
                    environment=self._environment(one),
                )
            )
        names = [variant.name for variant in found]
        if len({*names}) < len(names) or not names:
            self._wrong(key, names, 'variants of different names')
        return tuple(found)

    def _search(self, given, systems: Mapping) -> Search | None:
        if given is None:
            return None
        needed = ('budget', 'seeds', 'pool', 'subjects')
        given = self._checked('search', given, _SEARCH, needed)
        self._numbers('search.seeds', given['seeds'], 0)
        common, own = given.get('common', {}), given.get('systems', {})
        for name, one in own.items():
            self._known(
                name,
                [n for n in systems if systems[n].config],
                'search.systems',
            )
            if not isinstance(one, (Mapping, list, tuple, type(None))):
                self._wrong(
                    f'search.systems.{name}',
                    one,
                    'options and values to try, {option: [1, 2]}, or a list '
                    'of settings',
                )
        grids = {
            name: self._grid(name, common, own.get(name) or {})
            for name, system in systems.items()
            if system.config
        }
        return Search(
            budget=self._positive('search.budget', given['budget']),
            seeds=tuple(given['seeds']),
            pool=given['pool'],
            subjects=self._positive('search.subjects', given['subjects']),
            trials=grids,
            steps=self._positive('search.steps', given.get('steps')),
        )

    def _grid(
        self, name: str, common: Mapping, own: Mapping | Sequence
    ) -> tuple[dict, ...]:
        """A system's trials: a list of settings, or all of a grid."""
        key = f'search.systems.{name}'
        if isinstance(own, (list, tuple)):
            for settings in own:
                if not isinstance(settings, Mapping) or not settings:
                    self._wrong(key, settings, 'settings, {KEY: VALUE}')
            return tuple(dict(settings) for settings in own)
        grid = {**common, **own}
        for option, values in grid.items():
            if not isinstance(values, (list, tuple)) or not values:
                self._wrong(f'{key}.{option}', values, 'values to try, a list')
        if not grid:
            return ()
        return tuple(
            dict(zip(grid, values)) for values in product(*grid.values())
        )

    def _environment(self, given: Mapping) -> dict[str, str]:
        found = given.get('environment', {})
        return {str(name): str(value) for name, value in found.items()}

    def _check_places(self, plan: Plan) -> None:
        for key in ('train_split', 'pool', 'test_split'):
            text = getattr(plan, key)
            try:
                text.format(budget=1, seed=0)
            except (KeyError, IndexError, ValueError) as error:
                raise InputError(
                    f'{self.path}: {key}={text!r}: {error!r}; expected a file '
                    'name with the places {budget} and {seed}, such as '
                    'splits/train_n{budget:03d}_seed{seed}.txt.'
                ) from error
        sites = {s for study in plan.studies.values() for s in study.held_out}
        if sites != {''} and not plan.pool:
            raise InputError(
                f'{self.path}: a study holds sites out, but pool is not '
                'set: the split of all subjects who may train.'
            )


def _short(value) -> str:
    return f'{value:g}' if isinstance(value, float) else str(value)
