"""Makes MMPose importable with current versions of its dependencies.

:func:`install` puts one finder in front of the import system. It runs the
modules of :data:`REPAIRS` as they are and repairs one only if it fails.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable

STACK_HINT = 'pip install -r requirements/stack.txt'

#: What was repaired in this process, for ``mmpose_ctd doctor``: module name
#: -> one sentence.
repairs: dict[str, str] = {}

# A torch.library.Library unregisters its schemas when it is collected.
_torchvision_schemas: list = []
# What a module built for another numpy or torch raises at import.
_BROKEN = (ImportError, ValueError, AttributeError)


def first_line(error: Exception) -> str:
    """Of what it says: numpy explains itself in a dozen."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0]


def _forget(package: str, keep: types.ModuleType | None = None) -> None:
    """Drop a half-imported package's modules from ``sys.modules``."""
    for name in list(sys.modules):
        if name == package or name.startswith(package + '.'):
            if keep is not None and sys.modules[name] is keep:
                continue
            del sys.modules[name]


def _exec_torchvision(module: types.ModuleType, run: Callable) -> None:
    untouched = dict(vars(module))
    try:
        run()
        return
    except RuntimeError as error:
        if 'operator torchvision::' not in str(error):
            raise
        reason = first_line(error)
    import torch

    _forget('torchvision', keep=module)
    # Else `from . import x` finds modules that sys.modules no longer has.
    vars(module).clear()
    vars(module).update(untouched)
    # A fragment: some operators may have been declared before.
    library = torch.library.Library('torchvision', 'FRAGMENT')
    for op in ('nms', 'qnms'):
        if not hasattr(torch.ops.torchvision, op):
            library.define(
                f'{op}(Tensor dets, Tensor scores, float iou_threshold)'
                ' -> Tensor'
            )
    _torchvision_schemas.append(library)
    run()
    repairs['torchvision'] = (
        f'its compiled operators do not load ({reason}); their schemas were '
        'declared, and it imports. Its own operators (nms ...) raise when '
        'called.'
    )


class _MissingOps(types.ModuleType):
    """Stands in for ``mmcv._ext`` while ``mmcv.ops`` is imported."""

    def __getattr__(self, name: str):
        if name.startswith('__'):
            raise AttributeError(name)

        def missing(*args, **kwargs):
            raise NotImplementedError(
                f'mmcv.ops.{name} needs mmcv with compiled operators, which '
                'is not installed. Install a full mmcv build for your torch, '
                'or choose a model without deformable layers.'
            )

        return missing


def _exec_mmcv_ops(module: types.ModuleType, run: Callable) -> None:
    try:
        importlib.import_module('mmcv._ext')
    except ImportError as error:
        reason = first_line(error)
    else:
        run()
        return
    sys.modules['mmcv._ext'] = _MissingOps('mmcv._ext')
    try:
        run()
    finally:
        # Without a __spec__ it would make mmengine's mmcv_full_available()
        # raise.
        sys.modules.pop('mmcv._ext', None)
        mmcv = sys.modules.get('mmcv')
        if isinstance(getattr(mmcv, '_ext', None), _MissingOps):
            del mmcv._ext
    repairs['mmcv.ops'] = (
        f'mmcv has no compiled operators ({reason}); it imports, and an '
        'operator raises when called.'
    )


def _coco_eval_class(base: type) -> type:
    """pycocotools' COCOeval with the arguments of xtcocotools'."""
    import numpy as np

    class COCOeval(base):
        def __init__(
            self,
            cocoGt=None,
            cocoDt=None,
            iouType='keypoints',
            sigmas=None,
            use_area=True,
        ):
            if iouType not in ('segm', 'bbox', 'keypoints') or not use_area:
                raise NotImplementedError(
                    f'COCOeval(iouType={iouType!r}, use_area={use_area}) '
                    'needs xtcocotools; pycocotools, which stands in for it, '
                    "computes 'segm', 'bbox' and 'keypoints' with areas only."
                )
            super().__init__(cocoGt, cocoDt, iouType)
            if sigmas is not None:
                self.params.kpt_oks_sigmas = np.asarray(sigmas)

    return COCOeval


