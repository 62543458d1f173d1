"""Planted problems of records and names are found, and nothing else."""

from PIL import Image


def test_all_faults_of_records_are_found_at_once(faulty):
    k = len(faulty.names)
    annotations = faulty.annotations
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
    findings = [f for f in faulty.check().findings if f.check == 'records']
    assert all(str(f.severity) == 'error' for f in findings)
    # The image of record 10 gets annotations of two faces.
    places = [f.photos for f in findings]
    for place in (0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 24):
        assert (place,) in places
    assert findings[[f.photos for f in findings].index((0,))].landmarks == (
        faulty.names[0],
    )
    texts = '\n'.join(f.message for f in findings)
    for words in (
        'annotation 2: 3 keypoint values; expected 3 x 19',
        'annotation 4: no keypoint values',
        'annotation 5: its image_id',
        "width='128'; expected its width in whole pixels",
        'mm_per_px=-1; expected a number above 0',
        "['img_path']",
    ):
        assert words in texts


def test_two_annotations_of_one_image(faulty):
    extra = dict(faulty.annotations[0], id=99)
    faulty.annotations.append(extra)
    faulty.found(('records', 'warning'))
    extra['keypoints'] = faulty.annotations[1]['keypoints']
    (finding,) = faulty.found(('records', 'error'))
    assert finding.photos == (0,)


def test_images_without_annotation_and_files_without_record(faulty):
    faulty.annotations.pop(0)
    faulty.annotations[0]['keypoints'] = [0] * 57
    Image.new('RGB', (8, 8)).save(faulty.root / 'images' / 'stray.png')
    findings = faulty.found(
        ('unlabelled', 'warning'),
        ('unlabelled', 'warning'),
        ('unlabelled', 'note'),
        ignore=['splits', 'missing-points'],
    )
    assert [f.photos for f in findings] == [(0,), (1,), ()]
    assert findings[-1].names == ('stray.png',)


def test_missing_points_by_landmark(faulty):
    k = faulty.names.index('stomion')
    for place in range(14):
        faulty.change(place, lambda v: v.__setitem__(k, 0))
    faulty.change(0, lambda v: v.__setitem__(0, 0))
    many, few = faulty.found(
        ('missing-points', 'warning'), ('missing-points', 'note')
    )
    assert many.landmarks == ('stomion',) and len(many.photos) == 14
    assert 'missing in 14 of 24' in many.message
    assert few.photos == (0,)


def test_landmarks_of_one_side(faulty):
    keep = [i for i, n in enumerate(faulty.names) if not n.endswith('_L')]
    category = faulty.content['categories'][0]
    category['keypoints'] = [faulty.names[i] for i in keep]
    for annotation in faulty.annotations:
        values = annotation['keypoints']
        annotation['keypoints'] = [
            v for i in keep for v in values[3 * i : 3 * i + 3]
        ]
    (finding,) = faulty.found(('flips', 'warning'))
    assert 'RandomFlip' in finding.message
