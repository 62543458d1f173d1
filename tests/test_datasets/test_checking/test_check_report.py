"""Running the checks: the public function, and adding a check."""

import doctest
import re
import shutil

import pytest
from faulty_sets import ANN
from refusals import refused

from mmpose_ctd.datasets import checking
from mmpose_ctd.datasets.checking import CHECKS, Severity, check
from mmpose_ctd.errors import MissingFileError


def test_a_clean_set_is_clean(faulty):
    read = []
    report = faulty.check(on_file=lambda done, total: read.append(done))
    assert report.findings == [] and report.ok and report.ran == list(CHECKS)
    assert report.summary().endswith('19 landmarks: nothing found')
    assert read == [*range(1, 25)]


def test_findings_name_their_check_and_the_worst_come_first(faulty):
    faulty.exchange([5], ('cheilion_R', 'cheilion_L'))
    faulty.images[1]['site'] = 'elsewhere'
    faulty.images[2]['subject'] = faulty.images[1]['subject']
    report = faulty.check(ignore=['splits'])
    kinds = [(f.check, f.severity) for f in report.findings]
    assert kinds == [
        ('left-right', Severity.ERROR),
        ('identity', Severity.NOTE),
    ]
    assert not report.ok
    assert faulty.check(ignore=['splits', 'left-right']).ok


def test_the_example_of_the_docstring(faulty, tmp_path, monkeypatch):
    k = faulty.names.index('alar_base_R')
    faulty.change(3, lambda v: v.__setitem__((k, 0), v[k, 0] + 12))
    faulty.check()
    shutil.copytree(faulty.root, tmp_path / 'data' / 'myset')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('mmpose_ctd.apis.check', check, raising=False)
    example = doctest.DocTestFinder().find(check, 'check')[0]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(example).failed == 0 and runner.tries > 2


def test_the_check_of_the_docs_can_be_added(faulty, monkeypatch, repo_root):
    text = (repo_root / 'docs' / 'check.md').read_text('utf-8')
    code = re.search(r'```python\n(.*?)```', text, re.DOTALL)[1]
    monkeypatch.setattr(checking.registry, 'CHECKS', dict(CHECKS))
    monkeypatch.setattr(checking.report, 'CHECKS', checking.registry.CHECKS)
    exec(code, {})
    (name,) = checking.registry.CHECKS.keys() - CHECKS.keys()
    faulty.images[4]['age'] = 3
    (finding,) = faulty.found((name, 'warning'))
    assert finding.photos == (4,)
    with pytest.raises(ValueError, match=name):
        exec(code, {})


@pytest.mark.parametrize(
    'options, where, found',
    [
        (dict(ignore=['colour']), '--ignore', 'colour'),
        (dict(outlier_z=-1), '--outlier-z', '-1'),
        (dict(outlier_z=float('nan')), '--outlier-z', 'nan'),
        (dict(ann_file='other.json'), 'other.json', 'no such'),
    ],
)
def test_wrong_arguments(faulty, options, where, found):
    with refused(found=found, within=where):
        check(faulty.root, **options)


def test_folders_and_files_that_are_no_set(faulty, tmp_path):
    with refused(within='nowhere', kind=MissingFileError):
        check(tmp_path / 'nowhere')
    for text in ('', '[]', '{"images": 3}', '\x00'):
        (faulty.root / ANN).write_text(text)
        with refused(within='landmarks19.json'):
            check(faulty.root)
    (faulty.root / ANN).write_text('{"images": [], "annotations": []}')
    report = check(faulty.root, ann_file=ANN)
    assert not report.ok
    assert any("['categories']" in f.message for f in report.findings)


def test_a_missing_teacher_says_how_to_get_it(faulty):
    with pytest.raises(MissingFileError, match='mmpose_ctd download sface'):
        faulty.check(teacher='no.pth')
