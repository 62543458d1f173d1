"""Whom a checkpoint says it was trained on."""

import pytest
from mmengine.config import Config

from mmpose_ctd.errors import InputError
from mmpose_ctd.trained import check_same_split, trained_split


def config(split='splits/train.txt'):
    dataset = dict(type='CIFASDDataset', split=split, pipeline=[])
    return Config(dict(train_dataloader=dict(batch_size=2, dataset=dataset)))


def content(text):
    return dict(meta=dict(cfg=text))


@pytest.mark.parametrize('split', ['splits/n080.txt', None])
def test_it_is_read_as_mmengine_writes_it(split):
    assert trained_split(content(config(split).pretty_text)) == split


def test_the_config_of_a_checkpoint_is_never_run(tmp_path):
    text = (
        f"open({str(tmp_path / 'ran')!r}, 'w')\n"
        "train_dataloader = {'dataset': {'split': 'a.txt'}}\n"
    )
    assert trained_split(content(text)) == 'a.txt'
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(
    'what',
    [{}, content(None), content('x ='), content('train_dataloader = 3')],
)
def test_a_checkpoint_that_does_not_tell(what):
    assert trained_split(what) is None
    check_same_split('iter_1.pth', None, config())


@pytest.mark.parametrize(
    'trained, given',
    [
        ('splits/train.txt', './splits/train.txt'),
        ('<...>/train.txt', '/data/anna/train.txt'),
        ('/data/anna/train.txt', '/moved/train.txt'),
    ],
)
def test_the_same_split(trained, given):
    check_same_split('iter_1.pth', trained, config(given))


@pytest.mark.parametrize('given', ['splits/n020.txt', None, '/a/n020.txt'])
def test_other_subjects_are_refused_with_both_splits(given):
    with pytest.raises(InputError) as error:
        check_same_split('iter_1.pth', 'splits/n080.txt', config(given))
    told = str(error.value)
    assert "'splits/n080.txt'" in told and repr(given) in told
    assert 'train_dataloader.dataset.split=splits/n080.txt' in told
