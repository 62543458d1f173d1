"""Which studies of a plan are reported."""

from types import SimpleNamespace

from mmpose_ctd.apis.comparing.plan import Variant
from mmpose_ctd.apis.comparing.plan_report import _begun


def test_a_study_with_none_of_its_variants_waits():
    studies = dict(
        main=SimpleNamespace(variants=(Variant(),)),
        weight=SimpleNamespace(variants=(Variant(), Variant('w=1'))),
        length=SimpleNamespace(variants=(Variant(), Variant('steps=2'))),
    )
    records = [
        dict(study=study, variant=variant)
        for study, variant in (
            ('main', ''),
            ('weight', ''),
            ('weight', 'w=1'),
            # Shared with main.
            ('length', ''),
        )
    ]
    begun, empty = _begun(records, SimpleNamespace(studies=studies))
    assert begun == records[:3]
    assert empty == ['length']
