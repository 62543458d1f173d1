"""The recipe's script says what its configs understand."""

import json
import subprocess
import sys

import pytest
from mmengine.config import Config, DictAction

from mmpose_ctd.framing import merge_options

SCRIPT = 'projects/frl_study/configs/recipe/predict.sh'
OLD_SCRIPT = 'configs/frl_faces/recipe/predict.sh'
STAND_IN = """#!{python}
import json, sys
with open({calls!r}, 'a') as file:
    print(json.dumps(sys.argv[1:]), file=file)
sys.exit(sys.argv[1] == {failing!r})
"""


@pytest.fixture
def predict(repo_root, tmp_path, monkeypatch):
    """Runs the script with a Python that notes what it is asked for."""

    def predict(*arguments, failing='', script=SCRIPT):
        noted, python = tmp_path / 'calls', tmp_path / 'python'
        python.write_text(
            STAND_IN.format(
                python=sys.executable, calls=str(noted), failing=failing
            )
        )
        python.chmod(0o755)
        monkeypatch.setenv('PYTHON', str(python))
        done = subprocess.run(
            ['bash', script, *arguments],
            cwd=repo_root,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines = noted.read_text().splitlines() if noted.exists() else []
        calls = [json.loads(line) for line in lines]
        return done.returncode, calls, done.stderr

    return predict


def config_of(call, repo_root):
    """The config as the call changes it; no key may be new to it."""
    cfg = Config.fromfile(repo_root / call[1])
    known = cfg.copy()
    # What a config need not name.
    known.merge_from_dict(
        {'randomness.seed': 0, 'model.test_cfg.flip_test': False}
    )
    options = {}
    for option in call[call.index('--cfg-options') + 1 :]:
        name, value = option.split('=')
        options[name] = DictAction._parse_iterable(value)
        parts = name.split('.')
        place = known
        for part in parts[:-1] if parts[0] != 'framing' else ():
            place = place[int(part) if part.isdigit() else part]
        assert parts[0] == 'framing' or parts[-1] in place, name
    merge_options(cfg, options)
    return cfg


@pytest.mark.parametrize('script', [SCRIPT, OLD_SCRIPT])
def test_it_trains_and_tests_the_same_network(predict, repo_root, script):
    status, (train, test), _ = predict(
        'a.txt', 'b.txt', '3', '/out/folder x', script=script
    )
    assert status == 0
    assert train[0] == 'tools/train.py' and test[0] == 'tools/test.py'
    assert train[1] == test[1] and test[2] == '/out/folder x/iter_800.pth'
    cfg = config_of(train, repo_root)
    assert cfg.randomness.seed == 3
    assert cfg.train_dataloader.dataset.split == 'a.txt'
    assert (
        cfg.train_cfg.max_iters
        == cfg.param_scheduler[0].end
        == cfg.default_hooks.checkpoint.interval
        == 800
    )
    cfg = config_of(test, repo_root)
    assert cfg.test_dataloader.dataset.split == 'b.txt'
    assert cfg.test_evaluator.unit == 'image'
    assert cfg.model.test_cfg.flip_test is True


def test_what_failed_is_not_gone_on_with(predict):
    status, calls, _ = predict('a', 'b', '3', 'o', failing='tools/train.py')
    assert status != 0 and len(calls) == 1


def test_who_forgets_an_argument_is_told_the_usage(predict):
    status, calls, told = predict('a', 'b')
    assert status != 0 and not calls
    assert 'usage: bash ' in told and 'TRAIN TEST SEED OUT' in told
