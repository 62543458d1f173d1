"""Writes the tables of the study's pages from the stored results.

python projects/frl_study/write_tables.py             the pages
python projects/frl_study/write_tables.py --report    and results/report/

Replaces the text between the markers `<!-- table: NAME -->` and
`<!-- end -->`. The tables: projects/frl_study/published/tables.py.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from projects.frl_study.published.stored_runs import write_report
from projects.frl_study.published.tables import PAGES, filled


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--report', action='store_true', help='write results/report/, too'
    )
    if parser.parse_args().report:
        print(*write_report(), sep='\n')
    for page in PAGES:
        text = page.read_text(encoding='utf-8')
        changed = filled(text)
        page.write_text(changed, encoding='utf-8')
        print(f'{page}: {"written" if changed != text else "up to date"}')


if __name__ == '__main__':
    main()
