"""The pages that are made from the repository are complete."""

import json
import re
import sys
from pathlib import Path

import mmpose.registry
from mmengine.registry import Registry

from mmpose_ctd.registration import LOCATIONS

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'docs'))

import generated  # noqa: E402


def test_every_registered_component_is_on_the_page():
    page = (ROOT / 'docs/reference/components.md').read_text('utf-8')
    lines = re.findall(r'<!-- components: (.*) -->', page)
    directives = '\n'.join(map(generated.components, lines))
    shown = set(re.findall(r'autoclass:: \S+\.(\w+)', directives))
    for name in LOCATIONS:
        registry: Registry = getattr(mmpose.registry, name)
        registry.import_from_location()
        ours = {
            part.__name__
            for part in registry.module_dict.values()
            if part.__module__.startswith('mmpose_ctd.')
        }
        assert ours <= shown, name


def test_a_model_is_a_row_with_its_errors(tmp_path, monkeypatch):
    monkeypatch.setattr(generated, 'ROOT', tmp_path)
    model = dict(
        Config='configs/a.py',
        System='FT',
        Metadata=dict(Architecture=['A'], Parameters=1_250_000, Teacher='T'),
        Results=[dict(Dataset='FRL faces, 142 labelled', Metrics={'ME': 1.5})],
    )
    (tmp_path / 'm.yml').write_text(json.dumps(dict(Models=[model])))
    row = generated.models('m.yml').splitlines()[-1]
    cells = [cell.strip() for cell in row.strip('|').split('|')]
    assert cells == ['`a.py`', 'FT', 'A, 1.2 M', 'T', '', '1.500']


def test_every_page_is_in_the_contents_once():
    lines = generated.contents().splitlines()
    pages = {path.stem for path in (ROOT / 'docs').glob('*.md')}
    for page in pages - {'contents'}:
        assert lines.count(f'docs/{page}') == 1, page
