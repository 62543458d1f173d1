"""A Runner that says on the screen what a person reads."""

import contextlib
import importlib
import io
import logging
import os.path as osp

from mmengine.hooks import CheckpointHook
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch import nn

from mmpose_ctd.config_values import unwrapped
from mmpose_ctd.engine.checkpoint_folder import (
    checkpoint_folder,
    saved_by_a_training,
)
from mmpose_ctd.engine.hooks import (
    FlipCheckHook,
    PrivacyHook,
    RegularizerStateHook,
)
from mmpose_ctd.engine.hooks.safe_checkpoint_hook import resume_from_newest
from mmpose_ctd.errors import InputError
from mmpose_ctd.machine import leaving_a_core

# The environment, the whole configuration and the list of hooks are longer.
_LINES = 12

#: Without them mirrored faces or resumed runs are wrong, or checkpoints hold
#: paths. Configs of other projects do not name them.
_NEEDED = dict(
    flip_check=FlipCheckHook,
    privacy=PrivacyHook,
    regularizer_state=RegularizerStateHook,
)

#: Hooks that mmengine adds where a config does not name them.
_OF_MMENGINE = (
    *('runtime_info', 'timer', 'sampler_seed', 'logger'),
    *('param_scheduler', 'checkpoint'),
)


# What mmengine says of its own code, of each parameter, and of layers that
# are not there.
_OF_ITSELF = (
    'will be deprecated in future',
    'paramwise_options -- ',
    'all SyncBatchNorm (SyncBN) layers',
)


def _is_for_people(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    return message.count('\n') < _LINES and not any(
        words in message for words in _OF_ITSELF
    )


def _how_to_go_on(runner: Runner) -> str:
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook):
            folder = checkpoint_folder(runner.work_dir, hook.out_dir)
            for file in saved_by_a_training(folder, hook.filename_tmpl)[:1]:
                return f'--resume goes on from {file.name}.'
    return 'No checkpoint was saved yet.'


class TerseRunner(Runner):
    """mmengine's Runner whose long messages go to the log file alone.

    Environment, configuration and hooks fill some 400 lines, behind which an
    error or a result is hard to find. The config in the work dir is that of
    the last run that has trained there: one that is refused, or is finished,
    does not replace it.
    """

    _dumped = False

    def __init__(self, *args, **kwargs) -> None:
        if 'mmpretrain.' in str(kwargs.get('cfg')):
            # It prints about extras that it lacks. Whoever needs it says so
            # if it cannot be imported.
            with (
                contextlib.suppress(Exception),
                contextlib.redirect_stdout(io.StringIO()),
            ):
                importlib.import_module('mmpretrain.datasets')
        super().__init__(*args, **kwargs)
        for kind in self._needed:
            if not any(isinstance(hook, kind) for hook in self.hooks):
                self.register_hook(kind())

    def register_default_hooks(self, hooks: dict | None = None) -> None:
        """See ``Runner.register_default_hooks``; None switches ours off."""
        hooks = hooks or {}
        self._needed = [
            kind
            for name, kind in _NEEDED.items()
            if hooks.get(name, True) is not None
        ]
        super().register_default_hooks(
            {
                name: hook
                for name, hook in hooks.items()
                # Others it refuses.
                if hook is not None or name in _OF_MMENGINE
            }
        )

    def dump_config(self) -> None:
        """Nothing: mmengine's writes before anything is checked."""

    def call_hook(self, fn_name: str, **kwargs) -> None:
        """See ``Runner.call_hook``; the config is written at step 1."""
        super().call_hook(fn_name, **kwargs)
        if fn_name == 'before_train_iter' and not self._dumped:
            self._dumped = True
            super().dump_config()

    def train(self) -> nn.Module:
        """See ``Runner.train``.

        Raises:
            KeyboardInterrupt: Says how to go on, if it was interrupted.
        """
        try:
            with leaving_a_core():
                return super().train()
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(_how_to_go_on(self)) from error

    def test(self) -> dict[str, float]:
        """See ``Runner.test``."""
        with leaving_a_core():
            return super().test()

    def go_on(self) -> None:
        """Have the training go on from the newest checkpoint, if any.

        It is chosen when the work dir is locked. Without a checkpoint the
        training starts from its ``load_from``.
        """
        self._resume = 'auto'

    def load_or_resume(self) -> None:
        """See ``Runner.load_or_resume``; ours chooses the newest."""
        for hook in self.hooks:
            if isinstance(hook, CheckpointHook):
                resume_from_newest(self, hook.out_dir, hook.filename_tmpl)
        resume_from_newest(self)
        super().load_or_resume()

    def load_checkpoint(self, filename: str, *args, **kwargs) -> dict:
        """See ``Runner.load_checkpoint``; a foreign file is refused.

        Raises:
            InputError: If none of its weights is one of the backbone's.
        """
        checkpoint = super().load_checkpoint(filename, *args, **kwargs)
        theirs = checkpoint.get('state_dict', checkpoint).keys()
        ours = unwrapped(self.model).state_dict().keys()
        ours = {name for name in ours if name.startswith('backbone.')}
        if ours and not any(
            name.removeprefix('module.') in ours for name in theirs
        ):
            raise InputError(
                where=str(filename),
                found=f'none of its weights is of model.backbone: '
                f'{", ".join(sorted(theirs)[:2])} ...',
                expected=f'{", ".join(sorted(ours)[:2])} ...',
                cure='Name the checkpoint of a training with this backbone.',
            )
        return checkpoint

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """See ``Runner.build_logger``."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(_is_for_people)
        return logger


class TestingRunner(TerseRunner):
    """A Runner that leaves the training's config in the work dir alone."""

    # For pytest, which takes the name for a test's.
    __test__ = False

    def dump_config(self) -> None:
        """Write the config beside this test's log.

        The one in the work dir is what repeats the training; mmengine would
        replace it by that of the test.
        """
        name = osp.basename(self.cfg.filename or 'config.py')
        self.cfg.dump(osp.join(self.log_dir, name))
