"""Planted problems of subjects, sites and splits are found, only these."""


def test_unknown_and_shared_subjects_of_splits(faulty):
    subjects = [image['subject'] for image in faulty.images]
    faulty.drop_splits()
    faulty.split('test', subjects[:4])
    faulty.split('train', subjects[3:9] + ['nobody'])
    faulty.split('empty', ['# nobody'])
    findings = faulty.found(*[('splits', 'error')] * 3)
    assert {f.names for f in findings} == {(), ('nobody',), (subjects[3],)}
    texts = ' '.join(f.message for f in findings)
    assert 'train.txt: 1 subjects are not in' in texts
    assert 'empty.txt: empty' in texts
    assert 'test.txt shares 1 subjects with train.txt' in texts
    assert subjects[3] not in texts and 'nobody' not in texts


def test_subjects_without_labels_in_splits(faulty):
    faulty.annotations[0]['keypoints'] = [0] * 57
    _, finding = faulty.found(('splits', 'warning'), ('unlabelled', 'warning'))
    assert finding.names == (faulty.images[0]['subject'],)


def test_missing_and_changing_subjects_and_sites(faulty):
    faulty.drop_splits()
    del faulty.images[0]['subject'], faulty.images[1]['site']
    faulty.images[3]['subject'] = faulty.images[2]['subject']
    findings = faulty.found(
        ('identity', 'warning'), ('identity', 'warning'), ('identity', 'note')
    )
    assert [f.photos for f in findings] == [(0,), (1,), (2, 3)]


def test_ids_that_are_alike(faulty):
    faulty.drop_splits()
    faulty.images[0]['subject'] = 'S-1'
    faulty.images[1]['subject'] = 's-01'
    (finding,) = faulty.found(('identity', 'warning'))
    assert finding.photos == (0, 1) and finding.names == ('S-1', 's-01')
    assert 's-01' not in finding.message
