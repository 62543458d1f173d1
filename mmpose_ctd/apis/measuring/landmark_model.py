"""A trained model that tells landmarks, heat-maps and features of a face."""

import copy
import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, MODELS, TRANSFORMS
from torch import nn

from mmpose_ctd.config_values import entry
from mmpose_ctd.errors import InputError
from mmpose_ctd.framing import FRAMING_KEY
from mmpose_ctd.trained import load_trained, refuse_framing_change

from .framing import Frame, cut_frame
from .heatmap_spread import heatmap_spreads

__all__ = ['LandmarkModel', 'Prediction']


class Prediction(NamedTuple):
    """What the model says of N framed faces.

    Attributes:
        units (np.ndarray): Landmarks (N, K, 2) in frame units.
        points (np.ndarray): Landmarks (N, K, 2), pixels of the photograph.
        frames (list[Frame]): What the network saw of each photograph.
        spreads (dict[str, np.ndarray]): See :func:`.heatmap_spreads`, (N, K).
        features (np.ndarray): Pooled encoder features, (N, C).
    """

    units: np.ndarray
    points: np.ndarray
    frames: list
    spreads: dict
    features: np.ndarray

    @property
    def scales(self) -> np.ndarray:
        """Pixels of the photograph in a frame's width, (N,)."""
        return np.array([frame.width for frame in self.frames])


class LandmarkModel:
    """A trained heat-map model, its teacher neither built nor needed.

    Args:
        cfg (Config): Of the training; its ``test_dataloader`` says how a
            face becomes the network input.
        checkpoint (str): Of the training; read without running code from it.
        device (str): Where it runs. Defaults to ``'cpu'``.

    Raises:
        InputError: If the checkpoint does not fit the config, the config
            frames faces otherwise, or the model gives no heat-maps.
    """

    def __init__(
        self, cfg: Config, checkpoint: str, device: str = 'cpu'
    ) -> None:
        init_default_scope(cfg.get('default_scope', 'mmpose'))
        self.cfg = cfg
        model_cfg = copy.deepcopy(cfg.model)
        # Nothing of these is used; MMPose's init_model drops it as well.
        model_cfg.backbone.pop('init_cfg', None)
        self.model = MODELS.build(model_cfg)
        content = load_trained(
            self.model,
            checkpoint,
            'Give the config that the checkpoint was trained with.',
        )
        refuse_framing_change(checkpoint, content, cfg)
        #: What the checkpoint says of its training.
        self.trained = dict(meta=content.get('meta'))
        self.fingerprint = _fingerprint(self.model)
        # A copy: the config's own is written into reports.
        self.model.test_cfg = dict(
            self.model.test_cfg or {}, output_heatmaps=True
        )
        self.model.to(device).eval()
        self.metainfo = _metainfo(content, cfg)
        self.names = list(self.metainfo['keypoint_name2id'])
        self.pipeline = _Pipeline(cfg)
        self._features: list = []
        self.model.backbone.register_forward_hook(self._keep_features)
        self._probe()

    @property
    def aspect(self) -> float:
        """Height of the network input divided by its width."""
        width, height = self.pipeline.input_size
        return height / width

    def _keep_features(self, module: nn.Module, inputs, outputs) -> None:
        last = outputs[-1] if isinstance(outputs, (tuple, list)) else outputs
        if isinstance(last, (tuple, list)):
            last = last[0]
        dims = tuple(range(2, last.dim()))
        pooled = last.mean(dims) if dims else last
        self._features.append(pooled.float().cpu().numpy())

    def _probe(self) -> None:
        """Refuse a head without heat-maps before a folder is read."""
        width, height = self.pipeline.input_size
        grey = np.full((height, width, 3), 128, np.uint8)
        self.predict([grey], [Frame(0, 0, width, height)], (width, height))

    def predict(
        self,
        images: Sequence[np.ndarray],
        frames: Sequence[Frame],
        crop_size: tuple[int, int],
    ) -> Prediction:
        """Find the landmarks in frames of photographs.

        Args:
            images (Sequence[np.ndarray]): N photographs (H, W, 3), BGR.
            frames (Sequence[Frame]): What the network sees of each.
            crop_size (tuple[int, int]): Pixels (width, height) to which a
                frame is averaged down before the pipeline, see
                :func:`.cut_frame`.

        Raises:
            InputError: If the head gives no heat-map for each landmark.
        """
        cuts = [cut_frame(*pair, crop_size) for pair in zip(images, frames)]
        batch = pseudo_collate(
            [self.pipeline(crop, self.metainfo) for crop, _ in cuts]
        )
        self._features.clear()
        try:
            with torch.inference_mode():
                samples = self.model.test_step(batch)
        except (NotImplementedError, AttributeError, KeyError) as error:
            raise self._no_heatmaps() from error
        units, heatmaps = [], []
        for sample, (crop, _) in zip(samples, cuts):
            fields = sample.get('pred_fields')
            if fields is None or 'heatmaps' not in fields:
                raise self._no_heatmaps()
            heatmaps.append(fields.heatmaps.float().cpu().numpy())
            points = np.asarray(sample.pred_instances.keypoints[0], float)
            # The centre of the crop's first pixel is its (0, 0).
            units.append((points[:, :2] + 0.5) / crop.shape[1])
        heatmaps = np.stack(heatmaps)
        if heatmaps.shape[:2] != (len(cuts), len(self.names)):
            raise InputError(
                f'model.head gives {heatmaps.shape[1]} heat-maps for '
                f'{len(self.names)} landmarks. Measuring needs one for each '
                "(of the codec UDPHeatmap: heatmap_type='gaussian')."
            )
        shown = [frame for _, frame in cuts]
        return Prediction(
            units=np.stack(units),
            points=np.stack([f.to_image(u) for f, u in zip(shown, units)]),
            frames=shown,
            spreads=heatmap_spreads(heatmaps),
            # A flip test runs the backbone twice; the first is the face.
            features=self._features[0][: len(cuts)],
        )

    def _no_heatmaps(self) -> InputError:
        head = type(self.model.head).__name__
        return InputError(
            f'model.head is a {head}, which gives no heat-maps: what their '
            'peaks look like is how the uncertainty is told. Measure with a '
            'heat-map model, such as configs/frl_faces/ctd_ed_sface.py; '
            "MMPose's inference API gives bare landmarks of this one."
        )


