"""The pages' templates: one look for all reports."""

import jinja2
from markupsafe import Markup, escape

__all__ = ['template']

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader('mmpose_ctd.apis.reporting', 'template'),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


def _breakable(text: str) -> Markup:
    """A name that may go on in the next line where its words end."""
    told = escape(text)
    for sign, after in (('_', '_<wbr>'), ('.', '.<wbr>'), ('\n', '<br>')):
        told = told.replace(sign, Markup(after))
    return told


_ENVIRONMENT.filters['breakable'] = _breakable


def template(name: str) -> jinja2.Template:
    """A page's template, by its file's name."""
    return _ENVIRONMENT.get_template(name)
