"""mmpose_ctd teacher-recognition as a user types it."""

import re

import pytest
from tool_server import ROOT, run_tool
from toy_models import model_config, teacher_file
from toy_tool import write_toy_config

from mmpose_ctd.models.teachers.sface_checkpoint import convert_sface

pytestmark = pytest.mark.slow


def call(place, *arguments, **environment):
    tool = 'teacher_recognition.py'
    return run_tool(tool, *arguments, cwd=place, **environment)


def test_it_prints_a_line_for_each_output(tmp_path):
    teacher_file(tmp_path / 'teacher.pth')
    write_toy_config(tmp_path / 'toy.py', model_config('teacher.pth'))
    done = call(tmp_path, 'toy.py')
    assert done.returncode == 0, done.stderr
    assert '8 images, 8 of a subject with others' in done.stdout
    for name in ('map 1', 'map 2', 'final'):
        # By chance: the one other image of seven.
        assert re.search(rf'{name}\W+[\d.]+%\W+14\.3%', done.stdout)
    assert not (tmp_path / 'work').exists()


def test_what_is_wrong_is_told_in_a_line(tmp_path):
    write_toy_config(tmp_path / 'toy.py', model_config(teacher=None))
    done = call(tmp_path, 'toy.py')
    assert done.returncode == 2 and 'Traceback' not in done.stderr
    assert 'model.teacher: not set' in done.stderr


@pytest.mark.real_data
def test_sface_knows_real_people_and_random_weights_fewer(
    shared_root, tmp_path
):
    source = shared_root / 'teachers' / 'face_recognition_sface_2021dec.onnx'
    convert_sface(source, tmp_path / 'sface.pth')
    found = {}
    for kind in ('SourceModel', 'RandomSourceModel'):
        done = call(
            ROOT,
            'projects/frl_study/configs/recipe/unlabelled.py',
            *('--cfg-options', f'model.teacher.type={kind}'),
            *('framing.face_side=1.1', 'framing.input_size=112'),
            'train_dataloader.dataset.split=splits/train_n142_seed0.txt',
            *('train_dataloader.num_workers=0',),
            CTD_DATA_ROOT=str(shared_root / 'data'),
            CTD_CHECKPOINTS=str(tmp_path),
        )
        assert done.returncode == 0, done.stderr
        assert '214 images, 144 of a subject with others' in done.stdout
        found[kind] = float(
            re.search(r'final\W+([\d.]+)%', done.stdout).group(1)
        )
    assert found['SourceModel'] > 75 > 25 > found['RandomSourceModel']
