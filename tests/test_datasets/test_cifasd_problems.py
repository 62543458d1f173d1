"""A mistake in a set is told by file, record, value and cure."""

import json
import math

import pytest
from landmark_set import landmark_content, write_landmark_set
from mmengine.runner import Runner
from mmpose.registry import DATASETS

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.datasets.landmark_names import landmark_metainfo
from mmpose_ctd.errors import InputError, MissingFileError

ANN = 'annotations/landmarks.json'


def by_class(root, **changes):
    return CIFASDDataset(**dict(data_root=str(root), ann_file=ANN, **changes))


def by_registry(root, **changes):
    config = dict(type='CIFASDDataset', data_root=str(root), ann_file=ANN)
    return DATASETS.build(dict(config, **changes))


def by_runner(root, **changes):
    config = dict(type='CIFASDDataset', data_root=str(root), ann_file=ANN)
    return Runner.build_dataloader(
        dict(
            batch_size=1,
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(config, **changes),
        )
    )


def refused(root, *words, error=InputError, build=by_registry, **changes):
    with pytest.raises(error) as caught:
        build(root, **changes)
    message = str(caught.value)
    for word in words:
        assert word in message
    # Text, not the repr of a tuple or of an errno.
    assert '\\n' not in message and 'Errno' not in message
    return message


@pytest.fixture
def root(tmp_path):
    return write_landmark_set(tmp_path, splits=dict(train=['subject0']))


@pytest.mark.parametrize('build', [by_class, by_registry, by_runner])
def test_errors_stay_readable_however_the_dataset_is_built(root, build):
    refused(
        root,
        str(root / ANN),
        'has 4 landmarks',
        'dataset.num_keypoints=19',
        'model.head.out_channels',
        num_keypoints=19,
        build=build,
    )
    (root / 'images' / '002.png').unlink()
    refused(
        root,
        '1 of 6 images',
        str(root / 'images' / '002.png'),
        'dataset.data_root',
        'data_prefix.img',
        error=MissingFileError,
        build=build,
    )


def test_a_missing_annotation_file_is_named(root):
    refused(
        root,
        str(root / 'annotations' / 'other.json'),
        'CTD_DATA_ROOT',
        ann_file='annotations/other.json',
        error=MissingFileError,
    )


def test_a_missing_split_is_named(root):
    refused(
        root,
        str(root / 'splits' / 'test.txt'),
        'dataset.split',
        split='splits/test.txt',
        error=MissingFileError,
    )


def test_an_empty_split_is_refused(root):
    (root / 'splits' / 'none.txt').write_text('# nobody yet\n')
    refused(root, 'none.txt', 'empty', split='splits/none.txt')


def test_unknown_subjects_of_a_split_are_named(root):
    (root / 'splits' / 'typo.txt').write_text('subject0\nsubjekt1\n')
    message = refused(
        root,
        str(root / 'splits' / 'typo.txt'),
        '1 of 2 subjects do not exist',
        str(root / ANN),
        ': subjekt1.',
        split='splits/typo.txt',
    )
    assert 'subject0' not in message


def test_many_unknown_subjects_are_counted_not_listed(root):
    lines = [f'other{i}' for i in range(40)]
    (root / 'splits' / 'other.txt').write_text('\n'.join(lines))
    message = refused(root, '40 of 40', 'other4', split='splits/other.txt')
    assert 'other5' not in message and '...' in message


def test_a_split_needs_subjects_in_the_records(tmp_path):
    content = landmark_content()
    for image in content['images']:
        del image['subject']
    write_landmark_set(tmp_path, content, dict(train=['subject0']))
    assert len(by_registry(tmp_path)) == 6
    refused(
        tmp_path,
        str(tmp_path / ANN),
        "no image record has a 'subject'",
        'dataset.split',
        split='splits/train.txt',
    )


def changed(root, kind, index, **fields) -> None:
    """Rewrite the annotation file with fields of one record changed."""
    content = landmark_content()
    record = content[kind][index]
    record.update(fields)
    for key in [key for key, value in fields.items() if value is DELETE]:
        del record[key]
    (root / ANN).write_text(json.dumps(content))


DELETE = object()


@pytest.mark.parametrize(
    'place, value, words',
    [
        (4, math.nan, ('exocanthion_L', 'nan')),
        (0, math.inf, ('exocanthion_R', 'inf')),
        (6, None, ('subnasale', 'None')),
        (9, 5000, ('glabella', '(5000, ', 'far outside the 64x48 image')),
        (11, -1, ('glabella', '-1)', 'visibility of 0')),
    ],
)
def test_a_wrong_coordinate_is_named(root, place, value, words):
    values = landmark_content()['annotations'][2]['keypoints']
    values[place] = value
    changed(root, 'annotations', 2, keypoints=values)
    refused(root, str(root / ANN), 'annotation id=102', *words)


