"""All checks; importing them registers them, in the order of the report."""

# ruff: noqa: I001
from . import records
from . import files
from . import image_size
from . import orientation
from . import duplicates
from . import same_person
from . import splits
from . import left_right
from . import order
from . import frame
from . import outliers
from . import pose
from . import face_fit
from . import scale
from . import identity
from . import flips
from . import missing_points
from . import unlabelled
from . import mixed_sizes
from . import metadata

__all__ = [
    'duplicates',
    'face_fit',
    'files',
    'flips',
    'frame',
    'identity',
    'image_size',
    'left_right',
    'metadata',
    'missing_points',
    'mixed_sizes',
    'order',
    'orientation',
    'outliers',
    'pose',
    'records',
    'same_person',
    'scale',
    'splits',
    'unlabelled',
]
