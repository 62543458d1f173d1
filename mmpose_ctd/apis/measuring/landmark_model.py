"""A trained model that finds the landmarks of faces in photographs."""

import copy
import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, MODELS, TRANSFORMS
from torch import nn

from mmpose_ctd.apis.config_file import parse_config
from mmpose_ctd.config_values import entry
from mmpose_ctd.datasets.transforms import FindMeshBox
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import measurements_of_set
from mmpose_ctd.input_framing import FINDERS, FRAMING_KEY, input_framing
from mmpose_ctd.trained import load_trained, refuse_framing_change

from .error_model import heatmap_spreads
from .framing import (
    Frame,
    Framing,
    cut_frame,
    frame_around,
    frame_by_template,
)

# The first pass finds the face's place, the second refines it, the third
# measures. The dense landmarks of a mesh place it at once.
_PASSES = 3


class Prediction(NamedTuple):
    """What the model finds in N frames.

    Attributes:
        points (np.ndarray): Landmarks (N, K, 2), pixels of the photograph.
        frames (list[Frame]): What the network saw of each photograph.
        spreads (dict[str, np.ndarray]): See :func:`.heatmap_spreads`, (N, K).
        features (np.ndarray): Pooled encoder features, (N, C).
    """

    points: np.ndarray
    frames: list
    spreads: dict
    features: np.ndarray

    @property
    def scales(self) -> np.ndarray:
        """Width of each frame in pixels of the photograph, (N,)."""
        return np.array([frame.width for frame in self.frames])


def locate(
    model: 'LandmarkModel',
    images: Sequence[np.ndarray],
    frames: Sequence[Frame],
    framing: Framing,
    sites: Sequence[str | None] | None = None,
) -> tuple[Prediction, np.ndarray]:
    """Find landmarks, frame the face by them, and repeat.

    The search starts at a frame in each of N photographs (H, W, 3), BGR, of
    ``sites``, see :meth:`LandmarkModel.predict`.
    Returns the last prediction, and how far the landmarks moved from the one
    before: root mean square in frame units, (N,). A model with a
    :class:`.FindMeshBox` predicts once, and nothing moves.
    """
    found = model.predict(images, frames, framing.crop_size, sites)
    if model.finds_mesh:
        return found, np.zeros(len(images))
    for _ in range(_PASSES - 1):
        before = found
        frames = [
            frame_by_template(
                framing.template, points, model.aspect, image.shape[1::-1]
            )
            for points, image in zip(found.points, images)
        ]
        found = model.predict(images, frames, framing.crop_size, sites)
    moves = (found.points - before.points) / found.scales[:, None, None]
    return found, np.sqrt((moves**2).sum(axis=-1).mean(axis=-1))