def test_a_wrong_number_of_values_is_named(root):
    changed(root, 'annotations', 2, keypoints=[1, 1, 2])
    refused(root, 'annotation id=102', '3 keypoint values', '3 x 4')


def test_an_unknown_image_is_named(root):
    changed(root, 'annotations', 2, image_id=99)
    refused(root, 'annotation id=102', 'image_id=99', 'leave the annotation')
    changed(root, 'annotations', 2, image_id=DELETE)
    refused(root, 'annotation id=102', 'image_id=None')


@pytest.mark.parametrize('key', ['width', 'height', 'file_name'])
def test_an_image_record_without_size_or_name_is_named(root, key):
    changed(root, 'images', 3, **{key: DELETE})
    refused(root, str(root / ANN), 'image id=4', f'{key}=None', 'expected')


def test_mistakes_of_subjects_outside_the_split_do_not_stop_a_run(root):
    changed(root, 'annotations', 5, keypoints=[math.nan] * 12)
    assert len(by_registry(root, split='splits/train.txt')) == 2


def test_a_set_without_any_labelled_image_is_refused(root):
    content = dict(landmark_content(), annotations=[])
    (root / ANN).write_text(json.dumps(content))
    refused(root, str(root / ANN), 'no annotated image', 'labelled')
    refused(
        root,
        'of the subjects of',
        str(root / 'splits' / 'train.txt'),
        split='splits/train.txt',
    )


def test_several_categories_are_refused(root):
    content = landmark_content()
    content['categories'] *= 2
    (root / ANN).write_text(json.dumps(content))
    refused(root, str(root / ANN), 'found 2 categories; expected one')


def test_broken_json_is_refused(root):
    (root / ANN).write_text('{"images": [')
    refused(root, str(root / ANN), 'not a JSON file', 'line 1')


@pytest.mark.parametrize(
    'box',
    [
        DELETE,
        [],
        [1, 2, 3],
        [5, 5, 0, 10],
        [5, 5, 10, -1],
        [5, 5, math.nan, 10],
        [math.inf, 5, 10, 10],
        [5, 5, 'wide', 10],
        [70, 5, 10, 10],
        [-20, 5, 10, 10],
    ],
)
def test_a_box_that_is_none_matters_only_where_it_is_cropped(root, box):
    changed(root, 'annotations', 2, bbox=box)
    assert len(by_registry(root)) == 6
    found = 'None' if box is DELETE else str(box)
    refused(
        root,
        'annotation id=102',
        f'bbox={found}',
        '[x, y, width, height]',
        "dataset.crop='image'",
        crop='bbox',
    )


def test_an_unknown_crop_is_refused(root):
    refused(root, "dataset.crop='face'", "'image' or 'bbox'", crop='face')


@pytest.mark.parametrize(
    'argument',
    [
        dict(data_mode='bottomup'),
        dict(bbox_file='boxes.json', test_mode=True),
        dict(sample_interval=2),
    ],
)
def test_arguments_that_would_do_something_else_are_refused(root, argument):
    name = next(iter(argument))
    refused(root, f'dataset.{name}={argument[name]!r}', 'Leave', **argument)


def test_metainfo_of_another_number_of_landmarks_is_refused(root):
    metainfo = landmark_metainfo(['a', 'b'])
    refused(root, 'describes 2', 'has 4', str(root / ANN), metainfo=metainfo)


def test_a_flip_pair_of_an_unknown_landmark_is_refused(root):
    refused(root, "'nsoe'", flip_pairs=[['subnasale', 'nsoe']])


@pytest.mark.parametrize('scale', [0, -1.0, float('nan'), 'fine'])
def test_a_scale_that_cannot_be_is_refused(tmp_path, scale):
    content = landmark_content()
    content['images'][2]['mm_per_px'] = scale
    refused(write_landmark_set(tmp_path, content), 'id=3', 'mm_per_px')


def test_points_all_in_the_corner_are_no_labels(tmp_path):
    content = landmark_content()
    content['annotations'][1]['keypoints'] = [0, 0, 2] * 4
    refused(write_landmark_set(tmp_path, content), 'id=101', '(0, 0)')


def test_two_faces_of_an_image_that_is_shown_whole_are_refused(tmp_path):
    content = landmark_content()
    for place in (1, 4):
        other = dict(content['annotations'][place], id=900 + place)
        other['keypoints'] = content['annotations'][0]['keypoints']
        content['annotations'].append(other)
    root = write_landmark_set(tmp_path, content)
    with pytest.raises(InputError) as caught:
        by_registry(root)
    assert caught.value.where.endswith('landmarks.json')
    assert '2 images' in caught.value.found
    assert '002.png' in caught.value.found
    assert 'bbox' in caught.value.cure
    assert len(by_registry(root, crop='bbox')) == 8


def test_a_face_annotated_twice_alike_contradicts_nothing(tmp_path):
    content = landmark_content()
    content['annotations'].append(dict(content['annotations'][0], id=900))
    assert len(by_registry(write_landmark_set(tmp_path, content))) == 7
