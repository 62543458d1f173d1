"""What is told before runs fail for want of a file."""

from pathlib import Path

from comparing_place import finals_of, jobs_of, study

from mmpose_ctd.apis.comparing.missing_files import missing_files

_TEACHER = 'model.teacher'


def told(place, **options):
    jobs = jobs_of(
        place, options=options, **study(budgets=[4, 6], systems=['plain'])
    )
    return missing_files(jobs.jobs(finals_of(jobs)))


def test_a_file_is_told_once_with_its_key_its_runs_and_how_to_get_it(place):
    teacher = dict(checkpoint='weights/face.pth', how_to_get='ask for it')
    (sentence,) = told(place, **{_TEACHER: teacher})
    for part in (
        *('weights/face.pth', 'model.teacher.checkpoint of plain,'),
        *('the 2 runs', 'To get it: ask for it'),
    ):
        assert part in sentence


def test_what_is_there_and_what_is_fetched_is_not_told(place):
    Path('start.pth').write_bytes(b'')
    assert not told(place, load_from='start.pth')
    address = 'https://example.org/weights.pth'
    assert not told(place, **{'model.backbone.init_cfg.checkpoint': address})


def test_files_within_lists_and_those_to_load_from_are_told(place):
    found = told(
        place,
        load_from='none.pth',
        **{'model.backbone.init_cfg': [dict(checkpoint='gone.safetensors')]},
    )
    assert len(found) == 2
    assert 'none.pth, load_from of plain,' in ' '.join(found)
    assert 'model.backbone.init_cfg.0.checkpoint of plain,' in ' '.join(found)
