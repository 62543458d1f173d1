"""Points in a subfolder belong to the photographs of that subfolder."""

import numpy as np
import pytest
from clinic_folder import NAMES, make_clinic, wide_csv
from prepared_points import SIZE, codes

from mmpose_ctd.datasets.preparation import PrepareOptions, prepare


def as_tps(points: dict[str, np.ndarray]) -> str:
    text = ''
    for image, values in points.items():
        rows = '\n'.join(f'{x:.5f} {y:.5f}' for x, y in values)
        text += f'LM={len(values)}\n{rows}\nIMAGE={image}\n'
    return text


@pytest.mark.parametrize('suffix, write', [('csv', wide_csv), ('tps', as_tps)])
@pytest.mark.parametrize(
    'apart, alone', [(True, False), (False, False), (False, True)]
)
def test_points_stay_in_their_folder(tmp_path, suffix, write, apart, alone):
    """Whether the points lie among the photographs, whether one is given."""
    study = tmp_path / 'study'
    clinic = make_clinic(study / 'v1', count=2, size=SIZE)
    make_clinic(study / 'v2', count=1, size=SIZE)
    points = tmp_path / 'points' if apart else study
    for visit in ('v2',) if alone else ('v1', 'v2'):
        (points / visit).mkdir(parents=True, exist_ok=True)
        (points / visit / f'points.{suffix}').write_text(write(clinic))
    landmarks = tmp_path / 'names.txt'
    landmarks.write_text('\n'.join(NAMES))
    if alone:
        points = points / 'v2' / f'points.{suffix}'
    report = prepare(
        str(study),
        str(points),
        str(tmp_path / 'set'),
        PrepareOptions(crop='landmarks', size=64),
        landmarks=str(landmarks),
        dry_run=True,
        progress=False,
    )
    missing = 2 if alone else 4
    assert codes(report) == {missing: 'image missing'}
