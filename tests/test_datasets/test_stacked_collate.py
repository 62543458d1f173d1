"""stacked_collate gives pseudo_collate's batch, in fewer tensors."""

import copy

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample

from mmpose_ctd.datasets import stacked_collate


def result(number, side=8):
    maps = torch.full((2, 4, 4), float(number))
    weights = torch.full((1, 2), float(number))
    sample = PoseDataSample(metainfo=dict(img_id=number))
    sample.gt_fields = PixelData(heatmaps=maps)
    sample.gt_instance_labels = InstanceData(keypoint_weights=weights)
    image = torch.full((3, side, side), number, dtype=torch.uint8)
    return dict(inputs=image, data_samples=sample)


def maps_of(samples):
    return [sample.gt_fields.heatmaps for sample in samples]


def weights_of(samples):
    return [sample.gt_instance_labels.keypoint_weights for sample in samples]


def test_values_and_order_stay():
    batch = [result(n) for n in (5, 3, 8)]
    plain = pseudo_collate(copy.deepcopy(batch))
    ours = stacked_collate(batch)
    assert len(ours['inputs']) == 3
    pairs = zip(ours['inputs'], plain['inputs'])
    assert all(torch.equal(a, b) for a, b in pairs)
    for part in (maps_of, weights_of):
        pairs = zip(part(ours['data_samples']), part(plain['data_samples']))
        assert all(torch.equal(a, b) for a, b in pairs)
    assert [s.img_id for s in ours['data_samples']] == [5, 3, 8]


def test_each_kind_is_one_piece_of_memory():
    batch = stacked_collate([result(n) for n in range(4)])
    samples = batch['data_samples']
    for tensors in (batch['inputs'], maps_of(samples), weights_of(samples)):
        places = {t.untyped_storage().data_ptr() for t in tensors}
        assert len(places) == 1


def test_images_of_different_sizes_stay_apart():
    batch = stacked_collate([result(0, side=8), result(1, side=6)])
    assert [x.shape[1] for x in batch['inputs']] == [8, 6]


@pytest.mark.parametrize('part', ['gt_fields', 'gt_instance_labels'])
def test_samples_may_lack_targets(part):
    batch = [result(0), result(1)]
    for one in batch:
        delattr(one['data_samples'], part)
    assert len(stacked_collate(batch)['data_samples']) == 2
