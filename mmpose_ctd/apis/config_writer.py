"""Writes a complete config for a prepared set."""

import inspect
import os
import re
from pathlib import Path
from unittest import mock

from mmengine.config import Config
from mmengine.runner import Runner

from mmpose_ctd.cli import tools_folder
from mmpose_ctd.datasets.annotation_file import find_annotation_file
from mmpose_ctd.datasets.landmark_file import LandmarkFile
from mmpose_ctd.datasets.partly_labelled import unlabelled_images
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.files import write_whole
from mmpose_ctd.framing import merge_options
from mmpose_ctd.version import __version__

from .config_file import parse_config

# Arguments of MMPose's heads that hold K.
_WIDTHS = ('out_channels', 'num_joints')
# Stands for the variable of the environment, which the new file reads, too.
_FOLDER = '<CTD_CHECKPOINTS>'
_VARIABLE = '{{$CTD_CHECKPOINTS:checkpoints}}'
# Settings: the Runner's, its config's others, MMPose's and this package's.
_READ = {
    *inspect.signature(Runner.__init__).parameters,
    *('auto_scale_lr', 'custom_imports', 'find_unused_parameters'),
    *('model_wrapper_cfg', 'data_mode', 'framing', 'num_keypoints'),
}


def new_config(
    out: str | os.PathLike,
    base: str,
    data_root: str | os.PathLike,
    *,
    input_size: int | None = None,
    face_side: float | None = None,
) -> Config:
    """Write a config that trains on a prepared set and needs no other file.

    Args:
        out (str or PathLike): The new ``.py`` file.
        base (str): The config to start from: a file, or a name such as
            ``'ctd_ed_sface'`` of those that come with this package.
        data_root (str or PathLike): A set of ``mmpose_ctd prepare`` with the
            splits of ``mmpose_ctd split``.
        input_size (int, optional): Side of the square input in pixels.
            Defaults to the base's.
        face_side (float, optional): Side of the crop in widths of the
            detected face; 0 is the whole image. Defaults to the base's.

    Returns:
        Config: What was written.

    Raises:
        MissingFileError: If there is no such base, no set or no training
            split.
        InputError: If ``out`` exists, or the base has no ``num_keypoints``.

    Examples:
        >>> new_config(
        ...     'configs/myset.py', 'ctd_ed_sface', 'data/myset', face_side=1.1
        ... )  # doctest: +SKIP
    """
    out, root = Path(out), Path(data_root)
    if out.exists():
        raise InputError(
            where=str(out),
            found='the file exists',
            cure='Name another, or remove it first.',
        )
    with mock.patch.dict(os.environ, CTD_CHECKPOINTS=_FOLDER):
        cfg = parse_config(_base_file(base))
    splits = {
        part: f'splits/{part}.txt'
        for part in ('train', 'val', 'test')
        if part != 'val' or (root / 'splits' / 'val.txt').is_file()
    }
    use_set(cfg, root, splits, base)
    chosen = dict(input_size=input_size, face_side=face_side)
    merge_options(
        cfg,
        {f'framing.{k}': v for k, v in chosen.items() if v is not None},
    )
    text = _text(cfg).replace(_FOLDER, _VARIABLE)
    text = (
        f'# Made by `mmpose_ctd init --from {Path(base).stem}`, version '
        f'{__version__}.\n{text}'
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, text.encode())
    return parse_config(out)


def use_set(
    cfg: Config, root: Path, splits: dict[str, str], base: str
) -> None:
    """Train and test a config on a prepared set; changes it in place.

    The head gets the set's landmarks and, if it asks for them, its sites; a
    config that uses photographs without labels gets the set's own.

    Args:
        cfg (Config): Of a training.
        root (Path): The set.
        splits (dict[str, str]): ``train``, ``test`` and perhaps ``val`` -> a
            split file, relative to the set. Without ``val`` nothing is
            validated.
        base (str): The config's name, for errors.

    Raises:
        MissingFileError: If there is no set or no such split.
        InputError: If the config has no ``num_keypoints``.
    """
    ann_file = find_annotation_file(root)
    file = LandmarkFile.read(str(root / ann_file))
    _set_width(cfg, len(file.names), base)
    _set_data(cfg, root, ann_file, splits, len(file.names))
    _set_sites(cfg, file)
    _set_unlabelled(cfg, file, root)


