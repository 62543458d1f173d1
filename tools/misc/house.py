"""Prints how large the repository is, and what a reader opens.

python tools/misc/house.py
"""

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]

# What a reader opens to follow a journey, by hand; a test checks that the
# files exist and that each is imported by one before it.
JOURNEYS: dict[str, list[str]] = {}


def tracked(folder: str, ending: str) -> list[Path]:
    """Files that git knows, with their lines still there."""
    names = subprocess.run(
        ['git', 'ls-files', '-co', '--exclude-standard', folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    files = (ROOT / name for name in names if name.endswith(ending))
    return [file for file in files if file.is_file()]


def num_lines(files: list[Path]) -> int:
    return sum(len(file.read_text('utf-8').splitlines()) for file in files)


def classes_used_twice(files: list[Path]) -> list[str]:
    """Names that two or more classes at module level share."""
    names = Counter(
        node.name
        for file in files
        for node in ast.parse(file.read_text('utf-8')).body
        if isinstance(node, ast.ClassDef)
    )
    return sorted(name for name, count in names.items() if count > 1)


def num_words(files: list[Path]) -> int:
    """Words outside code blocks and tables' rules."""
    return sum(
        len(re.findall(r'\S+', file.read_text('utf-8'))) for file in files
    )


def main() -> None:
    package = tracked('mmpose_ctd', '.py')
    tests = tracked('tests', '.py')
    guides = [*tracked('docs', '.md'), ROOT / 'README.md']
    twice = classes_used_twice(package)
    table = Table('measured', 'found', 'at most')
    for name, found, limit in (
        ('package, lines', num_lines(package), 25_000),
        ('package, files', len(package), 230),
        ('class names used twice', len(twice), 0),
        ('tests, lines', num_lines(tests), 20_000),
        ('user guides and README, words', num_words(guides), 14_000),
        (
            'longest guide, words',
            max(num_words([page]) for page in guides),
            1_200,
        ),
        ('README, lines', num_lines([ROOT / 'README.md']), 180),
    ):
        table.add_row(name, f'{found:,}', f'{limit:,}')
    for name, files in JOURNEYS.items():
        table.add_row(f'files opened: {name}', str(len(files)), '10')
    console = Console()
    console.print(table)
    if twice:
        console.print(f'Used twice: {", ".join(twice)}')
    areas = Counter()
    counts = Counter()
    for file in package:
        area = '/'.join(file.relative_to(ROOT / 'mmpose_ctd').parts[:-1][:2])
        areas[area or '.'] += num_lines([file])
        counts[area or '.'] += 1
    parts = Table('mmpose_ctd/', 'lines', 'files')
    for area in sorted(areas):
        parts.add_row(area, f'{areas[area]:,}', str(counts[area]))
    console.print(parts)


if __name__ == '__main__':
    main()
