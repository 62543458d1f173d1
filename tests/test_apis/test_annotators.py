"""Two annotators, compared with plain numpy."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from refusals import refused

from mmpose_ctd.apis.annotators import compare_annotators, read_annotators
from mmpose_ctd.apis.reporting.annotators import annotator_section
from mmpose_ctd.apis.reporting.tested_set import TestedSet
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import agreement

NAMES = ['exocanthion_R', 'exocanthion_L', 'subnasale', 'stomion']
HEIGHT = 300
N = 9


def marks(seed):
    """Points (N, 4, 2) of faces of several places and sizes."""
    rng = np.random.default_rng(seed)
    face = np.array([[60, 80], [140, 82], [100, 140], [100, 170]], float)
    faces = face * np.random.default_rng(0).uniform(0.8, 1.2, (N, 1, 1))
    return (faces + rng.normal(0, 2, faces.shape)).round(3)


def table(path, points, scale=None, rows=range(N)):
    lines = ['image,subject,landmark,x,y' + ',mm_per_px' * (scale is not None)]
    end = '' if scale is None else f',{scale}'
    for i in rows:
        for name, (x, y) in zip(NAMES, points[i]):
            lines.append(f'c{i}.jpg,s{i},{name},{x},{y}{end}')
    path.write_text('\n'.join(lines) + '\n')
    return path


def tps(path, points):
    text = ''
    for i, face in enumerate(points):
        rows = [f'{x + 0.5} {HEIGHT - y - 0.5}' for x, y in face]
        text += '\n'.join(['LM=4', *rows, f'IMAGE=c{i}.jpg', ''])
    path.write_text(text)
    path.with_suffix('.txt').write_text('\n'.join(NAMES))
    return path


def test_differences_are_those_of_numpy(tmp_path):
    a, b = marks(1), marks(2)
    found = compare_annotators(
        table(tmp_path / 'a.csv', a, 0.5), table(tmp_path / 'b.csv', b, 0.5)
    )
    assert found.num_photographs == N and found.notes == []
    rows = found.landmarks.set_index(['landmark', 'unit'])
    apart = np.linalg.norm(b - a, axis=-1)
    eyes = [np.linalg.norm(p[:, 1] - p[:, 0], axis=1) for p in (a, b)]
    for k, name in enumerate(NAMES):
        for unit, scale in (('px', 1), ('mm', 0.5)):
            row = rows.loc[name, unit]
            assert row.n == N
            assert row.distance == pytest.approx(scale * apart[:, k].mean())
            share = 100 * apart[:, k] / np.mean(eyes, axis=0)
            assert row.share == pytest.approx(share.mean())
            for axis, letter in enumerate('xy'):
                one, other = a[:, k, axis], b[:, k, axis]
                bias, sd = (other - one).mean(), (other - one).std(ddof=1)
                assert row[f'bias_{letter}'] == pytest.approx(scale * bias)
                assert row[f'sd_{letter}'] == pytest.approx(scale * sd)
                icc = agreement(one, other).icc.value
                assert row[f'icc_{letter}'] == pytest.approx(icc)
    lip = found.measures.set_index(['measure', 'unit']).loc[
        'upper_lip_height', 'mm'
    ]
    one, other = (
        0.5 * np.linalg.norm(p[:, 3] - p[:, 2], axis=1) for p in (a, b)
    )
    assert lip.sd == pytest.approx((other - one).std(ddof=1))
    assert lip.bias == pytest.approx((other - one).mean())
    assert lip.icc == pytest.approx(agreement(one, other).icc.value)


def test_files_of_two_formats_have_one_frame(tmp_path):
    a = marks(1)
    one = table(tmp_path / 'a.csv', a)
    other = tps(tmp_path / 'b.tps', a)
    names = dict(landmarks=str(tmp_path / 'b.txt'))
    with refused(cure='--images'):
        compare_annotators(one, other, **names)
    images = tmp_path / 'images'
    images.mkdir()
    for i in range(N):
        Image.new('L', (250, HEIGHT)).save(images / f'c{i}.jpg')
    found = compare_annotators(one, other, images=images, **names)
    assert found.landmarks.distance.max() == pytest.approx(0, abs=1e-9)
    assert set(found.landmarks.unit) == {'px'}


def test_what_is_not_shared_and_nameless_photographs_are_noted(tmp_path):
    points = marks(1)
    one = table(tmp_path / 'a.csv', points)
    other = table(tmp_path / 'b.csv', points + 1, rows=[2, 3, 4])
    found = compare_annotators(one, other)
    assert found.num_photographs == 3
    assert found.notes == ['a.csv: 6 photographs that only it labels']
    assert found.landmarks.bias_x.tolist() == pytest.approx([1] * 4)
    # Those without subject count as people, which narrows the intervals.
    for file in (one, other):
        pd.read_csv(file).drop(columns='subject').to_csv(file, index=False)
    assert 'without subject' in compare_annotators(one, other).notes[-1]


def test_contradictions_are_refused(tmp_path):
    points = marks(1)
    one = table(tmp_path / 'a.csv', points, 0.5)
    with refused(found='0.5 and 0.6'):
        compare_annotators(one, table(tmp_path / 'b.csv', points, 0.6))
    found = compare_annotators(one, tmp_path / 'b.csv', mm_per_px=2)
    assert set(found.landmarks.unit) == {'px', 'mm'}
    text = one.read_text()
    (tmp_path / 'c.csv').write_text(text.replace('c1.jpg', 'x.jpg'))
    (tmp_path / 'd.csv').write_text(text.replace('.jpg', 'z.jpg'))
    (tmp_path / 'e.csv').write_text(text.replace('c1.jpg', 's2/c2.jpg'))
    for name in ('d.csv', 'e.csv'):
        with pytest.raises(InputError):
            compare_annotators(tmp_path / 'c.csv', tmp_path / name)


def test_the_report_shows_a_model_beside_the_annotators(tmp_path):
    a, b = marks(1), marks(2)
    found = compare_annotators(
        table(tmp_path / 'a.csv', a), table(tmp_path / 'b.csv', b)
    )
    found.write(tmp_path / 'two.json')
    content = read_annotators(tmp_path / 'two.json')
    text = (tmp_path / 'two.json').read_text()
    assert 'c1' not in text and str(tmp_path) not in text
    # A model that marks as B does, on pictures of twice the size.
    samples = [
        dict(
            pred_instances=dict(keypoints=2 * theirs[None]),
            gt_instances=dict(keypoints=2 * ours[None]),
        )
        for ours, theirs in zip(a, b)
    ]
    names = dict(keypoint_id2name=dict(enumerate(NAMES)))
    run = SimpleNamespace(tested=TestedSet(samples, names))
    system = SimpleNamespace(name='ED', runs=[run], first=run)
    section = annotator_section([system], content)
    shares = section['landmarks'].astype(float)
    assert shares['ED'].to_numpy() == pytest.approx(
        shares['two annotators'].to_numpy(), rel=0.05
    )
    measures = section['measures'].loc['upper_lip_height']
    assert measures['ED: ICC'] == measures['two annotators: ICC']
    assert annotator_section([system], None) is None
    (tmp_path / 'two.json').write_text(json.dumps(dict(kind='x')))
    with pytest.raises(InputError):
        read_annotators(tmp_path / 'two.json')