def _serve_pycocotools(module: types.ModuleType, reason: str) -> None:
    try:
        coco = importlib.import_module('pycocotools.coco')
        mask = importlib.import_module('pycocotools.mask')
        base = importlib.import_module('pycocotools.cocoeval').COCOeval
    except _BROKEN as error:
        raise ImportError(
            f'MMPose needs xtcocotools, which does not work here ({reason}), '
            f'and pycocotools, which could stand in for it, does not either '
            f'({first_line(error)}). Cure: pip install pycocotools'
        ) from error
    _forget('xtcocotools', keep=module)
    cocoeval = types.ModuleType('xtcocotools.cocoeval')
    cocoeval.COCOeval = _coco_eval_class(base)
    module.__path__ = []
    for name, part in dict(coco=coco, mask=mask, cocoeval=cocoeval).items():
        setattr(module, name, part)
        sys.modules[f'xtcocotools.{name}'] = part
    repairs['xtcocotools'] = f'{reason}; pycocotools serves in its place.'


def _exec_xtcocotools(module: types.ModuleType, run: Callable | None) -> None:
    if run is None:
        _serve_pycocotools(module, 'it is not installed')
        return
    try:
        run()
        # What all of its parts begin with.
        importlib.import_module('xtcocotools.mask')
    except _BROKEN as error:
        reason = f'its compiled part does not load ({first_line(error)})'
        _serve_pycocotools(module, reason)


class _RepairLoader(importlib.abc.Loader):
    """Runs a module with its repair; ``inner`` is its own loader."""

    def __init__(self, inner, execute: Callable):
        self.inner = inner
        self.execute = execute

    def create_module(self, spec):
        return self.inner.create_module(spec) if self.inner else None

    def exec_module(self, module: types.ModuleType) -> None:
        if self.inner is None:
            self.execute(module, None)
            return
        # As without this loader.
        module.__loader__ = module.__spec__.loader = self.inner
        self.execute(module, lambda: self.inner.exec_module(module))

    def __getattr__(self, name: str):
        # get_data, get_source ..., which inspect and pkgutil need.
        if name in ('inner', 'execute'):
            raise AttributeError(name)
        return getattr(self.inner, name)


#: Module -> how to run it: called with the module and its own code, which is
#: None where the module is not installed.
REPAIRS: dict[str, Callable] = {
    # Its wheel may be built for CUDA next to a torch for CPUs.
    'torchvision': _exec_torchvision,
    # mmcv may lack its compiled operators, which MMPose always imports but
    # needs only for deformable layers.
    'mmcv.ops': _exec_mmcv_ops,
    # It has no wheel for numpy 2 or Python >= 3.12.
    'xtcocotools': _exec_xtcocotools,
}


class _RepairFinder(importlib.abc.MetaPathFinder):
    """Finds the modules of ``REPAIRS``, each once."""

    def find_spec(self, fullname, path=None, target=None):
        execute = REPAIRS.get(fullname)
        if execute is None:
            return None
        spec = None
        for finder in sys.meta_path:
            if not isinstance(finder, _RepairFinder):
                spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                break
        # A folder without code has a spec and no loader.
        if spec is None or spec.loader is None:
            if fullname != 'xtcocotools':
                return None
            return importlib.machinery.ModuleSpec(
                fullname, _RepairLoader(None, execute), is_package=True
            )
        spec.loader = _RepairLoader(spec.loader, execute)
        return spec


def install() -> None:
    """Put the repairing finder in front of the import system, once."""
    if not any(isinstance(f, _RepairFinder) for f in sys.meta_path):
        sys.meta_path.insert(0, _RepairFinder())
