"""The code in the tutorials runs."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest
import torch
from config_checks import check_two_iterations
from config_set import write_faces, write_sface
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import MODELS

from mmpose_ctd.apis import make_splits, new_config
from mmpose_ctd.datasets.synthetic import make_synthetic_faces

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = ROOT / 'docs' / 'tutorials'
TRAINED = 'work_dirs/practice/iter_150.pth'


@pytest.fixture
def own_parts(tmp_path, monkeypatch):
    """What the tutorial for users of MMPose has them save."""
    text = (TUTORIALS / 'mmpose.md').read_text('utf-8')
    parts, config = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    base = str(ROOT / 'configs' / 'frl_faces')
    (tmp_path / 'my_parts.py').write_text(parts)
    (tmp_path / 'mine.py').write_text(config.replace('./frl_faces', base))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ('MyRecogniser', 'GramLoss'):
        MODELS._module_dict.pop(name, None)


def test_own_teacher_student_and_regulariser_train(own_parts, monkeypatch):
    monkeypatch.setenv('CTD_DATA_ROOT', str(write_faces(own_parts)))
    config = Config.fromfile('mine.py')
    teacher = MODELS.build(config.model.teacher.backbone)
    keys = {f'module.{k}': v for k, v in teacher.state_dict().items()}
    Path('checkpoints').mkdir()
    torch.save(keys, 'checkpoints/recogniser.pth')
    check_two_iterations(lambda _: config, 'mine.py', own_parts / 'work')
    saved = next((own_parts / 'work').glob('iter_2.pth'))
    state = torch.load(saved, weights_only=False)['state_dict']
    assert {key.split('.')[0] for key in state} == {'backbone', 'head'}


@pytest.fixture
def practice(tmp_path, monkeypatch):
    """What the tutorial for clinics leaves, but hardly trained."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('CTD_CHECKPOINTS', str(tmp_path))
    write_sface(tmp_path)
    make_synthetic_faces('data/practice', 12, size=64)
    make_splits('data/practice', force=True)
    make_synthetic_faces('new', 3, size=96, seed=1)
    new_config('practice.py', 'ctd_ed_sface', 'data/practice', input_size=64)
    config = Config.fromfile('practice.py')
    config.merge_from_dict(
        dict(work_dir='work_dirs/practice', log_level='ERROR')
    )
    config.val_cfg = config.val_dataloader = config.val_evaluator = None
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=1)
    config.train_dataloader.update(
        batch_size=2, num_workers=0, persistent_workers=False
    )
    config.default_hooks.checkpoint.pop('save_best', None)
    Runner.from_cfg(config).train()
    Path('work_dirs/practice/iter_1.pth').rename(TRAINED)


def test_the_notebook_runs(practice, monkeypatch):
    monkeypatch.setattr(plt, 'show', lambda: None)
    notebook = nbformat.read(TUTORIALS / 'landmarks.ipynb', as_version=4)
    names = {}
    for cell in notebook.cells:
        if cell.cell_type == 'code':
            exec(cell.source, names)
    plt.close('all')
    assert names['points'].shape == (19, 2)
    assert len(names['table']) == 3
