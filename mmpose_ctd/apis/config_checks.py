"""What can be known to be wrong with a config before the first step."""

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmpose.registry import HOOKS, METRICS

from mmpose_ctd.config_values import component_name
from mmpose_ctd.errors import InputError

from .config_components import check_components
from .config_settings import check_settings

__all__ = ['best_without_validation', 'check_testing', 'check_training']

_HOOK = 'default_hooks.checkpoint'


def check_training(cfg: Config) -> None:
    """Refuse a config whose training would end in an error.

    Args:
        cfg (Config): As the Runner gets it.

    Raises:
        InputError: Names the key.
    """
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    check_settings(cfg)
    check_components(cfg)
    _check_precision(cfg)
    _check_best(cfg)


def check_testing(cfg: Config) -> None:
    """Likewise for a test; what only a training uses is not looked at."""
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    without = [
        *('train_dataloader', 'train_cfg', 'optim_wrapper'),
        *('param_scheduler', 'val_dataloader', 'val_evaluator'),
    ]
    check_settings(cfg, without)
    check_components(cfg, without)


def best_without_validation(cfg: Config) -> str:
    """Notice a ``save_best`` that has no validation to choose by.

    Args:
        cfg (Config): Of a training that passes :func:`check_training`.

    Returns:
        str: One sentence; empty if there is nothing to say.
    """
    best = _checkpoint_hook(cfg).get('save_best')
    if not best or cfg.get('val_cfg') is not None:
        return ''
    return (
        f'{_HOOK}.save_best={best!r} without validation: no best checkpoint '
        'is chosen.'
    )


def _check_precision(cfg: Config) -> None:
    name = component_name(cfg.get('optim_wrapper'))
    if name == 'AmpOptimWrapper' and get_device() == 'cpu':
        raise InputError(
            where='optim_wrapper.type',
            found="'AmpOptimWrapper' on a machine without GPU",
            expected="'AutocastOptimWrapper' (bfloat16 without loss scaling) "
            "or 'OptimWrapper'",
            cure='Drop loss_scale with it.',
        )


def _check_best(cfg: Config) -> None:
    """Refuse a rule or a score that no validation gives."""
    hook = _checkpoint_hook(cfg)
    best, rule = hook.get('save_best'), hook.get('rule')
    if not best:
        return
    names = [best] if isinstance(best, str) else list(best)
    rules = list(rule) if isinstance(rule, (list, tuple)) else [rule]
    rules = rules * len(names) if len(rules) == 1 else rules
    metrics = [(metric.prefix, _scores(metric)) for metric in _metrics(cfg)]
    known = {name: rule for _, own in metrics for name, rule in own.items()}
    for name, given in zip(names, rules):
        if name == 'auto' and known:
            name = next(iter(known))
        better = known.get(name)
        if better is None:
            _refuse_score(name, metrics)
        # mmengine guesses from the name, AUC's rightly.
        elif given != better and (given or better == 'less'):
            raise InputError(
                where=f'{_HOOK}.rule',
                found=f'{given!r} for save_best={name!r}',
                expected=repr(better),
                cure='That is the better direction of this score.',
            )
    try:
        HOOKS.build({k: v for k, v in hook.items() if k != 'priority'})
    except (AssertionError, KeyError, ValueError) as error:
        raise InputError(
            where=_HOOK,
            found=' '.join(str(error.args[0] if error.args else '').split()),
            cure='Correct save_best and rule.',
        ) from error


def _checkpoint_hook(cfg: Config) -> dict:
    return (cfg.get('default_hooks') or {}).get('checkpoint') or {}


def _refuse_score(name: str, metrics: list[tuple[str, dict]]) -> None:
    """Refuse a score that none of the metrics gives, as far as they say."""
    if name == 'auto' or not metrics:
        return
    # Others than ours do not say what they give, but for the prefix.
    if any(
        not prefix or name.startswith(f'{prefix}/')
        for prefix, scores in metrics
        if not scores
    ):
        return
    known = [score for _, scores in metrics for score in scores]
    prefixes = [f'{prefix}/...' for prefix, _ in metrics]
    raise InputError(
        where=f'{_HOOK}.save_best',
        found=f'{name!r}, a score that val_evaluator does not give',
        expected=f'one of {", ".join(known or prefixes)}',
        cure='Correct it, or add its metric to val_evaluator.',
    )


def _metrics(cfg: Config) -> list:
    evaluator = cfg.get('val_evaluator') or []
    if isinstance(evaluator, dict):
        evaluator = evaluator.get('metrics', [evaluator])
    return [METRICS.build(dict(metric)) for metric in evaluator]


def _scores(metric) -> dict[str, str]:
    """Names of a metric's scores and which direction is better."""
    rules: dict = getattr(metric, 'rules', {})
    prefix = f'{metric.prefix}/' if metric.prefix else ''
    return {f'{prefix}{name}': rule for name, rule in rules.items()}
