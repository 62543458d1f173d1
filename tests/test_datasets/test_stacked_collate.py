"""stacked_collate gives pseudo_collate's batch, in fewer tensors."""

import copy

import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample

from mmpose_ctd.datasets import stacked_collate


def result(number, side=8):
    sample = PoseDataSample(metainfo=dict(img_id=number))
    sample.gt_fields = PixelData(heatmaps=torch.full((2, 4, 4), number))
    weights = torch.full((1, 2), number)
    sample.gt_instance_labels = InstanceData(keypoint_weights=weights)
    image = torch.full((3, side, side), number, dtype=torch.uint8)
    return dict(inputs=image, data_samples=sample)


def parts(batch):
    samples = batch['data_samples']
    return (
        batch['inputs'],
        [sample.gt_fields.heatmaps for sample in samples],
        [sample.gt_instance_labels.keypoint_weights for sample in samples],
    )


def test_values_and_order_stay_in_one_piece_of_memory():
    batch = [result(n) for n in (5, 3, 8)]
    plain = pseudo_collate(copy.deepcopy(batch))
    ours = stacked_collate(batch)
    for tensors, others in zip(parts(ours), parts(plain)):
        assert all(map(torch.equal, tensors, others))
        assert len({t.untyped_storage().data_ptr() for t in tensors}) == 1
    assert [s.img_id for s in ours['data_samples']] == [5, 3, 8]


def test_images_of_different_sizes_and_missing_targets():
    batch = [result(0, side=8), result(1, side=6)]
    for one in batch:
        del one['data_samples'].gt_fields
    found = stacked_collate(batch)
    assert [x.shape[1] for x in found['inputs']] == [8, 6]
    assert len(found['data_samples']) == 2
