"""What of a plan gets into its report."""

from types import SimpleNamespace

from mmpose_ctd.apis.comparing.plan import Variant
from mmpose_ctd.apis.comparing.report import _begun


def record(study, variant=''):
    return SimpleNamespace(study=study, variant=variant)


def test_a_study_with_none_of_its_variants_waits():
    studies = dict(
        main=SimpleNamespace(variants=(Variant(),)),
        weight=SimpleNamespace(variants=(Variant(), Variant('w=1'))),
        length=SimpleNamespace(variants=(Variant(), Variant('steps=2'))),
    )
    records = [
        record('main'),
        record('weight'),
        record('weight', 'w=1'),
        # Shared with main: says nothing about the length.
        record('length'),
    ]
    begun, empty = _begun(records, SimpleNamespace(studies=studies))
    assert begun == records[:3]
    assert empty == ['length']
