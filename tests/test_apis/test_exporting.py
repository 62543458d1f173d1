"""The exported program finds what the package finds."""

import dataclasses
import importlib.util
import json
import shutil
import subprocess
import sys
import types

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from measuring_toys import (
    NAMES,
    SIZE,
    TEMPLATE,
    photograph,
    spot_calibration,
)
from mmengine.config import Config
from mmengine.model import BaseModule
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import MODELS
from PIL import ExifTags, Image
from torch import nn

from mmpose_ctd import Landmarker
from mmpose_ctd.apis import export, measure
from mmpose_ctd.apis.exporting import landmarker
from mmpose_ctd.apis.measuring.calibration import Limits, ModelFacts
from mmpose_ctd.apis.measuring.error_model import LEVELS, ErrorModel
from mmpose_ctd.apis.measuring.familiarity import fit_appearance
from mmpose_ctd.apis.measuring.framing import frame_around
from mmpose_ctd.apis.measuring.landmark_model import LandmarkModel
from mmpose_ctd.datasets import face_mesh
from mmpose_ctd.datasets.landmark_names import landmark_metainfo
from mmpose_ctd.datasets.upright_image import read_upright
from mmpose_ctd.errors import InputError, MissingFileError

CODEC = dict(
    type='UDPHeatmap',
    input_size=(SIZE, SIZE),
    heatmap_size=(SIZE // 2, SIZE // 2),
    sigma=2.0,
)


@MODELS.register_module()
class SpotEncoder(BaseModule):
    """Smooth maps of how much of each of three colours there is."""

    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.colour = nn.Conv2d(3, 3, 1)
        self.act = nn.PReLU(3)
        self.colour.weight.data = (
            torch.eye(3) - 0.5 * (1 - torch.eye(3))
        ).reshape(3, 3, 1, 1)
        self.colour.bias.data[:] = -0.05
        self.act.weight.data = torch.tensor([0.01, 0.02, -0.01])

    def forward(self, x):
        maps = F.avg_pool2d(self.act(self.colour(x)), 2)
        kernel = cv2.getGaussianKernel(13, 2.0).astype(np.float32)
        kernel = torch.from_numpy(kernel @ kernel.T).repeat(3, 1, 1, 1)
        return (F.conv2d(maps, kernel, padding=6, groups=3),)


def spot_config(finder=(), decoder=CODEC, **changes):
    """A model that finds spots by their colours; its input is B, G, R."""
    pipeline = [
        dict(type='LoadLandmarkImage'),
        *finder,
        dict(type='GetBBoxCenterScale', padding=1.0),
        dict(type='TopdownAffine', input_size=(SIZE, SIZE), use_udp=True),
        dict(type='PackLandmarkInputs'),
    ]
    model = dict(
        type='CTDTopdownPoseEstimator',
        data_preprocessor=dict(
            type='PoseDataPreprocessor',
            mean=[128.0, 120.0, 136.0],
            std=[128.0, 127.0, 100.0],
        ),
        backbone=dict(type='SpotEncoder'),
        head=dict(
            type='HeatmapHead',
            in_channels=3,
            out_channels=3,
            deconv_out_channels=None,
            loss=dict(type='HeatmapFrobeniusLoss'),
            decoder=decoder,
        ),
    )
    return Config(
        dict(
            default_scope='mmpose',
            model=model | changes,
            test_dataloader=dict(dataset=dict(pipeline=pipeline)),
        )
    )


def spot_checkpoint(path, config, by_site=None):
    """Saves weights (S, K, 3): how each of S sites takes the colours."""
    if by_site is None:
        by_site = torch.eye(3)[None]
    model = MODELS.build(config.model)
    head = model.head
    head.final_layer.weight.data = by_site.mean(0)[..., None, None]
    head.final_layer.bias.data.zero_()
    if len(by_site) > 1:
        # And what mirror images differ by.
        by_side = by_site @ torch.rand(3, 3) / 10
        weight = torch.cat([by_site, by_side]).flatten(0, 1)
        head.site_layer.weight.data = weight[..., None, None]
    meta = dict(dataset_meta=parse_pose_metainfo(landmark_metainfo(NAMES)))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return str(path)


def calibrated(model, spread='entropy'):
    """Faces of the template are usual, with intervals by the heat-map."""
    toy = spot_calibration(face_box=None)
    random = np.random.default_rng(0)
    images = [spots(random)[0] for _ in range(8)]
    frames = [whole(image) for image in images]
    found = model.predict(images, frames, toy.framing.crop_size)
    errors = ErrorModel(
        spread,
        -0.3,
        1.2,
        dict(zip(NAMES, (0.1, 0.0, -0.2))),
        dict(zip(LEVELS, (1.2, 1.8, 2.4))),
    )
    faint = found.spreads['inverse_peak'].max()
    known = dataclasses.replace(
        toy.familiarity,
        appearance=fit_appearance(found.features),
        limits=Limits(200.0, 0.8, 25.0, 0.05, 1.5 * faint),
    )
    return dataclasses.replace(
        toy,
        model=ModelFacts(model.fingerprint, NAMES, (SIZE, SIZE)),
        landmark_errors=errors,
        familiarity=known,
    )


def whole(image):
    return frame_around((0, 0, *image.shape[1::-1]), 1.0)


def spots(random, size=(200, 160)):
    """A photograph of a face that is near the template, and its points."""
    zoom = random.uniform(60, 110)
    points = TEMPLATE + random.normal(0, 0.01, TEMPLATE.shape)
    points = points * zoom + random.uniform(0, 60, 2)
    return photograph(points, size), points


def program(folder):
    """The exported file, imported from where it lies."""
    spec = importlib.util.spec_from_file_location(
        'landmarker', folder / 'landmarker.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.OnnxLandmarker(folder)


@pytest.fixture(scope='module')
def photographs(tmp_path_factory):
    """Usual faces, turned, without a landmark, small, and cut at a side."""
    folder = tmp_path_factory.mktemp('photographs')
    random = np.random.default_rng(1)
    for i in range(4):
        size = (600, 460) if i == 1 else (200, 160)
        image, points = spots(random, size)
        cv2.imwrite(str(folder / f'{i}.png'), image)
    turn = cv2.getRotationMatrix2D(points.mean(0), 40, 1)
    turned = cv2.warpAffine(
        image, turn, (200, 160), borderValue=(128, 128, 128)
    )
    cv2.imwrite(str(folder / 'turned.png'), turned)
    cv2.imwrite(str(folder / 'empty.png'), photograph(points[:2]))
    small = cv2.resize(image, None, fx=0.2, fy=0.2)
    cv2.imwrite(str(folder / 'small.png'), small)
    cut = image[:, int(points[:, 0].min()) + 2 :]
    cv2.imwrite(str(folder / 'cut.png'), cut)
    return folder


def site_checkpoint(path):
    """Site b's annotator sets the third landmark at the second."""
    config = spot_config(test_cfg=dict(flip_test=True))
    config.model.head.update(type='SiteHeatmapHead', sites=['a', 'b', 'c'])
    by_site = torch.eye(3).repeat(3, 1, 1)
    by_site[1, 2] = by_site[1, 1]
    return config, spot_checkpoint(path, config, by_site)


def exported(tmp_path, photographs, spread='entropy', **settings):
    """Rows of the package, and what the program finds, by file."""
    config = spot_config(**settings)
    checkpoint = spot_checkpoint(tmp_path / 'model.pth', config)
    model = LandmarkModel(config, checkpoint, 'cpu')
    known = calibrated(model, spread)
    export(config, checkpoint, tmp_path / 'out', calibration=known)
    text = (tmp_path / 'out' / 'landmarker.py').read_text()
    # As docs/take_away.md says.
    assert text.count('\n') <= 200
    find = program(tmp_path / 'out')
    rows = {
        row['file']: row for row in measure(model, str(photographs), known)
    }
    return rows, {name: find(photographs / name) for name in rows}


@pytest.mark.parametrize(
    ('flip_test', 'spread'),
    [
        (False, 'entropy'),
        (True, 'moment'),
        (True, 'inverse_peak'),
        (False, 'none'),
    ],
)
def test_points_intervals_and_warnings_are_those_of_measure(
    flip_test, spread, tmp_path, photographs
):
    rows, faces = exported(
        tmp_path, photographs, spread, test_cfg=dict(flip_test=flip_test)
    )
    for name, row in rows.items():
        face = faces[name]
        assert face['status'] == row['status']
        assert all(one in row['remarks'] for one in face['reasons'])
        for words in ('the face has few pixels', 'outside the photograph'):
            assert (words in row['remarks']) == (words in face['reasons'])
        for one in NAMES:
            place = row[f'{one}_x_px'], row[f'{one}_y_px']
            assert face['landmarks'][one] == pytest.approx(place, abs=2e-3)
            if row['status'] == 'measured':
                radius = 2.4 * row[f'{one}_sd_px']
                assert face['radii'][one] == pytest.approx(radius, rel=1e-3)
    assert {face['status'] for face in faces.values()} == {
        'measured',
        'check',
    }
    assert not faces['turned.png']['radii']
    assert 'the face has few pixels' in faces['small.png']['reasons']
    assert 'outside the photograph' in faces['cut.png']['reasons']


@pytest.fixture
def two_faces(tmp_path, monkeypatch):
    """A folder; the landmarker of random weights sees faces anywhere.

    Its points follow the crop.
    """
    monkeypatch.setattr(face_mesh, 'LARGEST_MOVE', 10.0)
    torch.manual_seed(0)
    parts = dict(backbone='FaceLandmarkerV2', head='FaceLandmarkerV2Head')
    state = {
        f'{part}.{key}': value
        for part, kind in parts.items()
        for key, value in MODELS.build(dict(type=kind)).state_dict().items()
    }
    state['head.landmarks.bias'].uniform_(60, 200)
    state['head.presence.bias'][:] = 5
    torch.save(
        dict(state_dict=state, meta={}), tmp_path / 'face_landmarker.pth'
    )
    monkeypatch.setenv('CTD_CHECKPOINTS', str(tmp_path))
    (tmp_path / 'two').mkdir()
    return tmp_path / 'two'


def test_a_mesh_frames_faces_as_in_measure(two_faces, tmp_path, photographs):
    # Two are enough: the network is slow.
    for file in sorted(photographs.iterdir())[:2]:
        shutil.copy(file, two_faces)
    rows, faces = exported(
        tmp_path, two_faces, finder=[dict(type='FindMeshBox', side=1.3)]
    )
    for name, row in rows.items():
        # Of measures it knows nothing.
        status = row['status'].replace('imprecise', 'measured')
        assert faces[name]['status'] == status != 'no face found'
        for one in NAMES:
            place = row[f'{one}_x_px'], row[f'{one}_y_px']
            assert faces[name]['landmarks'][one] == pytest.approx(
                place, abs=5e-3
            )
    about = json.loads((tmp_path / 'out' / 'model.json').read_text())
    assert about['networks'] == ['landmarks', 'mesh']
    assert 'Apache-2.0' in [one['licence'] for one in about['sources']]
    # They follow the crop, as on a turned face.
    find = program(tmp_path / 'out')
    find.framing['mesh_moves'] = [0.0, 0.001]
    assert find(photographs / '0.png')['status'] == 'no face found'
    # It sees no face.
    find = program(tmp_path / 'out')
    points = np.zeros((1, 478, 3), np.float32)
    find.networks['mesh'] = types.SimpleNamespace(
        run=lambda *_: (points, [0.4])
    )
    face = find(photographs / '0.png')
    assert face['status'] == 'no face found'
    assert not face['landmarks']


def test_the_program_needs_neither_torch_nor_mmpose(tmp_path, photographs):
    exported(tmp_path, photographs)
    without = ('torch', 'mmpose', 'mmcv', 'mmengine', 'mmpose_ctd', 'scipy')
    code = (
        'import runpy, sys\n'
        f'sys.modules.update(dict.fromkeys({without}))\n'
        'sys.argv = sys.argv[1:]\n'
        'runpy.run_path(sys.argv[0], run_name="__main__")\n'
    )
    program = str(tmp_path / 'out' / 'landmarker.py')
    shown = 'absent.png', str(photographs / '0.png')
    done = subprocess.run(
        [sys.executable, '-c', code, program, *shown],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    absent, face = map(json.loads, done.stdout.splitlines())
    assert absent['status'] == 'unreadable'
    assert [*face['landmarks']] == NAMES


@pytest.mark.parametrize(
    'suffix', ['jpg', 'png', 'tif', 'bmp', 'webp', 'gif', 'avif']
)
@pytest.mark.parametrize('orientation', [None, 6])
def test_the_program_reads_photographs_upright_or_not(
    suffix, orientation, tmp_path
):
    pixels = np.full((40, 64, 3), 40, np.uint8)
    pixels[:12, :16] = 220
    file, exif = tmp_path / f'a.{suffix}', Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    saved = dict(exif=exif) if orientation else {}
    Image.fromarray(pixels).save(file, **saved)
    try:
        image = landmarker.read(file)
    except ValueError:
        # It may be turned.
        assert suffix in ('gif', 'avif') or (suffix == 'webp' and orientation)
        return
    # Windows' bitmaps have no EXIF.
    upright = pixels if suffix == 'bmp' else read_upright(file)
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).max() < 80


def test_what_cannot_be_exported_is_refused(tmp_path, photographs):
    config = spot_config()
    checkpoint = spot_checkpoint(tmp_path / 'model.pth', config)
    known = calibrated(LandmarkModel(config, checkpoint, 'cpu'))
    out = tmp_path / 'out'
    dark = dict(CODEC, type='MSRAHeatmap', unbiased=True)
    for other, where in (
        (spot_config(decoder=dark), 'decoder'),
        (
            spot_config(test_cfg=dict(flip_test=True, shift_heatmap=True)),
            'test_cfg',
        ),
    ):
        with pytest.raises(InputError) as refused:
            export(other, checkpoint, out, calibration=known)
        assert where in refused.value.where
        assert not out.exists()
    export(config, checkpoint, out, calibration=known)
    with pytest.raises(InputError, match='--overwrite'):
        export(config, checkpoint, out, calibration=known)
    export(config, checkpoint, out, calibration=known, overwrite=True)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(InputError, match=r'mmpose_ctd\[export\]'):
        export('config.py', 'model.pth', tmp_path / 'out')


def test_landmarks_follow_the_annotator_of_a_site(
    tmp_path, photographs, capsys
):
    trained = site_checkpoint(tmp_path / 'model.pth')
    models = {s: LandmarkModel(*trained, 'cpu', s) for s in ('a', 'b', None)}
    known = calibrated(models['a'])
    photo, found = photographs / '0.png', {}
    for site, model in models.items():
        out = tmp_path / str(site)
        export(*trained, out, calibration=known, site=site)
        face = Landmarker(*trained, known, site=site, device='cpu')(photo)
        capsys.readouterr()
        row, *_ = measure(model, str(photographs), known)
        assert ('--site' in capsys.readouterr().err) == (site is None)
        found[site] = [[row[f'{n}_{axis}_px'] for axis in 'xy'] for n in NAMES]
        place = row[f'{NAMES[2]}_x_px']
        assert face[f'{NAMES[2]}_x_px'] == pytest.approx(place, abs=1e-3)
        exported = [*program(out)(photo)['landmarks'].values()]
        np.testing.assert_allclose(exported, found[site], atol=2e-3)
    np.testing.assert_allclose(found['b'][2], found['b'][1], atol=1e-3)
    assert np.linalg.norm(np.subtract(found['b'], found['a'])[2]) > 10
    # A labelled face is of its own site.
    image, _ = spots(np.random.default_rng(2))
    first, second = (
        models[None]
        .predict(
            [image] * 2,
            [whole(image)] * 2,
            known.framing.crop_size,
            ['a', 'b'],
        )
        .points
    )
    np.testing.assert_allclose(first[:2], second[:2], atol=1e-3)
    np.testing.assert_allclose(second[2], first[1], atol=1e-3)


def test_a_landmarker_gives_the_row_of_the_table(tmp_path, photographs):
    config = spot_config()
    checkpoint = spot_checkpoint(tmp_path / 'iter_1.pth', config)
    model = LandmarkModel(config, checkpoint, 'cpu')
    known = calibrated(model)
    row, *_ = measure(model, str(photographs), known, mm_per_px=0.5)
    find = Landmarker(config, checkpoint, known, mm_per_px=0.5, device='cpu')
    face = find(photographs / row['file'])
    assert face == pytest.approx(row)
    assert {*face} == {*find.columns}
    image = cv2.imread(str(photographs / row['file']))
    assert find(image) == pytest.approx(row | dict(file=None))
    # The work dir of a training has config and checkpoint.
    config.dump(tmp_path / 'spots.py')
    again = Landmarker(str(tmp_path), calibration=known, device='cpu')
    x = f'{NAMES[0]}_x_px'
    assert again(photographs / row['file'])[x] == pytest.approx(row[x])


def test_a_landmarker_refuses_what_is_missing(tmp_path):
    config = spot_config()
    checkpoint = spot_checkpoint(tmp_path / 'model.pth', config)
    for arguments in ((config,), (config, 'absent.pth'), ('absent.py', 'x')):
        with pytest.raises(InputError):
            Landmarker(*arguments)
    # A site that the head does not know, or of a head without sites.
    for of, site in (
        (site_checkpoint(tmp_path / 'sites.pth'), 'd'),
        ((config, checkpoint), 'a'),
    ):
        with pytest.raises(InputError):
            LandmarkModel(*of, 'cpu', site)
    known = calibrated(LandmarkModel(config, checkpoint, 'cpu'))
    find = Landmarker(config, checkpoint, known, device='cpu')
    with pytest.raises(MissingFileError):
        find(tmp_path / 'absent.jpg')
    for array in (np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3))):
        with pytest.raises(InputError, match='BGR'):
            find(array)
