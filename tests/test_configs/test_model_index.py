"""The model index agrees with the configs."""

from functools import cache
from pathlib import Path

import pytest
import torch
import yaml
from mmengine.config import Config
from mmpose.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]
INDEX = yaml.safe_load((ROOT / 'model-index.yml').read_text())
FILES = [yaml.safe_load((ROOT / name).read_text()) for name in INDEX['Import']]
ENTRIES = {
    model['Config']: model for file in FILES for model in file['Models']
}
TEACHERS = {
    'sface.pth': 'SFace',
    'face_landmarker.pth': 'MediaPipe face landmarker V2',
    'faceres.pth': 'FaceRes',
    'vggface2_resnet50.pth': "VGGFace2's ResNet-50",
    'hrnetv2_w18_wflw_256x256-2bf032a6_20210125.pth': 'HRNetV2-W18 (WFLW)',
    'resnet50_8xb32_in1k_20210831-ea4938fc.pth': 'ResNet-50 (ImageNet)',
}


def test_it_has_each_config_once():
    configs = {
        str(path.relative_to(ROOT))
        for folder in ('', 'frl_faces', 'mixing')
        for path in (ROOT / 'configs' / folder).glob('*.py')
    }
    models = [model for file in FILES for model in file['Models']]
    assert configs == set(ENTRIES)
    assert len({model['Name'] for model in models}) == len(models)
    collections = {c['Name'] for f in FILES for c in f.get('Collections', ())}
    assert {model['In Collection'] for model in models} == collections


@cache
def parameters(part: str) -> int:
    """Of a part of a model, by its config as text."""
    config = Config.fromstring(part, '.py').part
    config.pop('init_cfg', None)
    # Without memory and random numbers for the weights.
    with torch.device('meta'):
        built = MODELS.build(config)
    return sum(p.numel() for p in built.parameters())


@pytest.mark.parametrize('name', ENTRIES)
def test_network_and_teacher_are_the_configs(name):
    facts = ENTRIES[name]['Metadata']
    model = Config.fromfile(ROOT / name).model
    size = sum(
        parameters(Config(dict(part=model[part])).dump())
        for part in ('backbone', 'neck', 'head')
        if model.get(part)
    )
    assert facts['Parameters'] == size
    checkpoint = Path((model.get('teacher') or {}).get('checkpoint', '')).name
    assert facts['Teacher'] == TEACHERS.get(checkpoint, 'none')
