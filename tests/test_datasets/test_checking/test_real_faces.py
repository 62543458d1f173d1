"""On real photographs: few false alarms, and most planted faults found."""

import json
from functools import partial

import numpy as np
import pytest

from mmpose_ctd.datasets.checking import CHECKS, Severity, check
from mmpose_ctd.datasets.checking.sides import compare_faces

pytestmark = pytest.mark.real_data


ANN = 'annotations/landmarks19.json'
#: What reads the photographs, which takes long.
OF_FILES = (
    *('files', 'image-size', 'orientation', 'duplicates', 'metadata'),
    'face-fit',
)


@pytest.fixture(scope='module')
def report(shared_root):
    root = shared_root / 'data' / 'frl_faces'
    return check(root, ann_file=ANN, ignore=OF_FILES)


def test_real_photographs_have_no_finding(shared_root, tmp_path):
    """Nor is one taken for another, of one setting."""
    root = shared_root / 'data' / 'frl_faces'
    content = json.loads((root / ANN).read_text())
    content['images'] = content['images'][::10]
    kept = {image['id'] for image in content['images']}
    content['annotations'] = [
        a for a in content['annotations'] if a['image_id'] in kept
    ]
    (tmp_path / 'some.json').write_text(json.dumps(content))
    (tmp_path / 'images').symlink_to(root / 'images')
    ignored = {*CHECKS} - {*OF_FILES}
    found = check(tmp_path, ann_file='some.json', ignore=ignored)
    assert found.ran == [name for name in CHECKS if name in OF_FILES]
    assert found.findings == []


def test_real_faces_have_no_error_and_hardly_a_warning(report):
    assert report.ok
    warned = {
        place
        for finding in report.findings
        if finding.severity is Severity.WARNING
        for place in finding.photos
    }
    assert len(warned) <= 0.01 * len(report.survey.photos)


def planted(survey, change, seed):
    """Changes every tenth face; what was done to each."""
    points = survey.labelled_points
    subjects = [photo.subject for photo in survey.labelled]
    random = np.random.default_rng(seed)
    done = {n: change(points[n], random) for n in range(0, len(points), 10)}
    everyone = range(len(points))
    shapes = compare_faces(
        points, subjects, survey.names, survey.partners, 6, everyone
    )
    return shapes, done


def test_single_exchanges_and_displaced_points_are_found(report):
    pairs = [(a, b) for a, b in enumerate(report.survey.partners) if a < b]

    def exchange(points, random):
        pair = pairs[random.integers(len(pairs))]
        points[list(pair)] = points[list(pair[::-1])]
        return pair

    def displace(points, random):
        k, angle = random.integers(len(points)), random.uniform(0, 6.28)
        points[k] += 15 * np.array([np.cos(angle), np.sin(angle)])
        return k

    plant = partial(planted, report.survey)
    shapes, done = plant(exchange, seed=0)
    sides = shapes.sides
    hits = [
        {*pair} == {*sides.pairs[sides.exchanged[n]].ravel()}
        for n, pair in done.items()
    ]
    assert np.mean(hits) >= 0.9
    shapes, done = plant(displace, seed=1)
    hits = [k in shapes.fits[n].suspects for n, k in done.items()]
    assert np.mean(hits) >= 0.9