class LandmarkModel:
    """A trained heat-map model. Its teacher is not needed.

    Args:
        config (str or Config): Of the training; its ``test_dataloader`` says
            how a face becomes the network input.
        checkpoint (str): A ``.pth`` of the training; no code in it is run.
        device (str, optional): Defaults to the GPU if there is one.
        site (str, optional): Whose annotator's hand the landmarks follow, a
            site of its :class:`.SiteHeatmapHead`. Defaults to the mean of
            them.

    Attributes:
        names (list[str]): The K landmarks.
        measurements (tuple[Measurement]): What is measured between them.
        sites (tuple[str]): Sites that the model tells apart.
        metainfo (dict): Of the dataset that it was trained on.
        fingerprint (str): Of the weights; a calibration belongs to one.
        input_size (tuple[int, int]): Width and height of the network input.
        padding (float): Size of the network input in sizes of a face's box.
        face_box (optional): The pipeline's step that finds faces; or None.

    Raises:
        InputError: If the checkpoint does not fit the config, the config
            frames faces differently, the model does not know the site, or
            gives no heat-maps.

    Examples:
        >>> from mmpose_ctd.apis import LandmarkModel, measure
        >>> model = LandmarkModel('configs/myset.py', 'model.pth')
        ... # doctest: +SKIP
        >>> rows = measure(model, 'photographs')  # doctest: +SKIP
    """

    def __init__(
        self,
        config: str | Config,
        checkpoint: str,
        device: str | None = None,
        site: str | None = None,
    ) -> None:
        cfg = config
        if not isinstance(cfg, Config):
            cfg = parse_config(config)
        init_default_scope(cfg.get('default_scope', 'mmpose'))
        self.cfg = cfg
        model_cfg = copy.deepcopy(cfg.model)
        # The checkpoint has all weights.
        model_cfg.backbone.pop('init_cfg', None)
        self.model = MODELS.build(model_cfg)
        content = load_trained(
            self.model,
            checkpoint,
            'Give the config that the checkpoint was trained with.',
        )
        refuse_framing_change(checkpoint, content, cfg)
        self.trained = dict(meta=content.get('meta'))
        self.fingerprint = _fingerprint(self.model)
        # A copy: the config's own is written into reports.
        self.model.test_cfg = dict(
            self.model.test_cfg or {}, output_heatmaps=True
        )
        self.model.to(device or get_device()).eval()
        self.metainfo = _metainfo(content, cfg)
        self.names = list(self.metainfo['keypoint_name2id'])
        self.measurements = measurements_of_set(self.metainfo)
        self.sites = getattr(self.model.head, 'sites', ())
        self.site = site
        if site is not None and site not in self.sites:
            raise InputError(
                where=f'--site {site}',
                found='the sites that the model knows are '
                f'{", ".join(self.sites) or "none"}',
                expected='one of them; a model.head of type SiteHeatmapHead '
                'knows some',
                cure='Leave --site out.',
            )
        self._read_pipeline(cfg)
        self._features: list = []
        self.model.backbone.register_forward_hook(self._keep_features)
        # Refuse a head without heat-maps before a folder is read.
        width, height = self.input_size
        grey = np.full((height, width, 3), 128, np.uint8)
        self.predict([grey], [Frame(0, 0, width, height)], self.input_size)

    @property
    def finds_mesh(self) -> bool:
        """Whether dense landmarks frame the face."""
        return isinstance(self.face_box, FindMeshBox)

    def mesh_frame(self, image: np.ndarray) -> Frame | None:
        """The frame around the dense landmarks; None without a face."""
        found = self.face_box(dict(img=image)).get('bbox')
        return None if found is None else self.frame_of(found)

    def frame_of(self, bbox: np.ndarray) -> Frame:
        """The frame of a pipeline's box, x1, y1, x2, y2, (1, 4)."""
        x1, y1, x2, y2 = map(float, bbox[0])
        box = x1, y1, x2 - x1, y2 - y1
        return frame_around(box, self.aspect, self.padding)

    @property
    def aspect(self) -> float:
        """Height / width of the network input."""
        width, height = self.input_size
        return height / width

    def predict(
        self,
        images: Sequence[np.ndarray],
        frames: Sequence[Frame],
        crop_size: tuple[int, int],
        sites: Sequence[str | None] | None = None,
    ) -> Prediction:
        """Find the landmarks in frames of N photographs (H, W, 3), BGR.

        A frame has at most ``crop_size`` pixels before the pipeline. The
        photographs are of ``sites``, N names or None; default: all of the
        model's ``site``.

        Raises:
            InputError: If the head gives no heat-map for each landmark.
        """
        cuts = [cut_frame(*pair, crop_size) for pair in zip(images, frames)]
        sites = [self.site] * len(cuts) if sites is None else sites
        batch = pseudo_collate(
            [self._input(crop, site) for (crop, _), site in zip(cuts, sites)]
        )
        self._features.clear()
        try:
            with torch.inference_mode():
                samples = self.model.test_step(batch)
        except (NotImplementedError, AttributeError, KeyError) as error:
            raise self._no_heatmaps() from error
        points, heatmaps = [], []
        for sample, (crop, shown) in zip(samples, cuts):
            fields = sample.get('pred_fields')
            if fields is None or 'heatmaps' not in fields:
                raise self._no_heatmaps()
            heatmaps.append(fields.heatmaps.double().cpu())
            found = np.asarray(sample.pred_instances.keypoints[0], float)
            # The centre of the crop's first pixel is its (0, 0).
            points.append(shown.to_image((found[:, :2] + 0.5) / crop.shape[1]))
        heatmaps = torch.stack(heatmaps)
        if heatmaps.shape[:2] != (len(cuts), len(self.names)):
            raise InputError(
                where='model.head',
                found=f'{heatmaps.shape[1]} heat-maps for {len(self.names)} '
                'landmarks',
                expected='one for each (with the codec UDPHeatmap: '
                "heatmap_type='gaussian')",
            )
        return Prediction(
            points=np.stack(points),
            frames=[frame for _, frame in cuts],
            spreads={
                name: spread.numpy()
                for name, spread in heatmap_spreads(heatmaps).items()
            },
            # A flip test runs the backbone twice, first on the face itself.
            features=self._features[0][: len(cuts)],
        )

    def _read_pipeline(self, cfg: Config) -> None:
        """Take the test pipeline apart: loading, face search, the rest."""
        loader = cfg.get('test_dataloader') or cfg.get('val_dataloader') or {}
        dataset = loader.get('dataset') or {}
        steps = [dict(step) for step in dataset.get('pipeline') or []]
        kinds = [str(step.get('type')) for step in steps]
        if not (
            kinds.count('TopdownAffine')
            == kinds.count('GetBBoxCenterScale')
            == 1
        ):
            raise InputError(
                where='test_dataloader.dataset.pipeline',
                found=f'the steps {kinds}',
                expected='one GetBBoxCenterScale and one TopdownAffine',
            )
        framing = input_framing(dataset)
        self.input_size = tuple(framing['input_size'])
        self.padding = framing['padding']
        self.face_box = None
        for step, kind in zip(steps, kinds):
            if kind in FINDERS:
                # For whole photographs; a frame is cut out already.
                self.face_box = TRANSFORMS.build(step)
        self._pipeline = Compose(
            [
                step
                for step, kind in zip(steps, kinds)
                if not kind.startswith('Load')
                and kind not in ('GenerateTarget', *FINDERS)
            ]
        )

    def _input(self, crop: np.ndarray, site: str | None = None) -> dict:
        """A frame's pixels (h, w, 3) as the pipeline packs them."""
        height, width = crop.shape[:2]
        # The pipeline pads the box to the whole crop.
        size = np.array([width, height]) / self.padding
        centre = np.array([width, height]) / 2
        box = np.concatenate([centre - size / 2, centre + size / 2])
        packed = self._pipeline(
            dict(
                self.metainfo,
                img=crop,
                img_shape=(height, width),
                ori_shape=(height, width),
                img_path='',
                img_id=0,
                id=0,
                bbox=box[None].astype(np.float32),
                bbox_score=np.ones(1, np.float32),
            )
        )
        packed['data_samples'].set_metainfo(dict(site=site))
        return packed

    def _keep_features(self, module: nn.Module, inputs, outputs) -> None:
        last = outputs[-1] if isinstance(outputs, (tuple, list)) else outputs
        if isinstance(last, (tuple, list)):
            last = last[0]
        dims = tuple(range(2, last.dim()))
        pooled = last.mean(dims) if dims else last
        self._features.append(pooled.float().cpu().numpy())

    def _no_heatmaps(self) -> InputError:
        return InputError(
            where='model.head',
            found=f'a {type(self.model.head).__name__}, which gives no '
            'heat-maps',
            expected='a heat-map model, such as configs/frl_faces/'
            'ctd_ed_sface.py',
            cure='The shape of the peaks shows how uncertain a landmark is. '
            "MMPose's inference API gives bare landmarks of this model.",
        )


def _fingerprint(model: nn.Module) -> str:
    """SHA-256 of the weights, 32 digits."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def _metainfo(content: dict, cfg: Config) -> dict:
    """The dataset's metainfo, of the checkpoint or the config's data."""
    known = entry(content.get('meta'), 'dataset_meta')
    if not known or 'keypoint_name2id' not in known:
        loader = cfg.get('train_dataloader') or {}
        dataset = dict(loader.get('dataset') or {}, pipeline=[])
        try:
            known = DATASETS.build(dataset | dict(lazy_init=True)).metainfo
        except (InputError, KeyError, TypeError) as error:
            raise InputError(
                where='checkpoint',
                found='it does not name its landmarks, and the training data '
                f'of the config cannot be read ({error})',
                expected='one of the two',
            ) from error
    # Frames are cut here; a pipeline would search them for a face.
    return {
        key: value
        for key, value in known.items()
        if not key.startswith('_') and key != FRAMING_KEY
    }
