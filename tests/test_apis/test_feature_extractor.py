import pytest
import torch
from mmengine.config import Config
from refusals import refused
from toy_models import PIPELINE, ToyFaces, build, model_config, teacher_file

from mmpose_ctd.apis.feature_extractor import (
    load_feature_extractor,
    plain_training_data,
)
from mmpose_ctd.errors import InputError


@pytest.fixture
def config(tmp_path):
    source = teacher_file(tmp_path / 'teacher.pth')
    return Config(dict(model=model_config(source, frozen=['backbone'])))


def trained(config, path, change=None):
    """A checkpoint of the system, after a step of ``change``."""
    torch.manual_seed(1)
    model = build(**{k: v for k, v in config.model.items() if k != 'type'})
    state = model.state_dict()
    if change is not None:
        state[change] = state[change] + 1e-3
    torch.save(dict(state_dict=state, meta={}), path)
    return str(path)


def test_a_head_on_the_sources_encoder_is_loaded(config, tmp_path):
    file = trained(config, tmp_path / 'fe.pth', 'head.final_layer.weight')
    model = load_feature_extractor(config, file)
    state = torch.load(file, weights_only=True)['state_dict']
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name])
    assert not model.training and model.teacher is None


@pytest.mark.parametrize(
    'name', ['stages.1.0.weight', 'stages.0.1.running_mean']
)
def test_an_encoder_that_was_trained_is_refused(config, tmp_path, name):
    file = trained(config, tmp_path / 'ft.pth', f'backbone.{name}')
    with refused(found=['1 of', name], within='ft.pth'):
        load_feature_extractor(config, file)


def test_a_checkpoint_of_another_model_is_refused(config, tmp_path):
    file = trained(config, tmp_path / 'fe.pth')
    config.model.head.out_channels = 7
    with pytest.raises(InputError, match=r'final_layer.*fe_sface'):
        load_feature_extractor(config, file)
    torch.save(dict(weights={}), tmp_path / 'odd.pth')
    with pytest.raises(InputError, match=r"no 'state_dict'"):
        load_feature_extractor(config, str(tmp_path / 'odd.pth'))


def loaders(training=PIPELINE, validation=PIPELINE):
    def loader(pipeline, **more):
        dataset = dict(type='ToyFaces', length=7, pipeline=list(pipeline))
        return dict(
            batch_size=4, num_workers=0, dataset=dataset | more, drop_last=True
        )

    training = loader(training)
    training['sampler'] = dict(type='InfiniteSampler', shuffle=True)
    return Config(
        dict(
            train_dataloader=training,
            val_dataloader=loader(validation, test_mode=True),
        )
    )


AUGMENTED = [
    *PIPELINE[:2],
    dict(type='RandomFlip', prob=1.0, direction='horizontal'),
    *PIPELINE[2:],
]
UNLABELLED = [t for t in PIPELINE if t['type'] != 'GenerateTarget']


@pytest.mark.parametrize('validation', [PIPELINE, UNLABELLED])
def test_every_image_comes_once_in_order_without_augmentation(validation):
    config = loaders(AUGMENTED, validation)
    before = config.to_dict()
    data = plain_training_data(config)
    reference = ToyFaces(7, PIPELINE)
    batches = list(data)
    assert [len(b['inputs']) for b in batches] == [4, 3]
    images = [image for b in batches for image in b['inputs']]
    samples = [sample for b in batches for sample in b['data_samples']]
    for i, (image, sample) in enumerate(zip(images, samples)):
        wanted = reference[i]
        assert torch.equal(image, wanted['inputs'])
        heatmaps = sample.gt_fields.heatmaps
        assert torch.equal(heatmaps, wanted['data_samples'].gt_fields.heatmaps)
        assert float(heatmaps.max()) > 0.9
    assert config.to_dict() == before
    sizes = [len(batch['inputs']) for batch in plain_training_data(config, 1)]
    assert sizes == [1] * 7


@pytest.mark.parametrize(
    ('config', 'found'),
    [
        (loaders(UNLABELLED, UNLABELLED), 'no GenerateTarget'),
        (loaders(PIPELINE, UNLABELLED[:-1]), 'no Pack...'),
        (loaders(PIPELINE, []), 'one is missing'),
    ],
)
def test_pipelines_that_do_not_fit_are_named(config, found):
    with refused(found=found):
        plain_training_data(config)
