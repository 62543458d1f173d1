"""Every planted fault of points and records is found, it alone."""

import numpy as np
import pytest
from faulty_sets import found
from PIL import Image

from mmpose_ctd.datasets.checking import CHECKS, Thresholds


def test_a_clean_set_is_clean(faulty):
    report = faulty.check()
    found(report)
    assert report.ok and report.ran == list(CHECKS)
    assert report.summary().endswith('19 landmarks: nothing found')


# --- shapes -----------------------------------------------------------------


@pytest.mark.parametrize(
    'pair', ['exocanthion', 'philtrum_top', 'crista_philtri', 'cheilion']
)
def test_exchanged_sides(faulty, pair):
    faulty.exchange(5, f'{pair}_R', f'{pair}_L')
    (finding,) = found(faulty.check(), ('left-right', 'error'))
    assert finding.photos == (5,)
    assert {*finding.landmarks} == {f'{pair}_R', f'{pair}_L'}


def test_a_face_with_all_sides_exchanged(faulty):
    for name in faulty.names:
        if name.endswith('_R'):
            faulty.exchange(7, name, name[:-1] + 'L')
    (finding,) = found(faulty.check(), ('left-right', 'error'))
    assert finding.photos == (7,) and 'all pairs' in finding.message


def test_a_set_with_all_sides_exchanged(faulty):
    for place in range(len(faulty.images)):
        for name in faulty.names:
            if name.endswith('_R'):
                faulty.exchange(place, name, name[:-1] + 'L')
    (finding,) = found(faulty.check(), ('left-right', 'warning'))
    assert finding.photos == () and 'in most faces' in finding.message


def test_names_in_the_wrong_order(faulty):
    faulty.exchange(9, 'subnasale', 'labrale_inferius')
    (finding,) = found(faulty.check(), ('order', 'error'))
    assert finding.photos == (9,)
    assert 'subnasale looks like labrale_inferius' in finding.message


def test_a_misplaced_point_and_where_it_belongs(faulty):
    k = faulty.names.index('alar_base_R')
    was = faulty.content['annotations'][3]['keypoints'][3 * k : 3 * k + 2]

    def misplace(values):
        values[k, :2] += (9, 7)

    faulty.change(3, misplace)
    (finding,) = found(faulty.check(), ('outliers', 'warning'))
    assert finding.photos == (3,) and finding.landmarks == ('alar_base_R',)
    # Closer to the truth than to the planted point.
    told = finding.expected['alar_base_R']
    assert sum((a - b) ** 2 for a, b in zip(told, was)) ** 0.5 < 4
    assert finding.score > Thresholds().outlier_z
    found(faulty.check(thresholds=Thresholds(outlier_z=1e6)))


def test_points_of_another_face_order(faulty):
    faulty.change(4, lambda v: v.__setitem__(slice(None), v[::-1].copy()))
    report = faulty.check()
    assert {f.photos for f in report.findings} == {(4,)}
    assert {f.check for f in report.findings} & {'outliers', 'left-right'}


def test_a_face_that_lies_on_its_side(faulty):
    def turn(values):
        values[:, 0], values[:, 1] = values[:, 1].copy(), 127 - values[:, 0]

    faulty.change(6, turn)
    (finding,) = found(faulty.check(), ('pose', 'warning'))
    assert finding.photos == (6,) and finding.score == pytest.approx(
        90, abs=15
    )


@pytest.mark.parametrize(
    'y, severity, words',
    [(140.0, 'warning', 'outside the'), (900.0, 'error', 'far outside')],
)
def test_points_out_of_the_frame(faulty, y, severity, words):
    k = faulty.names.index('gnathion')
    faulty.change(2, lambda v: v.__setitem__((k, 1), y))
    (finding,) = found(faulty.check(), ('frame', severity))
    assert words in finding.message and finding.landmarks == ('gnathion',)


def test_too_few_faces_to_compare_are_told(faulty):
    faulty.content['images'] = faulty.images[:6]
    faulty.content['annotations'] = faulty.content['annotations'][:6]
    report = faulty.check(ignore=['splits', 'unlabelled'])
    (finding,) = found(report, ('outliers', 'note'))
    assert '6 labelled faces' in finding.message


