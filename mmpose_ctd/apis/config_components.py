"""Are a config's components registered, and do they take what is set?"""

import ast
import difflib
import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NoReturn

import mmengine.registry
import mmpose.registry
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.registry import Registry
from mmengine.runner import (
    EpochBasedTrainLoop,
    IterBasedTrainLoop,
    TestLoop,
    ValLoop,
)
from torch.utils.data import DataLoader

from mmpose_ctd.errors import InputError

CURE = 'Correct it in the config or in --cfg-options.'
#: Where mmengine asks one registry only.
SECTIONS = {
    'model': 'MODELS',
    'visualizer': 'VISUALIZERS',
    'optim_wrapper': 'OPTIM_WRAPPERS',
    'param_scheduler': 'PARAM_SCHEDULERS',
    'custom_hooks': 'HOOKS',
    'val_evaluator': 'METRICS',
    'test_evaluator': 'METRICS',
    'train_cfg': 'LOOPS',
    'val_cfg': 'LOOPS',
    'test_cfg': 'LOOPS',
}
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_OF_LOADER = dict(
    dataset='DATASETS', sampler='DATA_SAMPLERS', batch_sampler='DATA_SAMPLERS'
)
#: Where the parts of a component are looked for first; then anywhere.
_PARTS = dict(
    pipeline='TRANSFORMS', transforms='TRANSFORMS', optimizer='OPTIMIZERS'
)
_ANYWHERE = (
    'MODELS',
    'KEYPOINT_CODECS',
    'TRANSFORMS',
    'DATASETS',
    'METRICS',
    'VISBACKENDS',
    'OPTIMIZERS',
    'WEIGHT_INITIALIZERS',
    'TASK_UTILS',
)
#: What builders take out before the component sees the rest.
_OF_BUILDERS = {
    'type',
    '_scope_',
    'priority',
    'convert_to_iter_based',
    'constructor',
    'paramwise_cfg',
    'num_batch_per_epoch',
    'disable_subprocess_warning',
}
#: What the estimator takes out of its regularisers.
_OF_REGULARIZERS = ('every',)


def check_components(cfg: Config, without: Collection[str] = ()) -> None:
    """Refuse types that are not registered, and keys that they do not take.

    Settings in ``without`` are not used by this run. The InputError names the
    key, and one that is probably meant.
    """
    for key, kind in SECTIONS.items():
        if key not in without:
            for path, config in _listed(cfg.get(key), key):
                _check_section(path, config, kind)
    for name, hook in (cfg.get('default_hooks') or {}).items():
        if isinstance(hook, Mapping):
            _check(f'default_hooks.{name}', hook, ('HOOKS',))
    for key in LOADERS:
        loader = cfg.get(key)
        if key in without or not isinstance(loader, Mapping):
            continue
        _check_keys(key, loader, DataLoader, _OF_LOADER)
        for part, kind in _OF_LOADER.items():
            if isinstance(loader.get(part), Mapping):
                _check(f'{key}.{part}', loader[part], (kind,))


def _listed(value, path: str) -> Iterator[tuple[str, Mapping]]:
    """A component, or each of a list of them."""
    if isinstance(value, (list, tuple)):
        for i, one in enumerate(value):
            yield from _listed(one, f'{path}.{i}')
    elif isinstance(value, Mapping):
        yield path, value


def _check_section(path: str, config: Mapping, kind: str) -> None:
    if kind == 'LOOPS' and 'type' not in config:
        by_epoch = config.get('by_epoch', True)
        loops = dict(
            train_cfg=EpochBasedTrainLoop if by_epoch else IterBasedTrainLoop,
            val_cfg=ValLoop,
            test_cfg=TestLoop,
        )
        _check_keys(path, config, loops[path], ['by_epoch'])
    elif kind == 'METRICS' and 'metrics' in config:
        for where, one in _listed(config['metrics'], f'{path}.metrics'):
            _check(where, one, (kind,))
    elif kind == 'OPTIM_WRAPPERS' and (
        'type' not in config or 'optimizer' not in config
    ):
        # mmengine's default type, or several wrappers.
        _check_inside(path, config)
    else:
        _check(path, config, (kind,))


def _check(
    path: str,
    config: Mapping,
    kinds: tuple[str, ...],
    scope: str | None = None,
) -> None:
    """Check a component and its parts."""
    scope = config.get('_scope_', scope)
    kind = config.get('type')
    if kind is None:
        raise InputError(
            where=path, found="no 'type'", expected='a component', cure=CURE
        )
    component = kind
    if isinstance(kind, str):
        component = find_component(kind, kinds, scope)
        if component is None:
            _refuse_type(f'{path}.type', kind, kinds)
    is_term = path.startswith('model.regularizers.')
    _check_keys(path, config, component, _OF_REGULARIZERS * is_term)
    # Its steps are another library's.
    if not str(kind).startswith('Albu'):
        _check_inside(path, config, scope)


