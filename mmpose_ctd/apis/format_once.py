"""Formats a run's configuration once."""

from yapf.yapflib import yapf_api

__all__ = ['format_configs_once']

# A run has one or two.
_MOST = 8


def format_configs_once() -> None:
    """Make mmengine remember how a configuration looks, in this process.

    It has the same text formatted for the log, for two copies of the config
    and for every checkpoint: a tenth of a second each, up to a second where
    lists hold long dicts. The text is the same, and so is what is written.
    """
    original = yapf_api.FormatCode
    if getattr(original, 'remembers', False):
        return
    known: dict = {}

    def remembering(text, **options):
        key = text, repr(options)
        if key not in known:
            if len(known) >= _MOST:
                known.clear()
            known[key] = original(text, **options)
        return known[key]

    remembering.remembers = True
    yapf_api.FormatCode = remembering
