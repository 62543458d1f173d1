"""SiteHeatmapHead learns what differs between annotators' habits."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from refusals import refused

from mmpose_ctd.errors import InputError

SITES = ('a', 'b', 'c')
CODEC = dict(
    type='UDPHeatmap', input_size=(32, 32), heatmap_size=(8, 8), sigma=1.0
)


def build(sites=SITES, **kwargs):
    head = MODELS.build(
        dict(
            type='SiteHeatmapHead',
            sites=sites,
            in_channels=6,
            out_channels=2,
            deconv_out_channels=None,
            decoder=CODEC,
        )
        | kwargs
    )
    head.init_weights()
    return head.eval()


def samples(*sites, heatmaps=None):
    found = []
    for i, site in enumerate(sites):
        sample = PoseDataSample(metainfo=dict(flip_indices=[1, 0]))
        if site is not None:
            sample.set_metainfo(dict(site=site))
        if heatmaps is not None:
            sample.gt_fields = PixelData(heatmaps=heatmaps[i])
            weights = torch.ones(1, heatmaps.shape[1])
            sample.gt_instance_labels = InstanceData(keypoint_weights=weights)
        found.append(sample)
    return found


def heatmaps_of(head, x, *sites):
    """Through `predict`, as a test runs it."""
    options = dict(output_heatmaps=True)
    _, fields = head.predict((x,), samples(*sites), options)
    return torch.stack([field.heatmaps for field in fields])


def test_sites_begin_alike():
    head, x = build(), torch.rand(3, 6, 8, 8)
    assert torch.equal(heatmaps_of(head, x, *SITES), head((x,)))


def test_a_site_has_the_shared_weights_and_its_share_of_the_differences():
    head, x = build(), torch.rand(6, 6, 8, 8)
    torch.nn.init.normal_(head.site_layer.weight)
    faces = samples('c', 'a', None, 'elsewhere', '', 'a')
    faces[5].set_metainfo(dict(flip=True, flip_direction='horizontal'))
    _, found = head.predict((x,), faces, dict(output_heatmaps=True))
    shared = head.final_layer.weight
    by_site, by_side = head.site_layer.weight.view(2, 3, 2, 6, 1, 1)
    c, a = (shared + by_site[i] - by_site.mean(0) for i in (2, 0))
    weights = [c + by_side[2], a + by_side[0]]
    weights += [shared + by_side.mean(0)] * 3
    weights += [a - by_side[0]]
    for image, weight, ours in zip(x, weights, found):
        expected = F.conv2d(image[None], weight, head.final_layer.bias)[0]
        torch.testing.assert_close(ours.heatmaps, expected)


@pytest.mark.parametrize('sites', [(), ('a',)])
def test_of_one_site_only_mirror_images_differ(sites):
    head, x = build(sites=sites), torch.rand(1, 6, 8, 8)
    torch.nn.init.normal_(head.site_layer.weight)
    shared, side = head((x,)), head.site_layer(x)[:, 2:]
    torch.testing.assert_close(heatmaps_of(head, x, 'a'), shared + side)


def test_the_mirror_image_has_the_other_sign():
    head, x = build(), torch.rand(1, 6, 8, 8)
    torch.nn.init.normal_(head.site_layer.weight)
    options = dict(flip_test=True, output_heatmaps=True)
    feats = [(x,), (x.flip(3),)]
    _, (field,) = head.predict(feats, samples('b'), options)
    plain = heatmaps_of(head, x, 'b')[0]
    turned = samples('b')
    turned[0].set_metainfo(dict(flip=True, flip_direction='horizontal'))
    _, (mirrored,) = head.predict(
        (x.flip(3),), turned, dict(output_heatmaps=True)
    )
    mirrored = mirrored.heatmaps.flip(2)[[1, 0]]
    torch.testing.assert_close(field.heatmaps, (plain + mirrored) / 2)


def test_it_learns_what_differs_between_sites():
    torch.manual_seed(0)
    head = build(sites=('a', 'b'))
    # Two equal images, whose landmarks were set in different places.
    x = torch.zeros(2, 6, 8, 8)
    x[:, 0, 2, 2] = x[:, 1, 5, 5] = 1
    truth = torch.zeros(2, 2, 8, 8)
    truth[0, :, 2, 2] = truth[1, :, 5, 5] = 1
    faces = samples('a', 'b', heatmaps=truth)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.1)
    quiet = dict(compute_acc=False)
    for _ in range(50):
        optimizer.zero_grad()
        loss = head.loss((x,), faces, quiet)['loss_kpt']
        loss.backward()
        optimizer.step()
    ours = heatmaps_of(head, x[[0, 1, 0]], 'a', 'b', None)[:, 0].flatten(1)
    assert ours[:2].argmax(1).tolist() == [2 * 8 + 2, 5 * 8 + 5]
    torch.testing.assert_close(ours[2], ours[:2].mean(0))


def test_training_refuses_a_site_that_is_not_listed():
    with refused(found='elsewhere'):
        build().loss(
            (torch.rand(1, 6, 8, 8),),
            samples('elsewhere', heatmaps=torch.zeros(1, 2, 8, 8)),
        )


@pytest.mark.parametrize('sites', ['london', ('a', 'a')])
def test_it_refuses_what_is_no_list_of_different_sites(sites):
    with pytest.raises(InputError):
        build(sites=sites)
