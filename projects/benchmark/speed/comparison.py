"""What is compared, and the ratios that come of it."""

from collections.abc import Mapping, Sequence

import numpy as np
from mmengine.config import Config

from mmpose_ctd.errors import InputError

from .mmrazor_distiller import mmrazor_distiller, why_not_mmrazor
from .opponents import OPPONENTS

__all__ = ['DENOMINATORS', 'SYSTEMS', 'ratios_of', 'step_systems']

#: The rows of a comparison of training steps.
SYSTEMS = ('ctd', 'ft', *OPPONENTS, 'mmrazor')
#: What every row is divided by.
DENOMINATORS = ('ft', 'mmpose_ft')
# Group of a result -> how the names of its ratios begin.
_PREFIXES = dict(
    seconds='',
    memory_bytes='memory_',
    latency_seconds='latency_',
    checkpoint_bytes='checkpoint_',
    checkpoint_file_bytes='checkpoint_file_',
)
# Rows that others are divided by, where they are not DENOMINATORS.
_OTHER_DENOMINATORS = dict(
    latency_seconds=('vanilla',),
    checkpoint_bytes=('plain',),
    checkpoint_file_bytes=('plain',),
)


def step_systems(
    ctd: Config, ft: Config, names: Sequence[str] = SYSTEMS
) -> tuple[dict[str, Config], dict[str, str]]:
    """The configs to time, ours and what they are compared with.

    Args:
        ctd (Config): Ours with regularisers.
        ft (Config): Ours without.
        names (Sequence[str]): Of :data:`SYSTEMS`.

    Returns:
        tuple[dict[str, Config], dict[str, str]]: Name -> config, and name ->
        why it cannot run here.

    Raises:
        InputError: If a name is unknown, or the first config has no
            regulariser, or the second has one.
    """
    unknown = [name for name in names if name not in SYSTEMS]
    if unknown:
        raise InputError(f'{unknown}: expected some of {", ".join(SYSTEMS)}.')
    if not ctd.model.get('regularizers'):
        raise InputError(
            'The CTD config sets no model.regularizers; expected one that '
            'does, such as configs/frl_faces/ctd_ed_sface.py.'
        )
    if ft.model.get('regularizers'):
        raise InputError(
            f'The FT config sets model.regularizers='
            f'{list(ft.model.regularizers)}; expected plain fine-tuning.'
        )
    configs, missing = {}, {}
    for name in names:
        if name in ('ctd', 'ft'):
            configs[name] = ctd if name == 'ctd' else ft
        elif name in OPPONENTS:
            configs[name] = OPPONENTS[name](ctd)
        else:
            why = why_not_mmrazor(ctd)
            if why:
                missing[name] = why
            else:
                configs[name] = mmrazor_distiller(ctd)
    return configs, missing


def ratios_of(
    group: str,
    values: Mapping[str, Sequence[float]],
    denominators: Sequence[str] | None = None,
) -> dict[str, float]:
    """Ratios of medians.

    Args:
        group (str): What was measured, such as ``'seconds'``; names of
            ratios begin accordingly.
        values (Mapping): Name -> what each round measured.
        denominators (Sequence[str], optional): Defaults to ``None``: the
            group's own.

    Returns:
        dict: ``'memory_ctd_over_ft'`` and the like; a row that was not
        measured is in none.
    """
    if denominators is None:
        denominators = _OTHER_DENOMINATORS.get(group, DENOMINATORS)
    medians = {name: float(np.median(v)) for name, v in values.items()}
    return {
        f'{_PREFIXES.get(group, "")}{name}_over_{below}': median
        / medians[below]
        for below in denominators
        if below in medians
        for name, median in medians.items()
        if name != below
    }
