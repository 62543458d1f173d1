"""Without mmengine's log of every weight and environment variable."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.logging import MMLogger

__all__ = ['quiet_logs']


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Within, mmengine logs warnings and errors alone."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
