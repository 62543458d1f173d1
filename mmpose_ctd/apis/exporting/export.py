"""Writes a trained model as files that need neither torch nor MMPose."""

import hashlib
import inspect
import json
import os
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from torch import nn

from mmpose_ctd.apis.measuring.calibration import (
    REASONS,
    Calibration,
    read_calibration,
)
from mmpose_ctd.apis.measuring.framing import Framing
from mmpose_ctd.apis.measuring.labelled_faces import learned_framing
from mmpose_ctd.apis.measuring.landmark_model import LandmarkModel
from mmpose_ctd.apis.measuring.photographs import CROWDED, note_site
from mmpose_ctd.apis.teacher_files import PUBLISHED
from mmpose_ctd.config_values import component_name
from mmpose_ctd.datasets import face_mesh
from mmpose_ctd.datasets.face_detection import cascade_file
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from mmpose_ctd.version import __version__

from .network import OPSET, LandmarkNetwork, MeshNetwork, to_onnx

_JUDGED = ['deviations', 'faintness', 'unlikeness']
#: Largest difference between torch's and onnxruntime's numbers, as a share of
#: the largest.
_EQUAL = 1e-4
_VGGFACE2 = dict(
    weights="VGGFace2's ResNet-50 or SE-ResNet-50",
    licence='research only; may not be redistributed',
    homepage='https://www.robots.ox.ac.uk/~vgg/data/vgg_face2/',
)


def export(
    config: str | Config,
    checkpoint: str,
    out: str | os.PathLike,
    *,
    calibration: Calibration | str | None = None,
    site: str | None = None,
    overwrite: bool = False,
) -> dict:
    """Write a trained model as ONNX, with a program that runs it.

    The folder gets ``landmarks.onnx``, ``model.json``, ``landmarker.py``,
    OpenCV's face detector and, for a model that crops by
    :class:`.FindMeshBox`, ``mesh.onnx``. No teacher is needed. The program
    frames, predicts and judges as :func:`.measure`.

    Args:
        config (str or Config): Of the training.
        checkpoint (str): A ``.pth`` of it.
        out (str or os.PathLike): Folder to write.
        calibration (Calibration or str, optional): Of the model, or its file:
            intervals and warnings. Without it the training images must be
            there: they show how faces are framed.
        site (str, optional): See :class:`.LandmarkModel`.
        overwrite (bool): Whether to replace an earlier export. Defaults to
            False.

    Returns:
        dict: The content of ``model.json``.

    Raises:
        InputError: If the model cannot be exported, a package is missing, or
            the folder has files of these names.

    Examples:
        >>> export(
        ...     'configs/myset.py',
        ...     'model.pth',
        ...     'exported',
        ...     calibration='calibration.json',
        ... )  # doctest: +SKIP
    """
    onnx, onnxruntime = _packages()
    model = LandmarkModel(config, checkpoint, 'cpu', site)
    note_site(model)
    if isinstance(calibration, str):
        path, calibration = calibration, read_calibration(calibration)
        calibration.refuse_other_model(model, path)
    network = LandmarkNetwork(model, calibration)
    if calibration:
        framing = calibration.framing
    else:
        framing, _ = learned_framing(model)
    outputs = ['points', *(_JUDGED if calibration else []), 'heatmaps']
    networks = {'landmarks': (network, model.input_size, outputs)}
    if model.finds_mesh:
        mesh = MeshNetwork(face_mesh.FaceMesh(model.face_box.checkpoint))
        networks['mesh'] = mesh, (256, 256), ['mesh', 'presence']
    files = {}
    for name, (one, side, outputs) in networks.items():
        content = files[f'{name}.onnx'] = to_onnx(one, side, outputs)
        onnx.checker.check_model(onnx.load_model_from_string(content))
        _compare(onnxruntime.InferenceSession(content), one, side, name)
    files['face_detector.xml'] = Path(cascade_file()).read_bytes()
    files['landmarker.py'] = _program(model.finds_mesh).encode()
    about = _about(model, network, framing, calibration)
    about['networks'] = [*networks]
    about['files'] = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
    }
    text = json.dumps(about, indent=1, allow_nan=False, ensure_ascii=False)
    files['model.json'] = text.encode()
    out = Path(out)
    found = [name for name in files if (out / name).exists()]
    if found and not overwrite:
        raise InputError(
            where=str(out),
            found=f'{found[0]} exists',
            expected='a new folder',
            cure='Add --overwrite to replace an earlier export.',
        )
    out.mkdir(parents=True, exist_ok=True)
    # Without this file the folder is no model.
    (out / 'model.json').unlink(missing_ok=True)
    for name, content in files.items():
        write_whole(out / name, content)
    return about


def _packages() -> tuple:
    """The modules onnx and onnxruntime."""
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise InputError(
            where='mmpose_ctd export',
            found=str(error),
            expected='onnx and onnxruntime',
            cure='pip install "mmpose_ctd[export]", or in a clone: '
            'pip install -r requirements/export.txt',
        ) from error
    return onnx, onnxruntime


