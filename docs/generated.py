"""What of the pages is made when they are built, as a Sphinx extension.

A line ``<!-- components: MODULES -->`` becomes the docstrings of the modules'
public classes and functions, ``<!-- models: METAFILE -->`` a table of
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
_LABELS = (20, 142)


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


def models(metafile: str) -> str:
    """A table of the models in a metafile, named from the root."""
    headings = ['config', 'system', 'network', 'teacher']
    headings += [f'ME, {n} labels' for n in _LABELS]
    rows = []
    for model in yaml.safe_load((ROOT / metafile).read_text())['Models']:
        facts = model['Metadata']
        errors = {
            result['Dataset']: f'{result["Metrics"]["ME"]:.3f}'
            for result in model.get('Results', ())
        }
        size = f'{facts["Parameters"] / 1e6:.1f} M'
        row = [
            f'`{Path(model["Config"]).name}`',
            model['System'],
            f'{facts["Architecture"][0]}, {size}',
            facts['Teacher'],
            *(errors.get(_RESULT.format(n), '') for n in _LABELS),
        ]
        rows.append(row)
    # Without columns that would be empty.
    width = 6 if any(row[4:] != ['', ''] for row in rows) else 4
    rows = [row[:width] for row in rows]
    return markdown_table(Table('', headings[:width], rows))


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


def contents() -> str:
    """docs/contents.md; ``docs/*`` stands for the pages it does not name."""
    text = (ROOT / 'docs' / 'contents.md').read_text('utf-8')
    pages = sorted(path.stem for path in (ROOT / 'docs').glob('*.md'))
    lines = {f'docs/{page}' for page in pages if page != 'contents'}
    others = sorted(lines - set(text.splitlines()))
    return text.replace('docs/*', '\n'.join(others))


def complete(app, docname: str, source: list[str]) -> None:
    """Fill in a page. Links to folders lead to their README, as on GitHub.

    The front page gets the contents, which GitHub would not show well.
    """
    makers = dict(components=components, models=models)
    text = _FOLDER_LINK.sub(r'](\1README.md)', source[0])
    source[0] = _LINE.sub(lambda line: makers[line[1]](line[2]), text)
    if docname == app.config.root_doc:
        source[0] += contents()


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
