"""What the configs look for: faces in every set's place, and teachers."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
from faceres_files import write_faceres
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.registry import MODELS
from sface_file import make_sface
from tflite_file import face_landmarker_bytes, task_bytes

from mmpose_ctd.datasets.synthetic import make_synthetic_faces
from mmpose_ctd.models.teachers.face_landmarker_checkpoint import (
    convert_face_landmarker,
)
from mmpose_ctd.models.teachers.faceres_checkpoint import convert_faceres
from mmpose_ctd.models.teachers.sface_checkpoint import convert_sface

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'
STUDY = ROOT / 'projects' / 'frl_study' / 'configs'


def write_faces(root: Path) -> Path:
    """Synthetic faces where each config looks for its own set."""
    faces = make_synthetic_faces(root / 'synthetic_faces', 12, size=64)
    splits = faces / 'splits'
    names = max(splits.glob('train_n*_seed0.txt')).read_text()
    for split in ('train', 'train_n020_seed0', 'train_n142_seed0'):
        (splits / f'{split}.txt').write_text(names)
    _write_unlabelled(faces, set(names.split()))
    _write_mesh(faces)
    own = faces / 'annotations' / 'landmarks.json'
    own.write_text((faces / 'annotations' / 'landmarks19.json').read_text())
    for name in ('frl_faces', 'cifasd'):
        (root / name).symlink_to(faces)
    return root


def _write_unlabelled(faces: Path, subjects: set[str]) -> None:
    """Some people's images once more, without labels."""
    labelled = faces / 'annotations' / 'landmarks19.json'
    images = []
    for image in json.loads(labelled.read_text())['images']:
        if image['subject'] in subjects:
            name = f'again_{image["file_name"]}'
            source = faces / 'images' / image['file_name']
            shutil.copy(source, faces / 'images' / name)
            images.append(dict(image, file_name=name))
    unlabelled = faces / 'annotations' / 'unlabelled.json'
    unlabelled.write_text(json.dumps(dict(images=images)))


def _write_mesh(faces: Path) -> None:
    """The same images with as many landmarks as mesh_landmarks.py."""
    content = json.loads(
        (faces / 'annotations' / 'landmarks19.json').read_text()
    )
    for one in content['annotations']:
        one['keypoints'] = (one['keypoints'] * 6)[: 3 * 98]
        one['num_keypoints'] = 98
    content['categories'][0]['keypoints'] = [
        f'mesh_{i // 2}_{"RL"[i % 2]}' for i in range(98)
    ]
    (faces / 'annotations' / 'mesh.json').write_text(json.dumps(content))


def write_mesh_start(root: Path) -> None:
    """What mesh_landmarks.py leaves, with random weights."""
    name = STUDY / 'recipe' / 'mesh_landmarks.py'
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = MODELS.build(Config.fromfile(name).model)
    content = dict(state_dict=model.state_dict(), meta={})
    torch.save(content, root / 'mesh_landmarks.pth')


def write_sface(root: Path) -> None:
    """SFace with random weights, converted as a user would."""
    onnx.save(make_sface(), root / 'sface.onnx')
    convert_sface(root / 'sface.onnx', root / 'sface.pth')


def write_face_landmarker(root: Path) -> None:
    """MediaPipe's network with random weights, converted as a user would."""
    (root / 'v2.task').write_bytes(task_bytes(face_landmarker_bytes()))
    convert_face_landmarker(root / 'v2.task', root / 'face_landmarker.pth')


def any_points(image, **_):
    """478 points within an image, other ones for each.

    For `face_mesh.mesh_points`: a network of random weights sees no face.
    """
    random = np.random.default_rng(int(image.sum()))
    return random.uniform(0.2, 0.8, (478, 3)) * image.shape[1]


def write_faceres_teacher(root: Path) -> None:
    """FaceRes with random weights, converted as a user would."""
    convert_faceres(write_faceres(root), root / 'faceres.pth')


def write_mixing_teachers(root: Path) -> None:
    """Random networks in the form of what configs/mixing asks for.

    The classifier is built by mmpretrain alone. The landmark network's file
    names its head as MMPose 0.x did.
    """
    torch.manual_seed(0)
    config = Config.fromfile(CONFIGS / 'mixing' / 'mmpretrain_teacher.py')
    teacher = config.model.teacher
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        parts = {
            part: MODELS.build(teacher[part]).state_dict()
            for part in ('backbone', 'head')
        }
    _save(root / Path(teacher.checkpoint).name, parts)
    config = Config.fromfile(CONFIGS / 'mixing' / 'mmpose_teacher.py')
    teacher = config.model.teacher
    parts = {
        'backbone': MODELS.build(teacher.backbone).state_dict(),
        'keypoint_head': {'final_layer.weight': torch.zeros(98, 270, 1, 1)},
    }
    _save(root / Path(teacher.checkpoint).name, parts)


def _save(path: Path, parts: dict[str, dict]) -> None:
    state = {
        f'{part}.{key}': value
        for part, own in parts.items()
        for key, value in own.items()
    }
    torch.save(dict(meta={}, state_dict=state), path)
