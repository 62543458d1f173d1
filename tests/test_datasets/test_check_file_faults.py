"""Every planted fault of image files and splits is found, it alone."""

import pytest
from faulty_sets import found
from PIL import Image

from mmpose_ctd.datasets.checking import Severity

# --- files ------------------------------------------------------------------


def test_files_that_cannot_be_used(faulty):
    whole = faulty.file(0).read_bytes()
    faulty.file(0).write_bytes(whole[: len(whole) // 2])
    faulty.file(1).write_bytes(b'')
    faulty.file(2).unlink()
    faulty.file(3).write_text('hello')
    told = found(faulty.check(), *[('files', 'error')] * 4)
    assert [f.photos for f in told] == [(0,), (1,), (2,), (3,)]
    for finding, words in zip(
        told, ('cut off', 'is empty', 'no such', 'no image')
    ):
        assert words in finding.message


def test_a_file_of_another_size(faulty):
    with Image.open(faulty.file(4)) as image:
        image.resize((64, 64)).save(faulty.file(4))
    (finding,) = found(faulty.check(), ('image-size', 'error'))
    assert '64x64' in finding.message and finding.photos == (4,)


def save_with(faulty, place, **tags) -> None:
    with Image.open(faulty.file(place)) as image:
        exif = Image.Exif()
        for tag, value in tags.items():
            exif[int(tag[1:])] = value
        image.load()
        image.save(faulty.file(place), quality=95, exif=exif)


def test_exif_orientation(faulty):
    save_with(faulty, 1, t274=6)
    (finding,) = found(faulty.check(), ('orientation', 'warning'))
    assert finding.photos == (1,)


def test_exif_that_may_tell_who(faulty):
    save_with(faulty, 1, t315='Dr Example')
    (finding,) = found(faulty.check(), ('metadata', 'note'))
    assert 'Example' not in finding.message


def test_where_a_photograph_was_taken(faulty):
    with Image.open(faulty.file(2)) as image:
        exif = Image.Exif()
        exif.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)
        image.load()
        image.save(faulty.file(2), exif=exif, quality=95)
    (finding,) = found(faulty.check(), ('metadata', 'warning'))
    assert finding.photos == (2,) and 'GPS' in finding.message


def test_images_of_several_shapes(faulty):
    with Image.open(faulty.file(5)) as image:
        image.crop((0, 0, 100, 128)).save(faulty.file(5), quality=95)
    faulty.images[5]['width'] = 100
    told = found(
        faulty.check(ignore=['frame']),
        ('mixed-sizes', 'warning'),
        ('mixed-sizes', 'note'),
    )
    assert told[0].photos == (5,)


# --- duplicates and splits --------------------------------------------------


def copy_onto(faulty, place, other, change=lambda image: image) -> None:
    with Image.open(faulty.file(other)) as image:
        copy = change(image.convert('RGB')).resize((128, 128))
    copy.save(faulty.file(place), quality=70)
    annotations = faulty.content['annotations']
    annotations[place]['keypoints'] = annotations[other]['keypoints']


@pytest.mark.parametrize(
    'change',
    [
        lambda image: image,
        lambda image: image.resize((90, 90)),
        lambda image: image.crop((4, 5, 124, 126)),
        lambda image: image.convert('L').convert('RGB'),
        lambda image: image.point(lambda v: int(255 * (v / 255) ** 0.7)),
    ],
)
def test_a_photograph_under_two_subjects(faulty, change):
    copy_onto(faulty, 8, 10, change)
    (finding,) = found(
        faulty.check(ignore=['splits']), ('duplicates', 'error')
    )
    assert finding.photos == (8, 10)
    assert 'of two subjects' in finding.message


def test_a_mirrored_copy(faulty):
    copy_onto(
        faulty, 8, 10, lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    )
    report = faulty.check(ignore=['splits'])
    (finding,) = found(report, ('duplicates', 'error'))
    assert 'mirrored' in finding.message


def test_a_copy_of_one_subject_matters_across_the_split(faulty):
    copy_onto(faulty, 8, 10)
    faulty.images[8]['subject'] = faulty.images[10]['subject']
    for file in (faulty.root / 'splits').iterdir():
        file.unlink()
    found(faulty.check(), ('duplicates', 'warning'))
    first, second = (faulty.images[i]['file_name'] for i in (8, 10))
    faulty.split('train', [f'image:{first}'])
    faulty.split('test', [f'image:{second}'])
    told = found(
        faulty.check(), ('duplicates', 'error'), ('splits', 'warning')
    )
    assert 'splits/train.txt and in splits/test.txt' in told[0].message


def test_unknown_and_shared_subjects_of_splits(faulty):
    subjects = [image['subject'] for image in faulty.images]
    for file in (faulty.root / 'splits').iterdir():
        file.unlink()
    faulty.split('test', subjects[:4])
    faulty.split('train', subjects[3:9] + ['nobody'])
    faulty.split('empty', ['# nobody'])
    told = found(faulty.check(), *[('splits', 'error')] * 3)
    texts = ' '.join(f.message for f in told)
    assert 'train.txt: 1 subjects are not in' in texts
    assert 'empty.txt: empty' in texts
    assert 'test.txt shares 1 subjects with train.txt' in texts
    assert subjects[3] not in texts and 'nobody' not in texts


def test_every_finding_names_its_check_and_worst_come_first(faulty):
    faulty.exchange(5, 'cheilion_R', 'cheilion_L')
    save_with(faulty, 1, t315='x')
    report = faulty.check()
    assert [f.severity for f in report.findings] == [
        Severity.ERROR,
        Severity.NOTE,
    ]
    assert not report.ok
    assert faulty.check(ignore=['left-right']).ok
