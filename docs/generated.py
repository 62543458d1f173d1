"""What of the pages is made when they are built, as a Sphinx extension.

A line ``<!-- components: MODULES -->`` becomes the docstrings of the modules'
public classes and functions, ``<!-- models: METAFILES -->`` a table of
models; both are read from the repository, so nothing can be out of date.
"""

import importlib
import re
from pathlib import Path

import nbformat
import yaml

from mmpose_ctd.apis.error_tables import Table, markdown_table

ROOT = Path(__file__).resolve().parents[1]
_LINE = re.compile(r'<!-- (components|models): ([\w./ ]+) -->')
_FOLDER_LINK = re.compile(r'\]\(([^():]*/)\)')
_RESULT = 'FRL faces, {} labelled'


def components(modules: str) -> str:
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


def models(metafiles: str) -> str:
    """A table of the models in some metafiles, named from the root."""
    headings = ['config', 'system', 'network', 'parameters', 'teacher']
    headings += [f'ME, {n} labels' for n in (20, 142)]
    rows = []
    for file in metafiles.split():
        for model in yaml.safe_load((ROOT / file).read_text())['Models']:
            facts = model['Metadata']
            errors = {
                result['Dataset']: f'{result["Metrics"]["ME"]:.3f}'
                for result in model.get('Results', ())
            }
            rows.append(
                [
                    f'`{model["Config"]}`',
                    model['System'],
                    facts['Architecture'][0],
                    f'{facts["Parameters"] / 1e6:.1f} M',
                    facts['Teacher'],
                    *(errors.get(_RESULT.format(n), '') for n in (20, 142)),
                ]
            )
    return markdown_table(Table('', headings, rows))


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
                image = data['image/png'].strip().replace('\n', '')
                parts.append(f'![](data:image/png;base64,{image})')
            elif text:
                parts.append(f'```text\n{text.rstrip()}\n```')
    return '\n\n'.join(parts)


def complete(app, docname: str, source: list[str]) -> None:
    """Fill in a page. Links to folders lead to their README, as on GitHub.

    The front page gets the contents, which GitHub would not show well.
    """
    makers = dict(components=components, models=models)
    text = _FOLDER_LINK.sub(r'](\1README.md)', source[0])
    source[0] = _LINE.sub(lambda line: makers[line[1]](line[2]), text)
    if docname == app.config.root_doc:
        source[0] += (ROOT / 'docs' / 'contents.md').read_text('utf-8')


def setup(app) -> dict:
    """Register with Sphinx; a notebook is read and not run."""
    from myst_parser.sphinx_ import Parser

    class NotebookParser(Parser):
        supported = ('notebook',)

        def parse(self, inputstring, document) -> None:
            super().parse(markdown_of(inputstring), document)

    app.add_source_suffix('.ipynb', 'notebook')
    app.add_source_parser(NotebookParser)
    app.connect('source-read', complete)
    return dict(parallel_read_safe=True)
