"""What is to be compared: the plan that a user writes, a YAML file."""

import difflib
import os
import re
import shlex
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from mmpose_ctd.errors import InputError, MissingFileError, one_line

#: What a command may have in braces; see docs/compare.md.
COMMAND_PLACES = (
    *('data_root', 'ann_file', 'train', 'test', 'out', 'seed', 'budget'),
)
#: What the search is called where a study's name is expected.
SEARCH = 'search'


def _names(given: Any) -> Any:
    """Keys of a mapping or items of a list as texts: YAML may read numbers."""
    if isinstance(given, Mapping):
        return {str(name): value for name, value in given.items()}
    if isinstance(given, (list, tuple)):
        nested = (Mapping, list)
        return [n if isinstance(n, nested) else str(n) for n in given]
    return given


def _different(given: list) -> list:
    if not given or len({*given}) < len(given):
        raise InputError(
            found=repr(given), expected='different values, at least one'
        )
    return given


def _by_system(given: Any) -> Any:
    return given if isinstance(given, Mapping) else {'default': given}


def _config(path: str) -> str:
    if path and not os.path.isfile(path):
        raise InputError(
            found=f'the config {path!r} does not exist',
            expected='a file; paths are relative to the current folder',
        )
    return path


def _split(text: str) -> str:
    try:
        text.format(budget=1, seed=0)
    except (KeyError, IndexError, ValueError) as error:
        raise InputError(
            found=f'{text!r} ({error!r})',
            expected='a file name with the places {budget} and {seed}, such '
            'as splits/train_n{budget:03d}_seed{seed}.txt',
        ) from error
    return text


def _command(text: str) -> str:
    places = ', '.join(f'{{{name}}}' for name in COMMAND_PLACES)
    try:
        words = shlex.split(text)
        text.format(**dict.fromkeys(COMMAND_PLACES, 0))
    except (KeyError, IndexError, ValueError):
        words = []
    if text and not words:
        raise InputError(
            found=repr(text),
            expected=f'words as a shell reads them, with places of {places}; '
            'other braces are doubled',
        )
    return text


def _grid(given: Any) -> Any:
    """Options with a list of values each."""
    for option, values in given.items() if isinstance(given, Mapping) else ():
        if not isinstance(values, (list, tuple)) or not values:
            raise InputError(
                where=str(option), found=repr(values), expected='a list'
            )
        if option == 'steps' and any(
            type(steps) is not int or steps < 1 for steps in values
        ):
            raise InputError(
                where='steps',
                found=repr(values),
                expected='whole numbers from 1 on',
            )
    return given


def _settings(given: Any) -> Any:
    """What a system of the search tries: a grid or a list of settings."""
    if given is None or isinstance(given, Mapping):
        return _grid(given or {})
    listed = given if isinstance(given, list) else [given]
    for settings in listed:
        if not isinstance(settings, Mapping) or not settings:
            raise InputError(
                found=repr(settings),
                expected='options with values to try, {KEY: [1, 2]}, or a '
                'list of settings, [{KEY: 1}, {KEY: 2}]',
            )
    return listed


_Positive = Annotated[int, Field(ge=1)]
_Options = dict[str, Any]
_Path = Annotated[str, AfterValidator(_config)]
_Split = Annotated[str, AfterValidator(_split)]
_Names = Annotated[
    list[str], BeforeValidator(_names), AfterValidator(_different)
]
_Numbers = Annotated[list[_Positive], AfterValidator(_different)]
_Seeds = Annotated[list[Annotated[int, Field(ge=0)]],
                   AfterValidator(_different)]  # fmt: skip
_Grid = Annotated[dict[str, list], BeforeValidator(_grid)]


class _Part(BaseModel):
    """A part of a plan; it has no other keys than these."""

    model_config = ConfigDict(extra='forbid', strict=True, frozen=True)

    @model_validator(mode='before')
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        known = list(cls.model_fields)
        if not isinstance(given, Mapping):
            raise InputError(
                found=repr(given), expected=f'keys such as {", ".join(known)}'
            )
        for name, value in given.items():
            if name not in known:
                raise InputError(
                    where=str(name),
                    found=repr(value),
                    expected=f'one of the keys {", ".join(known)}',
                    cure=_cure(str(name), known),
                )
        return given


