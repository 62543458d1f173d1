"""tools/misc/release_weights.py."""

import hashlib
import json

import pytest
import torch
from tool_server import run_tool

METRICS = {
    'ME': dict(value=1.25, low=1.0, high=1.5),
    'FR': dict(value=0.1, low=0.0, high=0.3),
}
REPORT = dict(
    unit='image',
    unit_label='image px',
    threshold=5.0,
    per='image',
    test_set='t',
    num_images=4,
    num_subjects=3,
    groups=[0, 1, 2, 2],
    metrics=METRICS,
    per_landmark=dict(stomion=dict(ME=2.0, FR=0.5)),
    per_site=dict(north=dict(num_subjects=3, metrics=METRICS)),
    image_errors=[1.0, 1.0, 1.5, 1.5],
)


@pytest.fixture
def place(tmp_path):
    content = dict(
        state_dict=dict(w=torch.ones(2)),
        meta=dict(iter=3),
        optimizer=dict(state=torch.zeros(9)),
    )
    torch.save(content, tmp_path / 'iter_3.pth')
    (tmp_path / 'errors.json').write_text(json.dumps(dict(reports=[REPORT])))
    return tmp_path


def release(place, card):
    (place / 'card.md').write_text(card)
    return run_tool(
        'release_weights.py',
        *('iter_3.pth', 'errors.json', '--name', 'best'),
        *('--card', 'card.md', '--out', 'out'),
        cwd=place,
    )


def test_the_file_has_weights_alone_and_the_card_their_errors(place):
    card = 'before\n<!-- errors -->\nold\n<!-- end -->\nafter\n'
    done = release(place, card)
    assert done.returncode == 0, done.stderr
    (file,) = (place / 'out').iterdir()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert file.name == f'best-{digest[:8]}.pth'
    assert set(torch.load(file)) == {'state_dict', 'meta'}
    text = (place / 'card.md').read_text()
    assert text.startswith('before\n') and text.endswith('-->\nafter\n')
    assert 'old' not in text and digest in text
    assert '| north | 3 | 1.25<br>[1.00, 1.50] | 10.0<br>[0.0, 30.0] |' in text
    assert '| stomion | 2.00 | 50.0 |' in text


def test_a_card_without_a_place_for_errors_is_refused(place):
    done = release(place, 'no markers\n')
    assert done.returncode == 2
    assert 'card.md' in done.stderr
    assert not (place / 'out').exists()


@pytest.mark.parametrize('own', [True, False])
def test_errors_of_another_checkpoint_are_refused(place, own):
    digest = hashlib.sha256((place / 'iter_3.pth').read_bytes()).hexdigest()
    content = dict(checkpoint=digest[:8] if own else 'x', reports=[REPORT])
    (place / 'errors.json').write_text(json.dumps(content))
    done = release(place, '<!-- errors -->\n<!-- end -->\n')
    assert done.returncode == (0 if own else 2), done.stderr
    assert (place / 'out').exists() == own
