"""The columns of the table of measures, and what each means."""

from collections.abc import Sequence
from dataclasses import dataclass

from mmpose_ctd.evaluation.functional.measurements import Measurement

__all__ = ['Columns']

_FACE = {
    'file': 'name of the photograph, relative to the folder IMAGES',
    'status': 'measured: as the calibration promises. check: unlike the '
    'training faces, another face of its size, or an absurd scale: look at '
    'it, no intervals hold. uncalibrated: no '
    'calibration was given. no face found, unreadable: nothing is measured',
    'remarks': 'why, in words',
    'faces': 'faces that were detected; the largest is measured',
    'start': 'where the search began: face (the detected one) or image (the '
    'whole photograph)',
    'width_px': 'of the upright photograph',
    'height_px': 'of the upright photograph',
    'frame_px': 'width of the part of the photograph that the network saw',
    'appearance': 'distance from the training faces, in its limit: above 1 '
    'is unusual',
    'shape': 'distance of the landmarks from the mean face, in its limit: '
    'above 1 is unusual',
    'roll_deg': "the head's turn in the plane of the photograph, clockwise",
}
_SCALE = {'mm_per_px': 'millimetres of a pixel of the photograph, as given'}
_SUFFIX = {'deg': 'deg', '1': 'ratio'}


@dataclass(frozen=True)
class Columns:
    """Which columns a table has.

    Args:
        names (Sequence[str]): The K landmarks.
        measurements (Sequence[Measurement]): What is measured.
        calibrated (bool): Whether there are intervals.
        mm (bool): Whether the scale of any photograph is known.
        norms (Sequence[str]): Measures with z-scores. Defaults to none.
    """

    names: Sequence[str]
    measurements: Sequence[Measurement]
    calibrated: bool
    mm: bool
    norms: Sequence[str] = ()

    def meanings(self) -> dict[str, str]:
        """Title of each column -> what it means, in their order."""
        found = dict(_FACE)
        if self.mm:
            found |= _SCALE
        for one in self.measurements:
            found |= self._measure(one)
        for name in self.names:
            found[f'{name}_x_px'] = (
                f'{name}, pixels from the left; the centre of the leftmost '
                'pixel is 0'
            )
            found[f'{name}_y_px'] = f'{name}, pixels from the top'
            if self.calibrated:
                found[f'{name}_sd_px'] = (
                    f'{name}, standard deviation of the error along each axis'
                )
        return found

    def units_of(self, one: Measurement) -> list[str]:
        """Endings of a measure's columns: its units."""
        if one.kind == 'distance':
            return ['px', 'mm'] if self.mm else ['px']
        return [_SUFFIX['deg' if one.kind == 'angle' else '1']]

    def _measure(self, one: Measurement) -> dict[str, str]:
        parts = (
            ' to '.join(one.of) if one.kind != 'ratio' else ' / '.join(one.of)
        )
        found = {}
        for unit in self.units_of(one):
            title = f'{one.name}_{unit}'
            found[title] = f'{one.kind}: {parts}, in {unit}'
            if self.calibrated:
                found[f'{title}_low95'] = 'its 95 % interval begins here'
                found[f'{title}_high95'] = 'and ends here'
        if one.name in self.norms:
            title = f'{one.name}_z'
            found[title] = 'z-score by the norms that were given'
            if self.calibrated:
                found[f'{title}_low95'] = 'its 95 % interval begins here'
                found[f'{title}_high95'] = 'and ends here'
        return found
