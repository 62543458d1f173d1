"""The templates of all pages."""

import jinja2
from markupsafe import Markup, escape


def _breakable(text: str) -> Markup:
    """Allow line breaks after the words of a name."""
    html = escape(text)
    for sign, after in (('_', '_<wbr>'), ('.', '.<wbr>'), ('\n', '<br>')):
        html = html.replace(sign, Markup(after))
    return html


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader('mmpose_ctd.apis.reporting', 'template'),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)
_ENVIRONMENT.filters['breakable'] = _breakable
_ENVIRONMENT.globals['zip'] = zip


def template(name: str) -> jinja2.Template:
    """A page's template, by its file's name."""
    return _ENVIRONMENT.get_template(name)
