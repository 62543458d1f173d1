"""A Runner that says on the screen what a person reads."""

import logging

from mmengine.logging import MMLogger
from mmengine.runner import Runner

__all__ = ['TerseRunner']

# The environment, the whole configuration and the list of hooks are longer.
_LINES = 12


def _is_short(record: logging.LogRecord) -> bool:
    return record.getMessage().count('\n') < _LINES


class TerseRunner(Runner):
    """mmengine's Runner whose long messages go to the log file alone.

    Environment, configuration and hooks fill some 400 lines, behind which an
    error or a result is hard to find.
    """

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """See ``Runner.build_logger``."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(_is_short)
        return logger