# --- records ----------------------------------------------------------------


def test_all_faults_of_records_are_told_at_once(faulty):
    k = len(faulty.names)
    annotations = faulty.content['annotations']
    annotations[0]['keypoints'][1] = float('nan')
    annotations[1]['keypoints'] = [1, 2, 2]
    annotations[2]['keypoints'][2] = 7
    annotations[3]['keypoints'] = 'none'
    annotations[4]['image_id'] = 999
    annotations[5]['keypoints'] = [0, 0, 2] * k
    annotations.append('nothing')
    faulty.images[6]['width'] = '128'
    faulty.images[7]['file_name'] = None
    faulty.images[8]['mm_per_px'] = -1
    faulty.images[9]['id'] = faulty.images[10]['id']
    faulty.images[11]['img_path'] = 'x'
    faulty.images.append(17)
    report = faulty.check()
    texts = '\n'.join(
        f.message for f in report.findings if f.check == 'records'
    )
    for words in (
        f'{faulty.names[0]}: (x, y, visibility) = (',
        'annotation 2: 3 keypoint values; expected 3 x 19',
        ', 7); expected finite numbers',
        'annotation 4: no keypoint values',
        'annotation 5: its image_id is not among',
        'every labelled landmark is at (0, 0)',
        'annotation 25 is no record',
        "width='128'; expected its width in whole pixels",
        'file_name; expected a path below',
        'mm_per_px=-1; expected a number above 0',
        'id is that of another record',
        "['img_path'] have names that MMPose uses",
        "the image record has no 'id'",
    ):
        assert words in texts


def test_two_annotations_of_one_image(faulty):
    extra = dict(faulty.content['annotations'][0], id=99)
    faulty.content['annotations'].append(extra)
    found(faulty.check(), ('records', 'warning'))
    other = faulty.content['annotations'][1]['keypoints']
    extra['keypoints'] = other
    (finding,) = found(faulty.check(), ('records', 'error'))
    assert finding.photos == (0,)


def test_images_without_annotation_and_files_without_record(faulty):
    faulty.content['annotations'].pop(0)
    report = faulty.check(ignore=['splits'])
    (finding,) = found(report, ('unlabelled', 'warning'))
    assert finding.photos == (0,)
    faulty.content['annotations'][0]['keypoints'] = [0] * 57
    Image.new('RGB', (8, 8)).save(faulty.root / 'images' / 'stray.png')
    told = found(
        faulty.check(ignore=['splits', 'missing-points']),
        ('unlabelled', 'warning'),
        ('unlabelled', 'warning'),
        ('unlabelled', 'note'),
    )
    assert told[-1].names == ('stray.png',)


def test_missing_points_by_landmark(faulty):
    k = faulty.names.index('stomion')
    for place in range(14):
        faulty.change(place, lambda v: v.__setitem__(k, 0))
    faulty.change(0, lambda v: v.__setitem__(0, 0))
    told = found(
        faulty.check(),
        ('missing-points', 'warning'),
        ('missing-points', 'note'),
    )
    assert 'stomion: missing in 14 of 24' in told[0].message
    assert len(told[0].photos) == 14 and told[1].photos == (0,)


def test_missing_subjects_and_sites(faulty):
    del faulty.images[0]['subject'], faulty.images[1]['site']
    report = faulty.check(ignore=['splits'])
    told = found(report, ('identity', 'warning'), ('identity', 'warning'))
    assert [f.photos for f in told] == [(0,), (1,)]


def test_a_subject_at_two_sites(faulty):
    faulty.images[1]['subject'] = faulty.images[0]['subject']
    report = faulty.check(ignore=['splits'])
    (finding,) = found(report, ('identity', 'note'))
    assert finding.photos == (0, 1)


def test_ids_that_are_alike(faulty):
    faulty.images[0]['subject'] = 'S-1'
    faulty.images[1]['subject'] = 's-01'
    report = faulty.check(ignore=['splits'])
    (finding,) = found(report, ('identity', 'warning'))
    assert finding.photos == (0, 1)
    assert 's-01' not in finding.message
    assert finding.names == ('S-1', 's-01')


