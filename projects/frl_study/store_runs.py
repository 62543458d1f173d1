"""Stores the runs of a finished plan in results/, as two tables.

python projects/frl_study/store_runs.py projects/frl_study/configs/PLAN.yaml

Start where the plan ran. Writes results/PLAN_runs.csv.gz and
PLAN_errors.csv.gz; write_tables.py makes the pages' tables from them.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmpose_ctd.apis.command_line import run
from mmpose_ctd.apis.comparing.engine import PlanWork
from mmpose_ctd.apis.comparing.plan import read_plan
from projects.frl_study.published.stored_runs import RESULTS, write_records


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('plan', help='a YAML file of configs/')
    plan = parser.parse_args().plan
    work = PlanWork(read_plan(plan))
    if left := work.left():
        sys.exit(f'error: {plan}: {len(left)} runs are not done')
    records = work.records()
    write_records(records, RESULTS, Path(plan).stem)
    print(f'{len(records)} runs stored in {RESULTS}')


if __name__ == '__main__':
    run(main)