def _cure(name: str, known: list[str]) -> str:
    """What a wrong name probably means."""
    near = difflib.get_close_matches(name, known, 1)
    return f'Is {near[0]!r} meant?' if near else ''


class PlannedSystem(_Part):
    """A Runner's config file, or a command."""

    config: _Path = ''
    #: A program that trains and predicts, with places of COMMAND_PLACES.
    command: Annotated[str, AfterValidator(_command)] = ''
    options: _Options = {}

    @model_validator(mode='before')
    @classmethod
    def _only_a_config(cls, given: Any) -> Any:
        return {'config': given} if isinstance(given, str) else given

    @model_validator(mode='after')
    def _config_or_command(self) -> 'PlannedSystem':
        if bool(self.config) == bool(self.command):
            raise InputError(
                found=f'config={self.config!r}, command={self.command!r}',
                expected='either a config or a command',
            )
        if self.command and self.options:
            raise InputError(
                where='options',
                found=repr(self.options),
                expected='none: a command takes its settings itself',
            )
        return self


class Variant(_Part):
    """What a study changes in each of its systems."""

    options: _Options = {}
    steps: _Positive | None = None
    config: _Path = ''


class Study(_Part):
    """A part of the plan: systems x budgets x seeds x variants (x sites)."""

    #: None for all.
    systems: _Names | None = None
    #: System, or 'default', -> numbers of labels.
    budgets: Annotated[dict[str, _Numbers], BeforeValidator(_by_system)]
    seeds: Annotated[dict[str, _Seeds], BeforeValidator(_by_system)]
    #: Option, or 'steps', -> values, each a variant.
    vary: _Grid = {}
    variants: Annotated[dict[str, Variant], BeforeValidator(_names)] = {}
    #: Whether the systems are run unchanged, too.
    plain: bool = True
    #: '' is the common test set.
    held_out: _Names = ['']
    options: _Options = {}
    steps: _Positive | None = None

    @model_validator(mode='after')
    def _variants_of_different_names(self) -> 'Study':
        _different([name for name, _ in self.all_variants])
        return self

    @property
    def all_variants(self) -> list[tuple[str, Variant]]:
        """Names and changes; ``''`` changes nothing."""
        found = [('', Variant())] if self.plain else []
        for option, values in self.vary.items():
            for value in values:
                text = f'{value:g}' if isinstance(value, float) else value
                change = (
                    Variant(steps=value)
                    if option == 'steps'
                    else Variant(options={option: value})
                )
                found.append((f'{option.rsplit(".", 1)[-1]}={text}', change))
        return found + list(self.variants.items())


class Search(_Part):
    """How each system's settings are chosen, on validation subjects."""

    budget: _Positive
    #: A trial is judged by its mean error over them.
    seeds: _Seeds
    #: Split whose subjects may validate, and how many do.
    pool: str
    subjects: _Positive
    steps: _Positive | None = None
    #: Option -> values, for all systems with a config.
    common: _Grid = {}
    #: System -> a grid like common, or a list of settings.
    systems: dict[
        str, Annotated[dict[str, list] | list, BeforeValidator(_settings)]
    ] = {}

    def trials(self, system: str) -> list[dict]:
        """A system's settings to try, each dotted key -> value."""
        own = self.systems.get(system, {})
        if isinstance(own, list):
            return own
        grid = {**self.common, **own}
        if not grid:
            return []
        return [dict(zip(grid, values)) for values in product(*grid.values())]