@pytest.mark.parametrize('scale', [0.02, 8.0])
def test_an_implausible_scale(faulty, scale):
    for image in faulty.images:
        image['mm_per_px'] = 1.2
    found(faulty.check())
    faulty.images[2]['mm_per_px'] = scale
    (finding,) = found(faulty.check(), ('scale', 'error'))
    assert finding.photos == (2,) and 'eye corners' in finding.message


def test_the_same_wrong_scale_of_many_is_one_finding_a_direction(faulty):
    for image in faulty.images:
        image['mm_per_px'] = 1.2
    for place, scale in ((2, 0.02), (3, 0.03), (4, 0.02), (7, 8.0)):
        faulty.images[place]['mm_per_px'] = scale
    small, large = found(
        faulty.check(), ('scale', 'error'), ('scale', 'error')
    )
    assert small.photos == (2, 3, 4) and large.photos == (7,)
    assert small.message.startswith('3 images: with mm_per_px=0.02 to 0.03 ')
    assert large.message.startswith('with mm_per_px=8 ')


def test_landmarks_of_one_side(faulty):
    keep = [i for i, n in enumerate(faulty.names) if not n.endswith('_L')]
    category = faulty.content['categories'][0]
    category['keypoints'] = [faulty.names[i] for i in keep]
    for annotation in faulty.content['annotations']:
        values = annotation['keypoints']
        annotation['keypoints'] = [
            v for i in keep for v in values[3 * i : 3 * i + 3]
        ]
    (finding,) = found(faulty.check(), ('flips', 'warning'))
    assert 'RandomFlip' in finding.message


# --- facial groups ----------------------------------------------------------

EYES = [
    ('exocanthion_R', 'exocanthion_L'),
    ('endocanthion_R', 'endocanthion_L'),
]
MOUTH = [
    ('cheilion_R', 'cheilion_L'),
    ('crista_philtri_R', 'crista_philtri_L'),
]


@pytest.mark.parametrize('pairs', [EYES, [('alar_base_R', 'alar_base_L')]])
@pytest.mark.parametrize('places', [(5,), (0, 3, 4, 11)])
def test_a_group_exchanged_in_some_faces(faulty, pairs, places):
    for place in places:
        for pair in pairs:
            faulty.exchange(place, *pair)
    (finding,) = found(faulty.check(), ('left-right', 'error'))
    assert finding.photos == places
    assert {*finding.landmarks} == {name for pair in pairs for name in pair}


@pytest.mark.parametrize('pairs', [EYES, MOUTH[:1]])
def test_a_group_exchanged_in_the_whole_set(faulty, pairs):
    for place in range(len(faulty.images)):
        for pair in pairs:
            faulty.exchange(place, *pair)
    (finding,) = found(faulty.check(), ('left-right', 'error'))
    assert finding.photos == ()
    assert {*finding.landmarks} == {name for pair in pairs for name in pair}


def test_faces_that_are_right_in_a_set_that_is_not(faulty):
    right = (2, 9)
    for place in {*range(len(faulty.images))} - {*right}:
        for pair in EYES:
            faulty.exchange(place, *pair)
    whole, single = found(
        faulty.check(), ('left-right', 'error'), ('left-right', 'error')
    )
    assert (whole.photos, single.photos) == ((), right)


def test_a_group_exchanged_in_few_faces_that_cannot_be_compared(faulty):
    faulty.content['images'] = faulty.images[:3]
    faulty.content['annotations'] = faulty.content['annotations'][:3]
    for place in range(3):
        for pair in EYES:
            faulty.exchange(place, *pair)
    report = faulty.check(ignore=['splits', 'unlabelled', 'outliers'])
    (finding,) = found(report, ('left-right', 'error'))
    assert {*finding.landmarks} == {name for pair in EYES for name in pair}


@pytest.mark.parametrize('shift', [1, -1])
def test_names_that_are_off_by_one(faulty, shift):
    for place in range(len(faulty.images)):
        faulty.change(
            place, lambda v: v.__setitem__(slice(None), np.roll(v, shift, 0))
        )
    errors = [f for f in faulty.check().findings if str(f.severity) == 'error']
    (finding,) = errors
    assert finding.check == 'left-right' and finding.photos == ()
    assert '--count-from' in finding.message
