"""Writes the tables of the study's pages from the stored results.

python projects/frl_study/write_tables.py

Fills in what stands between the markers `<!-- table: NAME -->` and
`<!-- end -->` of docs/results.md and projects/frl_study/results.md. What the
tables are: projects/frl_study/published/tables.py.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.frl_study.published.pages import PAGES, filled


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    for page in PAGES:
        text = page.read_text(encoding='utf-8')
        changed = filled(text)
        page.write_text(changed, encoding='utf-8')
        print(f'{page}: {"written" if changed != text else "up to date"}')


if __name__ == '__main__':
    main()