def _check_inside(
    path: str, config: Mapping, scope: str | None = None
) -> None:
    for key, value in config.items():
        # Read by builders with rules of their own: norm_cfg, init_cfg ...
        if str(key).endswith('_cfg') or key in ('plugins', 'metainfo'):
            continue
        for where, part in _listed(value, f'{path}.{key}'):
            kind = part.get('type')
            # Others are words of the component, such as 'linear'.
            if isinstance(kind, str) and kind[:1].isupper():
                first = [_PARTS[key]] if key in _PARTS else []
                _check(where, part, (*first, *_ANYWHERE), scope)
            elif kind is None:
                _check_inside(where, part, scope)


def _registry(kind: str) -> Registry:
    return getattr(mmpose.registry, kind, None) or getattr(
        mmengine.registry, kind
    )


def find_component(kind: str, kinds: tuple[str, ...], scope: str | None):
    """The component of a name; ``None`` if nobody has registered it."""
    for name in (kind, f'mmpretrain.{kind}', f'mmdet.{kind}'):
        for registry in kinds:
            with _registry(registry).switch_scope_and_registry(scope) as own:
                try:
                    found = own.get(name)
                # It imports what looks like a path, which may fail anyhow.
                except Exception:
                    continue
            if found is not None:
                return found
        if '.' in kind or len(kinds) == 1:
            break
    return None


def _refuse_type(path: str, kind: str, kinds: tuple[str, ...]) -> None:
    known = [
        name
        for registry in kinds
        for own in (_registry(registry), _registry(registry).parent)
        if own is not None
        for name in own.module_dict
    ]
    near = difflib.get_close_matches(kind, known, 1)
    raise InputError(
        where=path,
        found=f'{kind!r} is not registered',
        expected=f'a name such as {near[0]!r}' if near else 'a known name',
        cure=f'{CURE} If it is yours, list its module in custom_imports.',
    )


def _check_keys(
    path: str,
    config: Mapping,
    component: Callable,
    more: Collection[str] = (),
) -> None:
    accepted = accepted_keys(component)
    if accepted is None:
        return
    for key in config:
        if key in accepted or key in more or key in _OF_BUILDERS:
            continue
        found = f'{component.__name__} has no argument {key!r}'
        refuse_key(path, key, found, accepted)


def refuse_key(
    path: str, key: str, found: str, known: Collection[str]
) -> NoReturn:
    """Refuse a key of a setting; expect the known one that is nearest."""
    near = difflib.get_close_matches(key, sorted(known), 1)
    raise InputError(
        where=f'{path}.{key}',
        found=found,
        expected=repr(near[0]) if near else ', '.join(sorted(known)),
        cure=CURE,
    )


@functools.cache
def accepted_keys(component: Callable) -> set[str] | None:
    """Names of the arguments that a class or function takes; None if any.

    A class is followed to its parents as far as its constructor passes
    ``**kwargs`` on to theirs.
    """
    if not inspect.isclass(component):
        names, rest = _parameters(component)
        return None if rest else names
    found: set[str] = set()
    for owner in inspect.getmro(component):
        init = vars(owner).get('__init__')
        if init is None or owner is object:
            continue
        # A decorator may rename arguments.
        if hasattr(init, '__wrapped__'):
            return None
        names, rest = _parameters(init)
        if names is None:
            return None
        found |= names
        # Its rest goes to Runner.save_checkpoint(), which takes none.
        if rest is None or owner is CheckpointHook:
            return found - {'self'}
        taken = _taken_of_rest(init, rest)
        if taken is None:
            return None
        found |= taken
    return found - {'self'}


def _parameters(function: Callable) -> tuple[set[str] | None, str | None]:
    """Names of its arguments, and that of its ``**kwargs``."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None, 'unknown'
    rest = [p.name for p in parameters if p.kind == p.VAR_KEYWORD]
    names = {
        p.name
        for p in parameters
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    }
    return names, rest[0] if rest else None


def _taken_of_rest(init: Callable, rest: str) -> set[str] | None:
    """What a constructor takes out of ``**kwargs`` for itself.

    None unless all others are known to reach the parent's constructor.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    except (OSError, TypeError, SyntaxError):
        return None
    calls = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and re.fullmatch(r'super\(.*\)\.__init__', ast.unparse(node.func))
    ]
    passed = sum(call.count(f'**{rest}') for call in calls)
    source = ast.unparse(tree)
    taken = re.findall(rf"\b{rest}\.pop\('(\w+)'", source)
    read = re.findall(
        rf'\bin {rest}\b|\b{rest}\.(?:get|setdefault)\('
        rf'|(?<!del )\b{rest}\[',
        source,
    )
    # The signature is a use, too.
    uses = len(re.findall(rf'\b{rest}\b', source)) - 1
    known = passed and passed + len(taken) + len(read) == uses
    return {*taken} if known else None
