"""pycocotools serves under xtcocotools' name where that does not work."""

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval as Reference
from stub_stack import PYCOCOTOOLS, XTCOCOTOOLS, run_beside

from mmpose_ctd import compat

#: Why xtcocotools does not work, and its binary.
MASKS = {
    'it is not installed': None,
    'No module named': 'import xtcocotools._there_is_none',
    'numpy.dtype size': "raise ValueError('numpy.dtype size changed')",
    'Built for NumPy 1': "raise ImportError('\\nBuilt for NumPy 1\\n\\nLong')",
}


@pytest.mark.parametrize('reason', MASKS)
def test_pycocotools_serves_where_xtcocotools_does_not_work(tmp_path, reason):
    files = {}
    if MASKS[reason]:
        files = {**XTCOCOTOOLS, 'xtcocotools/_mask.py': MASKS[reason]}
    if 'NumPy' in reason:
        # A package that imports its parts fails one import earlier.
        files['xtcocotools/__init__.py'] = 'from . import coco'
    code = """
        import sys
        result['early'] = [dict(compat.repairs), 'pycocotools' in sys.modules]
        from xtcocotools.coco import COCO
        from xtcocotools.cocoeval import COCOeval
        import xtcocotools.mask as mask
        result['origins'] = [
            COCO.origin, COCOeval.__mro__[1].origin, mask.__name__
        ]
    """
    report = run_beside(tmp_path, {**files, **PYCOCOTOOLS}, code)
    assert report['early'] == [{}, False]
    assert report['origins'] == [
        'pycocotools.coco',
        'pycocotools.cocoeval',
        'pycocotools.mask',
    ]
    assert list(report['repairs']) == ['xtcocotools']
    assert reason in report['repairs']['xtcocotools']
    assert 'xtcocotools._mask' not in report['seen']


@pytest.mark.parametrize(
    'pycocotools',
    [
        {},
        {
            **PYCOCOTOOLS,
            'pycocotools/mask.py': "raise ValueError('numpy.dtype size')",
        },
    ],
    ids=['missing', 'broken'],
)
def test_without_either_the_error_names_the_cure(tmp_path, pycocotools):
    code = """
        try:
            import xtcocotools.coco
        except ImportError as error:
            result['error'] = str(error)
    """
    report = run_beside(tmp_path, pycocotools, code)
    assert 'xtcocotools' in report['error']
    assert 'pip install pycocotools' in report['error']
    assert report['repairs'] == {}
    assert not any(name.startswith('xtcoco') for name in report['seen'])


# COCOeval in place of xtcocotools'

SIGMAS = np.array([0.05, 0.2, 0.1])


def coco_of(shift):
    """Two faces of three points, and detections that are ``shift`` off."""
    truth = [
        [10, 10, 2, 40, 10, 2, 25, 40, 2],
        [60, 60, 2, 90, 60, 2, 0, 0, 0],
    ]
    offsets = np.tile([shift, -shift, 0], 3)
    gt = COCO()
    gt.dataset = dict(
        info={},
        images=[dict(id=1), dict(id=2)],
        categories=[dict(id=1, name='face')],
        annotations=[
            dict(
                id=i + 1,
                image_id=i + 1,
                category_id=1,
                keypoints=points,
                num_keypoints=3 - i,
                bbox=[points[0], points[1], 30, 30],
                area=1600.0,
                iscrowd=0,
            )
            for i, points in enumerate(truth)
        ],
    )
    gt.createIndex()
    detections = [
        dict(
            image_id=i + 1,
            category_id=1,
            keypoints=(np.array(points) + offsets).tolist(),
            score=0.9 - i / 10,
        )
        for i, points in enumerate(truth)
    ]
    return gt, gt.loadRes(detections)


@pytest.fixture(scope='module')
def stand_in():
    from xtcocotools.cocoeval import COCOeval

    if 'xtcocotools' not in compat.repairs:
        pytest.skip('xtcocotools itself works here')
    return COCOeval


def evaluated(evaluator):
    evaluator.params.useSegm = None
    evaluator.evaluate()
    evaluator.accumulate()
    evaluator.summarize()
    return evaluator


def test_coco_eval_takes_mmposes_arguments_and_these_sigmas(stand_in):
    gt, dt = coco_of(shift=3.0)
    ours = evaluated(stand_in(gt, dt, 'keypoints', SIGMAS, use_area=True))
    reference = Reference(gt, dt, 'keypoints')
    reference.params.kpt_oks_sigmas = SIGMAS
    np.testing.assert_array_equal(ours.stats, evaluated(reference).stats)
    # OKS by its definition, over the visible points: both faces are off by
    # 3 pixels in x and in y.
    by_point = np.exp(-(2 * 3.0**2) / (2 * 1600.0 * (2 * SIGMAS) ** 2))
    assert ours.ious[1, 1][0, 0] == pytest.approx(by_point.mean())
    assert ours.ious[2, 1][0, 0] == pytest.approx(by_point[:2].mean())
    assert 0 < ours.stats[0] < 1  # neither all right nor all wrong


def test_coco_eval_without_arguments_is_for_key_points(stand_in):
    # xtcocotools' default; pycocotools' is 'segm'.
    assert stand_in().params.iouType == 'keypoints'


@pytest.mark.parametrize(
    'options',
    [
        dict(iouType='keypoints_wholebody'),
        dict(iouType='keypoints_crowd'),
        dict(iouType='keypoints', use_area=False),
    ],
)
def test_coco_eval_refuses_what_pycocotools_cannot(stand_in, options):
    with pytest.raises(NotImplementedError, match='needs xtcocotools'):
        stand_in(sigmas=SIGMAS, **options)
