"""Large photographs, each read in full only once."""

from collections.abc import Sequence
from dataclasses import asdict

from mmpose.registry import DATASETS

from mmpose_ctd.errors import InputError

from .cifasd_dataset import CIFASDDataset
from .reduction import Framing

__all__ = ['ReducedCIFASDDataset']

# What may stand between loading and cropping: nothing else moves the box, or
# looks at where pixels are.
_BETWEEN = (
    'GetBBoxCenterScale',
    'RandomFlip',
    'RandomBBoxTransform',
    'PhotometricDistortion',
)


@DATASETS.register_module()
class ReducedCIFASDDataset(CIFASDDataset):
    """A :class:`CIFASDDataset` that keeps its photographs scaled down.

    The first time a photograph is read, what the pipeline's crops can reach
    of it is scaled down, to ``detail`` pixels for each pixel of the network
    input, and kept. Coordinates and metrics stay those of the photograph. The
    network input differs from the parent's by resampling only: the parent
    reads single pixels of the photograph, this one their average, so that it
    shows less noise and no aliasing. A photograph that is not larger than
    that stays as it is.

    The pipeline is written as for the parent; its ``LoadLandmarkImage`` and
    ``TopdownAffine`` are exchanged here, which reads the framing from their
    neighbours.

    Args:
        pipeline (Sequence[dict]): Up to ``TopdownAffine``:
            ``LoadLandmarkImage`` (or ``LoadImage``), ``GetBBoxCenterScale``,
            and, in any order, ``RandomFlip``, ``RandomBBoxTransform``,
            ``PhotometricDistortion``; behind it anything.
        cache_dir (str, optional): Folder that keeps the pictures from run to
            run, see :class:`.PictureCache`. Defaults to ``None``: they are in
            the memory of each loader process.
        memory_mb (float): How much memory at most, in each process. Defaults
            to 1024.
        detail (float): Defaults to 2.0.
        **kwargs: Arguments of :class:`CIFASDDataset`.

    Raises:
        InputError: If the pipeline has other steps, or ``detail`` is below 1.
    """

    def __init__(
        self,
        *args,
        pipeline: Sequence[dict] = (),
        cache_dir: str | None = None,
        memory_mb: float = 1024,
        detail: float = 2.0,
        **kwargs,
    ) -> None:
        if not detail >= 1:
            raise InputError(
                f'dataset.detail={detail!r}; expected 1 or more pixels for '
                'each pixel of the network input.'
            )
        steps = [dict(step) for step in pipeline]
        framing = _framing(steps, detail)
        steps[0].update(
            type='LoadReducedImage',
            framing=asdict(framing),
            cache_dir=cache_dir,
            memory_mb=memory_mb,
        )
        _only(steps, 'TopdownAffine')['type'] = 'ReducedTopdownAffine'
        super().__init__(*args, pipeline=steps, **kwargs)


def _only(steps: list[dict], kind: str) -> dict:
    found = [step for step in steps if step.get('type') == kind]
    if len(found) != 1:
        raise InputError(
            f'dataset.pipeline has {len(found)} {kind}; a '
            'ReducedCIFASDDataset needs one.'
        )
    return found[0]


def _framing(steps: list[dict], detail: float) -> Framing:
    """What the pipeline's crops can reach."""
    affine = _only(steps, 'TopdownAffine')
    if steps[0].get('type') not in ('LoadLandmarkImage', 'LoadImage'):
        raise InputError(
            f'dataset.pipeline begins with {steps[0].get("type")!r}; a '
            "ReducedCIFASDDataset needs 'LoadLandmarkImage' there."
        )
    before = steps[1 : steps.index(affine)]
    others = [s.get('type') for s in before if s.get('type') not in _BETWEEN]
    if others:
        raise InputError(
            f'dataset.pipeline: {others} before TopdownAffine would be given '
            'a scaled-down photograph; a ReducedCIFASDDataset knows only '
            f'{list(_BETWEEN)} there. Put them behind it, or use '
            "type='CIFASDDataset'."
        )
    padding = _only(before, 'GetBBoxCenterScale').get('padding', 1.25)
    low, high, shift, rotates = 1.0, 1.0, 0.0, False
    for step in before:
        if step.get('type') != 'RandomBBoxTransform':
            continue
        # Its defaults; it draws within these bounds, or 1 and 0.
        least, largest = step.get('scale_factor', (0.5, 1.5))
        if step.get('scale_prob', 1.0):
            low, high = low * min(1.0, least), high * max(1.0, largest)
        if step.get('shift_prob', 0.3):
            shift += high * step.get('shift_factor', 0.16)
        if step.get('rotate_prob', 0.6) and step.get('rotate_factor', 80.0):
            rotates = True
    return Framing(
        input_size=tuple(affine['input_size']),
        padding=padding,
        scales=(low, high),
        shift=shift,
        rotates=rotates,
        detail=detail,
    )