class _Pipeline:
    """The test pipeline of a config, behind its loading."""

    def __init__(self, cfg: Config) -> None:
        loader = cfg.get('test_dataloader') or cfg.get('val_dataloader') or {}
        steps = (loader.get('dataset') or {}).get('pipeline') or []
        steps = [dict(step) for step in steps]
        crops = [s for s in steps if s.get('type') == 'TopdownAffine']
        boxes = [s for s in steps if s.get('type') == 'GetBBoxCenterScale']
        if len(crops) != 1 or len(boxes) != 1:
            raise InputError(
                'test_dataloader.dataset.pipeline: expected one '
                'GetBBoxCenterScale and one TopdownAffine, found the steps '
                f'{[s.get("type") for s in steps]}.'
            )
        self.input_size = tuple(int(s) for s in crops[0]['input_size'])
        self.padding = float(boxes[0].get('padding', 1.25))
        # Looks for the face in whole photographs, not in a face's frame.
        self.face_box = next(
            (
                TRANSFORMS.build(step)
                for step in steps
                if step.get('type') == 'FindFaceBox'
            ),
            None,
        )
        self._run = Compose(
            [
                s
                for s in steps
                if not _loads(s) and s.get('type') != 'FindFaceBox'
            ]
        )

    def __call__(self, crop: np.ndarray, metainfo: dict) -> dict:
        height, width = crop.shape[:2]
        # The pipeline pads the box to the whole crop.
        size = np.array([width, height]) / self.padding
        centre = np.array([width, height]) / 2
        box = np.concatenate([centre - size / 2, centre + size / 2])
        sample = dict(
            img=crop,
            img_shape=(height, width),
            ori_shape=(height, width),
            img_path='',
            img_id=0,
            id=0,
            bbox=box[None].astype(np.float32),
            bbox_score=np.ones(1, np.float32),
        )
        return self._run(dict(metainfo, **sample))


def _loads(step: dict) -> bool:
    return str(step.get('type')).startswith('Load') or (
        step.get('type') == 'GenerateTarget'
    )


def _fingerprint(model: nn.Module) -> str:
    """SHA-256 of the weights, by which a calibration knows its model."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def _metainfo(content: dict, cfg: Config) -> dict:
    """What the checkpoint says of its landmarks, else the config's data."""
    known = entry(content.get('meta'), 'dataset_meta')
    if not known or 'keypoint_name2id' not in known:
        loader = cfg.get('train_dataloader') or {}
        dataset = dict(loader.get('dataset') or {}, pipeline=[])
        try:
            known = DATASETS.build(dataset | dict(lazy_init=True)).metainfo
        except (InputError, KeyError, TypeError) as error:
            raise InputError(
                'The checkpoint does not name its landmarks, and the '
                'training data of the config, which would, cannot be read '
                f'({error}).'
            ) from error
    return {
        k: v
        for k, v in known.items()
        # Frames are cut here, where a pipeline would look for the face.
        if not k.startswith('_') and k != FRAMING_KEY
    }
