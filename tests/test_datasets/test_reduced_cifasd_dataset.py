"""The deprecated name."""

import numpy as np
from landmark_set import landmark_content, logged, write_landmark_set
from mmpose.registry import DATASETS

from mmpose_ctd.apis.config_components import accepted_keys
from mmpose_ctd.datasets import CIFASDDataset, ReducedCIFASDDataset

PIPELINE = [
    dict(type='LoadLandmarkImage'),
    dict(type='GetBBoxCenterScale', padding=1.25),
    dict(type='TopdownAffine', input_size=(32, 32), use_udp=True),
    dict(type='PackLandmarkInputs'),
]


def test_the_old_name_builds_a_cifasd_dataset_and_warns(tmp_path):
    root = write_landmark_set(tmp_path, landmark_content())
    config = dict(
        data_root=str(root),
        ann_file='annotations/landmarks.json',
        pipeline=PIPELINE,
    )
    plain = DATASETS.build(dict(config, type='CIFASDDataset'))
    old = dict(
        config,
        type='ReducedCIFASDDataset',
        cache_dir=str(tmp_path / 'kept'),
        memory_mb=1024,
        detail=2.0,
    )
    with logged() as lines:
        named_as_before = DATASETS.build(old)
    assert sum("type='CIFASDDataset'" in line for line in lines) == 1
    for one, other in zip(plain, named_as_before, strict=True):
        np.testing.assert_array_equal(one['inputs'], other['inputs'])
        assert one['data_samples'].metainfo.keys() == (
            other['data_samples'].metainfo.keys()
        )
    assert not (tmp_path / 'kept').exists()


def test_the_old_arguments_pass_the_check_of_configs():
    old = accepted_keys(ReducedCIFASDDataset) - accepted_keys(CIFASDDataset)
    assert old == {'cache_dir', 'memory_mb', 'detail'}
