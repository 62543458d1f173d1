"""The numbers that the checks compare with."""

from dataclasses import dataclass, field, fields

from mmpose_ctd.errors import InputError

__all__ = ['Thresholds']


def _positive(default, text: str):
    return field(default=default, metadata={'help': text})


@dataclass(frozen=True)
class Thresholds:
    """Options of the checks; each is a number above 0.

    Attributes:
        outlier_z (float): A point is an outlier this many robust standard
            deviations from where the face's other points expect it.
            Defaults to 6.
        min_faces (int): Labelled faces that a comparison with the set's own
            faces needs. Defaults to 10.
        tilt (float): Degrees that a face may lean. Defaults to 45.
        aspect (float): Largest ratio of two images' aspect ratios. Defaults
            to 1.1.
        detail (float): Correlation of fine detail above which two
            photographs are one. Defaults to 0.9.
        same_person (float): Cosine of two face embeddings above which two
            subjects may be one. Defaults to 0.55.
    """

    outlier_z: float = _positive(
        6.0, 'robust standard deviations that make a point an outlier'
    )
    min_faces: int = _positive(
        10, 'labelled faces that comparing faces with each other needs'
    )
    tilt: float = _positive(45.0, 'degrees that a face may lean')
    aspect: float = _positive(
        1.1, "largest ratio of two images' aspect ratios"
    )
    detail: float = _positive(
        0.9, 'correlation of fine detail that makes two photographs one'
    )
    same_person: float = _positive(
        0.55, 'similarity of two faces that makes two subjects one (--teacher)'
    )

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not 0 < value < float('inf'):
                option = item.name.replace('_', '-')
                raise InputError(
                    f'--{option} {value:g}: expected a number above 0.'
                )
