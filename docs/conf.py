"""Builds the documentation: make docs.

The source folder is the repository's root, because pages of docs/, configs/
and projects/ link to each other and the README is the front page.
"""

import base64
import importlib
import re
from pathlib import Path

import nbformat
from myst_parser.sphinx_ import Parser

import mmpose_ctd

ROOT = Path(__file__).resolve().parents[1]
FOLDER_LINK = re.compile(r'\]\(([^():]*/)\)')
COMPONENTS = re.compile(r'<!-- components: ([\w. ]+) -->')

project = 'mmpose_ctd'
release = version = mmpose_ctd.__version__
copyright = 'the mmpose_ctd contributors, Apache-2.0'  # noqa: A001
language = 'en'

root_doc = 'README'
include_patterns = [
    *('README.md', 'CHANGELOG.md', 'configs/**/README.md'),
    *('docs/*.md', 'docs/*/*.md', 'docs/*/*.ipynb'),
    *('projects/*.md', 'projects/**/*.md'),
]
exclude_patterns = [
    *('.venv', 'build', 'data', 'work_dirs', 'demo_out', '**/*.in.md'),
    'docs/contents.md',
]
html_theme = 'furo'
html_title = project
html_extra_path = ['index.html']

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx.ext.mathjax',
]
# Headings are link targets, as on GitHub.
myst_heading_anchors = 4

add_module_names = False
autodoc_member_order = 'bysource'
autodoc_typehints = 'none'
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True


def markdown_of(notebook: str) -> str:
    """A notebook's cells and what they printed or drew, as Markdown.

    Args:
        notebook (str): The JSON text of an ``.ipynb`` file.
    """
    parts = []
    for cell in nbformat.reads(notebook, as_version=4).cells:
        if cell.cell_type != 'code':
            parts.append(cell.source)
            continue
        parts.append(f'```python\n{cell.source}\n```')
        for output in cell.outputs:
            data = output.get('data', {})
            text = output.get('text', data.get('text/plain', ''))
            if 'image/png' in data:
                parts.append(f'![](data:image/png;base64,{data["image/png"]})')
            elif text:
                parts.append(f'```text\n{text.rstrip()}\n```')
    return '\n\n'.join(parts)


class NotebookParser(Parser):
    """Lets Sphinx read notebooks; nothing is run."""

    supported = ('notebook',)

    def parse(self, inputstring, document) -> None:
        super().parse(markdown_of(inputstring), document)


def documented(modules: str) -> str:
    """Directives for the public classes and functions of some modules.

    Their methods are left out: a config needs the arguments.
    """
    found = {
        name: module
        for module in map(importlib.import_module, modules.split())
        for name in module.__all__
    }
    lines = [
        f'.. auto{"class" if isinstance(item, type) else "function"}:: '
        f'{module.__name__}.{name}\n'
        for name, module in found.items()
        for item in [getattr(module, name)]
    ]
    return '\n'.join(['```{eval-rst}', *lines, '```'])


def complete(app, docname: str, source: list[str]) -> None:
    """Add what GitHub would not show well to a page.

    Links to folders lead to their README, ``<!-- components: MODULES -->``
    becomes their docstrings, and the front page gets the contents.
    """
    text = FOLDER_LINK.sub(r'](\1README.md)', source[0])
    source[0] = COMPONENTS.sub(lambda match: documented(match[1]), text)
    if docname == root_doc:
        source[0] += (ROOT / 'docs' / 'contents.md').read_text('utf-8')


def setup(app) -> None:
    app.add_source_suffix('.ipynb', 'notebook')
    app.add_source_parser(NotebookParser)
    app.connect('source-read', complete)
