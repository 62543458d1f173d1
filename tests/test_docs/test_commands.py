"""The commands on the pages have arguments that their tools take."""

import importlib.util
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from mmpose_ctd.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ('*.md', 'docs/**/*.md', 'configs/**/*.md')
    for path in ROOT.glob(pattern)
    # Names commands of earlier versions.
    if path.name != 'CHANGELOG.md'
)
BLOCK = re.compile(r'^ *```(\w*)\n(.*?)^ *```', re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r'\s*(\w+=\S* )*(?P<call>mmpose_ctd|python tools/)')


def commands(text: str) -> list[tuple[Path, list[str]]]:
    """Tool and arguments of each command in a page's blocks."""
    blocks = [block for name, block in BLOCK.findall(text) if not name]
    lines = re.sub(r'\\\n\s*', '', '\n'.join(blocks)).splitlines()
    found = []
    for line in lines:
        if match := COMMAND.match(line):
            words = shlex.split(line[match.start('call') :], comments=True)
            tool = words[1]
            if words[0] == 'mmpose_ctd':
                tool = f'tools/{COMMANDS[tool][0]}.py'
            found.append((ROOT / tool, words[2:]))
    return found


@cache
def parser(tool: Path):
    """Its ``parse_args``, which reads ``sys.argv``; some have none."""
    if not tool.is_file():  # the doctor
        return None
    spec = importlib.util.spec_from_file_location(tool.stem, tool)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, 'parse_args', None)


def refused(text: str, monkeypatch) -> list[str]:
    """Commands that their tool does not understand."""
    wrong = []
    for tool, arguments in commands(text):
        monkeypatch.setattr('sys.argv', [tool.name, *arguments])
        try:
            if parser(tool):
                parser(tool)()
        except SystemExit as stop:
            if stop.code:
                wrong.append(shlex.join([tool.name, *arguments]))
    return wrong


@pytest.mark.parametrize('page', PAGES, ids=str)
def test_the_tools_take_the_arguments_on_a_page(page, monkeypatch):
    text = (ROOT / page).read_text('utf-8')
    assert refused(text, monkeypatch) == []


def test_wrong_arguments_are_seen(monkeypatch):
    text = (
        '```\nX=1 mmpose_ctd split data/a --seed 1\n'
        'mmpose_ctd split \\\n    data/a --sed 1\n'
        'python tools/train.py c.py --resumed\n```\n'
        '```python\nmmpose_ctd nothing\n```\n'
    )
    assert refused(text, monkeypatch) == [
        'make_splits.py data/a --sed 1',
        'train.py c.py --resumed',
    ]


def test_the_pages_have_commands():
    texts = [(ROOT / page).read_text('utf-8') for page in PAGES]
    assert sum(len(commands(text)) for text in texts) > 50