class Plan(_Part):
    """A comparison as its file describes it; see docs/compare.md."""

    title: str
    baseline: str
    work_dir: str
    #: Splits have the places {budget} and {seed}.
    train_split: _Split
    #: All who may train; where sites are held out, those of others do.
    pool: _Split = ''
    test_split: _Split
    steps: _Positive
    checkpoint_every: _Positive = 100
    #: CPU threads of a run.
    threads: _Positive = 1
    keep_weights: bool = False
    #: tau of AUC and FR, pixels of the image.
    threshold: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5.0
    systems: Annotated[dict[str, PlannedSystem], BeforeValidator(_names)]
    studies: Annotated[dict[str, Study], BeforeValidator(_names)]
    options: _Options = {}
    #: None to take all configs as they are.
    search: Search | None = None

    @model_validator(mode='after')
    def _names_exist(self) -> 'Plan':
        known = list(self.systems)
        _one_of(known, [self.baseline], 'baseline')
        where = found = expected = ''
        if not self.systems[self.baseline].config:
            where, found = 'baseline', self.baseline
            expected = 'a system with a config: it says where the data are'
        elif SEARCH in self.studies:
            where, found = 'studies', SEARCH
            expected = 'another name: it means the search'
        if where:
            raise InputError(where=where, found=repr(found), expected=expected)
        for name, study in self.studies.items():
            self._check_study(f'studies.{name}', study)
        if self.search is not None:
            trained = [s for s in known if self.systems[s].config]
            _one_of(trained, self.search.systems, 'search.systems')
        return self

    def _check_study(self, where: str, study: Study) -> None:
        own = self.systems_of(study)
        _one_of([*self.systems], own, f'{where}.systems')
        for key in ('budgets', 'seeds'):
            given = getattr(study, key)
            _one_of([*own, 'default'], given, f'{where}.{key}')
            left = [s for s in own if not {s, 'default'} & {*given}]
            if left:
                raise InputError(
                    where=f'{where}.{key}',
                    found=f'nothing for {left[0]!r}',
                    expected='a list for each system, or default',
                )
        if study.held_out != [''] and not self.pool:
            raise InputError(
                where='pool',
                found='not set',
                expected='the split of all subjects who may train, as '
                f'{where} holds sites out',
            )

    def systems_of(self, study: Study) -> list[str]:
        """Names of a study's systems."""
        return list(self.systems) if study.systems is None else study.systems


def _one_of(known: list[str], names: Iterable[str], where: str) -> None:
    for name in names:
        if name not in known:
            raise InputError(
                where=where,
                found=repr(name),
                expected=f'one of {", ".join(known)}',
                cure=_cure(name, known),
            )


# ------------------------------------------------------- reading the file


class _Loader(yaml.SafeLoader):
    """Reads 1e-3 as a number, as Python does; YAML 1.1 sees a text."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'{key!r} is set twice', key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: list(resolvers)
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    'tag:yaml.org,2002:float',
    re.compile(r'[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$'),
    list('-+.0123456789'),
)


def read_plan(path: str | Path) -> Plan:
    """Read a plan, a YAML file as in docs/compare.md, and check it.

    Raises:
        MissingFileError: If there is no such file.
        InputError: Names the key, what was found and what was expected.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f'The plan {str(path)!r} does not exist.')
    try:
        content = yaml.load(path.read_text(encoding='utf-8-sig'), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
        raise InputError(
            where=str(path),
            found=one_line(error),
            expected='a YAML file',
        ) from error
    if isinstance(content, Mapping):
        content = {
            'title': path.stem,
            'work_dir': f'work_dirs/compare/{path.stem}',
            **content,
        }
    try:
        return Plan.model_validate(content)
    except ValidationError as error:
        raise _explained(path, error) from error


def _explained(path: Path, error: ValidationError) -> InputError:
    """The first mistake that pydantic found, as ours."""
    first = error.errors()[0]
    own = first.get('ctx', {}).get('error')
    keys = [str(key) for key in first['loc']]
    if isinstance(own, InputError):
        found, expected, cure = own.found, own.expected, own.cure
        keys += [own.where] if own.where else []
    elif first['type'] == 'missing':
        found, expected, cure = 'not set', 'a value', 'See docs/compare.md.'
    else:
        found, cure = repr(first['input']), ''
        expected = re.sub(
            r'^(Input )?should be ', '', first['msg'], flags=re.I
        )
    where = f'{path}: {".".join(keys)}' if keys else str(path)
    return InputError(where=where, found=found, expected=expected, cure=cure)
