"""Planted problems of image files are found, and nothing else."""

import pytest
from PIL import Image


def test_files_that_cannot_be_used(faulty):
    whole = faulty.file(0).read_bytes()
    faulty.file(0).write_bytes(whole[: len(whole) // 2])
    faulty.file(1).write_bytes(b'')
    faulty.file(2).unlink()
    faulty.file(3).write_text('hello')
    findings = faulty.found(*[('files', 'error')] * 4)
    assert [f.photos for f in findings] == [(0,), (1,), (2,), (3,)]
    for finding, words in zip(
        findings, ('cut off', 'is empty', 'no such', 'no image')
    ):
        assert words in finding.message


def test_a_file_of_another_size(faulty):
    with Image.open(faulty.file(4)) as image:
        image.resize((64, 64)).save(faulty.file(4))
    (finding,) = faulty.found(('image-size', 'error'))
    assert '64x64' in finding.message and finding.photos == (4,)


def save_with_exif(faulty, place, **tags) -> None:
    with Image.open(faulty.file(place)) as image:
        exif = Image.Exif()
        for tag, value in tags.items():
            if tag == 'gps':
                exif.get_ifd(0x8825)[2] = value
            else:
                exif[int(tag[1:])] = value
        image.load()
        image.save(faulty.file(place), quality=95, exif=exif)


@pytest.mark.parametrize(
    'tags, expected',
    [
        (dict(t274=6), ('orientation', 'warning')),
        (dict(t315='Dr Example'), ('metadata', 'note')),
        (dict(gps=(51.0, 30.0, 0.0)), ('metadata', 'warning')),
    ],
)
def test_exif(faulty, tags, expected):
    save_with_exif(faulty, 1, **tags)
    # A face that is turned is not detected.
    (finding,) = faulty.found(expected, ignore=['face-fit'])
    assert finding.photos == (1,) and 'Example' not in finding.message


def test_images_of_several_shapes(faulty):
    with Image.open(faulty.file(5)) as image:
        image.crop((0, 0, 100, 128)).save(faulty.file(5), quality=95)
    faulty.images[5]['width'] = 100
    findings = faulty.found(
        ('mixed-sizes', 'warning'), ('mixed-sizes', 'note'), ignore=['frame']
    )
    assert [f.photos for f in findings] == [(5,), (5,)]


def copy_onto(faulty, place, other, change=lambda image: image) -> None:
    with Image.open(faulty.file(other)) as image:
        copy = change(image.convert('RGB')).convert('RGB').resize((128, 128))
    copy.save(faulty.file(place), quality=70)
    faulty.annotations[place]['keypoints'] = faulty.annotations[other][
        'keypoints'
    ]


@pytest.mark.parametrize(
    'change, words',
    [
        (lambda i: i.resize((90, 90)), 'of two subjects'),
        (lambda i: i.crop((4, 5, 124, 126)), 'of two subjects'),
        (lambda i: i.convert('L').point(lambda v: v // 2), 'of two subjects'),
        (lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 'mirrored'),
    ],
)
def test_a_photograph_under_two_subjects(faulty, change, words):
    faulty.drop_splits()
    copy_onto(faulty, 8, 10, change)
    (finding,) = faulty.found(('duplicates', 'error'))
    assert finding.photos == (8, 10) and words in finding.message


def test_a_copy_of_one_subject_matters_across_the_split(faulty):
    copy_onto(faulty, 8, 10)
    faulty.images[8]['subject'] = faulty.images[10]['subject']
    faulty.drop_splits()
    faulty.found(('duplicates', 'warning'))
    first, second = (faulty.images[i]['file_name'] for i in (8, 10))
    faulty.split('train', [f'image:{first}'])
    faulty.split('test', [f'image:{second}'])
    finding, _ = faulty.found(('duplicates', 'error'), ('splits', 'warning'))
    assert 'splits/train.txt and in splits/test.txt' in finding.message
