"""DELTA's increases by brute force on the toy model, without the package."""

import numpy as np
import torch


def _loss(model, maps, batch):
    """L_R of each image, from the toy head's only layer."""
    weight = model.head.final_layer.weight[:, :, 0, 0]
    bias = model.head.final_layer.bias
    predicted = torch.einsum('nchw,kc->nkhw', maps, weight)
    predicted = predicted + bias[:, None, None]
    losses = []
    for sample, prediction in zip(batch['data_samples'], predicted):
        error = (prediction - sample.gt_fields.heatmaps) ** 2
        seen = sample.gt_instance_labels.keypoint_weights[0]
        losses.append(float((error.sum((1, 2)) * seen).sum()))
    return np.array(losses)


@torch.no_grad()
def increases(model, batch, stage):
    """Increase of each image's loss without each channel, (N, C)."""
    model.eval()
    pixels = torch.stack(batch['inputs']).float()
    # BGR bytes to what the toy preprocessor gives.
    mean = torch.tensor([120.0, 110.0, 100.0])[:, None, None]
    std = torch.tensor([60.0, 55.0, 50.0])[:, None, None]
    images = (pixels.flip(1) - mean) / std
    first, second = model.backbone.stages
    early = first(images)
    deep = second(early)
    intact = _loss(model, deep, batch)
    columns = []
    for channel in range((early, deep)[stage].shape[1]):
        keep = torch.ones((early, deep)[stage].shape[1])
        keep[channel] = 0
        keep = keep[:, None, None]
        maps = second(early * keep) if stage == 0 else deep * keep
        columns.append(_loss(model, maps, batch) - intact)
    return np.stack(columns, axis=1)
