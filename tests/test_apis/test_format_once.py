"""What mmengine writes of a config, and how often it is formatted."""

from mmengine.config import Config
from yapf.yapflib import yapf_api

from mmpose_ctd.apis.format_once import format_configs_once


def test_a_config_is_formatted_once_and_a_changed_one_anew(monkeypatch):
    formatted = []

    def fake(text, **options):
        formatted.append(text)
        return text.upper(), True

    monkeypatch.setattr(yapf_api, 'FormatCode', fake)
    format_configs_once()
    format_configs_once()
    cfg = Config(dict(lr=1))
    assert cfg.pretty_text == cfg.pretty_text == 'LR=1'
    assert len(formatted) == 1
    cfg.lr = 2
    assert cfg.pretty_text == 'LR=2' and len(formatted) == 2
    # It keeps a few: an old one is formatted anew.
    for i in range(20):
        cfg.lr = i
        assert cfg.pretty_text == f'LR={i}'
    before = len(formatted)
    cfg.lr = 2
    assert cfg.pretty_text == 'LR=2' and len(formatted) == before + 1
