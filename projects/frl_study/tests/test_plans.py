"""The plans of the study."""

from pathlib import Path

import pytest

from mmpose_ctd.apis.comparing.plan import read_plan

ROOT = Path(__file__).resolve().parents[3]
PLANS = sorted(
    str(path.relative_to(ROOT)) for path in ROOT.glob('projects/*/**/*.yaml')
)


@pytest.mark.parametrize('name', PLANS)
def test_a_shipped_plan_names_what_exists(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    plan = read_plan(name)
    if plan.search is not None:
        # Equal effort: as many trials for each system.
        trained = [name for name, one in plan.systems.items() if one.config]
        assert len({len(plan.search.trials(name)) for name in trained}) == 1


def test_there_are_plans():
    assert 'projects/frl_study/configs/comparison.yaml' in PLANS