def _compare(session, network: nn.Module, side: tuple, name: str) -> None:
    """Refuse an ONNX file that computes something else, for 1 and 3 crops."""
    random = np.random.default_rng(0)
    width, height = side
    # Not the points: those of a flat heat-map are anywhere.
    output = 0 if name == 'mesh' else -1
    for number in (1, 3):
        crops = random.integers(0, 256, (number, height, width, 3), np.uint8)
        with torch.no_grad():
            expected = network(torch.from_numpy(crops))[output].numpy()
        found = session.run(None, dict(crops=crops))[output]
        if found.shape != expected.shape or not (
            np.abs(found - expected).max() <= _EQUAL * np.abs(expected).max()
        ):
            raise InputError(
                where=f'{name}.onnx',
                found='onnxruntime computes something else than torch',
                expected=f'numbers equal to {_EQUAL} of the largest',
                cure='Nothing was written. Please report this with your '
                'versions: mmpose_ctd doctor',
            )


def _program(mesh: bool) -> str:
    """``landmarker.py`` with the way of framing that is used."""
    # They import onnxruntime.
    from . import landmarker, mesh_landmarker

    text = inspect.getsource(landmarker)
    if mesh:
        other = mesh_landmarker.MeshLandmarker
        own = map(inspect.getsource, (other.locate, other.mesh))
        usual = inspect.getsource(landmarker.OnnxLandmarker.locate)
        text = text.replace(usual, '\n'.join(own))
    return text


def _about(
    model: LandmarkModel,
    network: LandmarkNetwork,
    framing: Framing,
    calibration: Calibration | None,
) -> dict:
    """What ``model.json`` says, but for its files."""
    codec = model.model.head.decoder
    shown = dict(
        by='mesh' if model.finds_mesh else 'template',
        finds_face=not model.finds_mesh and framing.face_box is not None,
        crop_size=list(framing.crop_size),
    )
    if model.finds_mesh:
        width, height = model.input_size
        shown['mesh_side'] = (
            model.face_box.side * model.padding * max(1, width / height)
        )
        shown['mesh_moves'] = [face_mesh.STEADY, face_mesh.LARGEST_MOVE]
    else:
        shown['face_box'] = framing.face_box
        template = framing.template
        shown['template'] = np.where(
            np.isnan(template), None, template
        ).tolist()
    config = model.cfg.filename
    return dict(
        format='mmpose_ctd landmarker',
        version=1,
        made_by=f'mmpose_ctd {__version__}',
        research_tool='not a medical device',
        config=os.path.basename(config) if config else None,
        weights=model.fingerprint,
        site=model.site,
        landmarks=model.names,
        opset=OPSET,
        input='crops: uint8, (N, height, width, 3), B, G, R',
        output='points: x, y in pixels of the crop, decoded in the network; '
        'heatmaps',
        input_size=list(model.input_size),
        framing=shown,
        # What the network does with a crop.
        normalisation=dict(
            order='rgb' if network.normalise.swaps else 'bgr',
            mean=network.normalise.mean.ravel().tolist(),
            std=network.normalise.std.ravel().tolist(),
        ),
        decoding=dict(
            type='UDPHeatmap (DARK)',
            heatmap_size=list(codec.heatmap_size),
            blur_kernel_size=codec.blur_kernel_size,
        ),
        flip_test=network.partners is not None,
        flip_partners=network.partners,
        calibration=calibration and _calibration(calibration),
        sources=_sources(model),
    )


def _calibration(calibration: Calibration) -> dict:
    """The numbers that the program needs; the others are in the network."""
    errors = calibration.landmark_errors
    said = calibration.about
    return dict(
        faces=said.get('validation_faces'),
        subjects=said.get('validation_subjects'),
        spread=errors.spread,
        radius_95=errors.radii[0.95],
        unsteadiness=calibration.familiarity.limits.unsteadiness,
        reasons=[*REASONS.values()],
        crowded=CROWDED,
    )


def _sources(model: LandmarkModel) -> list[dict]:
    """Published weights that the model started from, or has in it."""
    cfg = model.cfg.model
    backbone = cfg.get('backbone') or {}
    files = [(cfg.get('teacher') or {}).get('checkpoint')]
    files.append((backbone.get('init_cfg') or {}).get('checkpoint'))
    if model.finds_mesh:
        files.append('face_landmarker.pth')
    found = []
    for file in filter(None, files):
        name = os.path.basename(str(file))
        known = [m for m in PUBLISHED.values() if m.checkpoint == name]
        if known:
            (one,) = known
            found.append(
                dict(
                    weights=one.title,
                    licence=one.license,
                    homepage=one.homepage,
                )
            )
        elif component_name(backbone).startswith('VGGFace2'):
            found.append(_VGGFACE2)
        else:
            found.append(dict(weights=name, licence='unknown: ask its source'))
    return [one for i, one in enumerate(found) if one not in found[:i]]
