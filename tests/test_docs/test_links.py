"""Relative links of the pages lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in (
        '*.md',
        'docs/**/*.md',
        'configs/**/*.md',
        'projects/**/*.md',
    )
    for path in ROOT.glob(pattern)
)
CODE = re.compile(r'^```.*?^```|`[^`\n]*`', re.DOTALL | re.MULTILINE)
LINK = re.compile(r'\]\(([^()\s]+)\)')


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    text = re.sub(
        r'^```.*?^```', '', page.read_text('utf-8'), flags=re.M | re.S
    )
    headings = re.findall(r'^#+ +(.*?) *$', text, re.MULTILINE)
    kept = (re.sub(r'[^\w\- ]', '', heading.lower()) for heading in headings)
    return {heading.replace(' ', '-') for heading in kept}


def links(page: Path) -> list[str]:
    """Those that lead to a file of the repository, or within the page."""
    found = LINK.findall(CODE.sub('', page.read_text('utf-8')))
    return [link for link in found if not re.match(r'\w+:', link)]


def broken(page: Path) -> list[str]:
    """Links of a page that lead nowhere."""
    wrong = []
    for link in links(page):
        name, _, anchor = link.partition('#')
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (
            anchor and target.suffix == '.md' and anchor not in anchors(target)
        ):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize('page', PAGES, ids=str)
def test_links_of_a_page_resolve(page):
    assert broken(ROOT / page) == []


def test_broken_links_are_seen(tmp_path):
    (tmp_path / 'b.md').write_text('# Two words, here\n')
    page = tmp_path / 'a.md'
    page.write_text(
        '[x](b.md) [x](b.md#two-words-here) [x](https://example.org/a.md) '
        '[x](#own)\n`[x](in_code.md)`\n# Own\n![x](c.png) [x](b.md#other)\n'
    )
    assert broken(page) == ['c.png', 'b.md#other']


def test_the_pages_have_links():
    assert sum(len(links(ROOT / page)) for page in PAGES) > 100