def _text(cfg: Config) -> str:
    """The settings that something reads, and the set's folder once.

    A variable such as ``train_pipeline`` has done its work: changing it in
    the new file would change nothing.
    """
    cfg = cfg.copy()
    folder = cfg.pop('data_root')
    for key in {*cfg} - _READ:
        cfg.pop(key)
    # The formatter breaks the line of a long path.
    once = rf'data_root=\s*{re.escape(repr(folder))}'
    named = re.sub(once, 'data_root=data_root', cfg.pretty_text)
    return f'data_root = {folder!r}\n{named}'


def _base_file(base: str) -> str:
    if os.path.isfile(base):
        return base
    folder = tools_folder().parent / 'configs'
    files = {
        path.stem: str(path)
        for place in ('mixing', 'frl_faces', '.')
        for path in sorted((folder / place).glob('*.py'))
    }
    name = base.removesuffix('.py')
    if name not in files:
        raise MissingFileError(
            where=f'--from {base}',
            found='there is no such config',
            expected=f'a file, or one of {", ".join(sorted(files))}',
        )
    return files[name]


def _set_width(cfg: Config, num_keypoints: int, base: str) -> None:
    """Give the head the number of landmarks of the set."""
    before = cfg.get('num_keypoints')
    head = cfg.model.head
    widths = [key for key in _WIDTHS if key in head and head[key] == before]
    if before is None or not widths:
        raise InputError(
            where=f'--from {base}',
            found='the number of landmarks is not a setting of this config',
            expected='num_keypoints, and a head that has it as '
            f'{" or ".join(_WIDTHS)}',
        )
    for key in widths:
        head[key] = num_keypoints
    cfg.num_keypoints = num_keypoints


def _set_data(
    cfg: Config, root: Path, ann_file: str, splits: dict, num_keypoints: int
) -> None:
    missing = [file for file in splits.values() if not (root / file).is_file()]
    if missing:
        raise MissingFileError(
            where=str(root),
            found=f'there is no {missing[0]}',
            cure=f'Draw splits: mmpose_ctd split {root}',
        )
    # Folders of the machine stay as the user gave them.
    cfg.data_root = f'{root.as_posix()}/'
    for part in ('train', 'val', 'test'):
        cfg[f'{part}_dataloader'].dataset.update(
            data_root=cfg.data_root,
            ann_file=ann_file,
            split=splits.get(part),
            num_keypoints=num_keypoints,
        )
    for key in ('val_evaluator', 'test_evaluator'):
        # Whatever the framing, errors are in pixels of the pictures.
        if cfg[key].get('type') == 'LandmarkErrorMetric':
            cfg[key].unit = 'image'
    checkpoint = cfg.default_hooks.checkpoint
    if 'val' in splits:
        # Validation subjects choose the checkpoint.
        checkpoint.update(save_best='landmark/ME', rule='less')
    else:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None


def _set_sites(cfg: Config, file: LandmarkFile) -> None:
    """Name the set's own sites to a head that asks for them."""
    if 'sites' not in cfg.model.head:
        return
    sites = {str(image.get('site') or '') for image in file.images.values()}
    cfg.model.head.sites = sorted(sites - {''})


def _set_unlabelled(cfg: Config, file: LandmarkFile, root: Path) -> None:
    """Use the set's photographs without labels, if it has some."""
    loader = cfg.train_dataloader
    if 'unlabelled' not in loader.dataset:
        return
    parts = [cfg.test_dataloader, cfg.val_dataloader]
    unlabelled = dict(
        loader.dataset.unlabelled,
        ann_file=loader.dataset.ann_file,
        exclude=[part.dataset.split for part in parts if part],
    )
    labelled = {one.get('image_id') for one in file.annotations}
    try:
        ((_, seen),) = unlabelled_images(file, str(root), unlabelled)
    except InputError:
        # Nobody is left, or nobody knows who is on them.
        seen = {}
    if seen.keys() - labelled:
        loader.dataset.unlabelled = unlabelled
        return
    loader.dataset.type = 'CIFASDDataset'
    del loader.dataset.unlabelled
    loader.batch_size += loader.pop('batch_sampler').get('unlabelled', 0)
