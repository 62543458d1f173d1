"""Draw the subjects that train, validate and test.

mmpose_ctd split data/myset
mmpose_ctd split data/myset --scheme budgets --seed 0 1 2

Writes files of subject ids into DATA_DIR/splits; docs/splits.md explains the
schemes.
"""

import argparse
import sys

from rich.console import Console

from mmpose_ctd.apis.command_line import make_parser, run
from mmpose_ctd.datasets.splits import SplitOptions, make_splits, split_table
from mmpose_ctd.option_fields import add_options, given_options
from mmpose_ctd.privacy import redact


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument(
        'data_dir', metavar='DATA_DIR', help='folder of the data set'
    )
    add_options(parser, SplitOptions)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    drawn = make_splits(
        args.data_dir,
        # Folders above that of the set may name people.
        command=' '.join(['mmpose_ctd split', *map(redact, sys.argv[1:])]),
        **given_options(SplitOptions, args),
    )
    for note in drawn.notes:
        print(f'note: {note}', file=sys.stderr)
    Console().print(split_table(drawn.partitions, drawn.population))
    print(
        f'Written to {drawn.folder}.'
        if drawn.files
        else 'Nothing was written.'
    )


if __name__ == '__main__':
    run(main)
