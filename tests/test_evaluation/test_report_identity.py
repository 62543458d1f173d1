"""By what a report shows whether it may be compared with another."""

from landmark_samples import TRUTH, evaluate, make_sample

SAMPLES = [
    dict(img_id=1, subject='ann'),
    dict(img_id=2, subject='bob', truth=TRUTH + 5),
    dict(img_id=3, subject='ann', truth=TRUTH + 9),
]


def report(changes=(), order=(0, 1, 2), **metric):
    samples = [make_sample(**SAMPLES[i] | dict(changes)) for i in order]
    return evaluate(samples, **metric)[1].report


def test_the_same_truth_is_the_same_test_whatever_is_predicted():
    base = report()['test_set']
    assert report(dict(offset=(1.0, 1.0)))['test_set'] == base
    assert report(order=(2, 0, 1))['test_set'] == base
    assert report(dict(input_size=(64, 64)))['test_set'] == base


def test_other_truth_or_other_images_are_another_test():
    base = report()['test_set']
    assert report(dict(truth=TRUTH + 1))['test_set'] != base
    assert report(order=(0, 1))['test_set'] != base


def test_the_sizes_of_the_input_are_told():
    assert report()['input_sizes'] == [[256, 128]]


def test_groups_number_subjects_and_name_none():
    found = report()
    assert found['groups'] == [0, 1, 0]
    assert 'ann' not in str(found)
    assert len(found['groups']) == len(found['image_errors'])
