"""ProgressBarHook in real runs, in a log file and on a terminal."""

import io

import pytest
from rich.console import Console
from toy_runner import Slope, SlopeError, numbers_loader, toy_runner

import mmpose_ctd.engine  # noqa: F401
from mmpose_ctd.engine.hooks import progress_bar_hook

SHOW_CURSOR = '\x1b[?25h'


def bar(title='toy'):
    return [dict(type='ProgressBarHook', title=title)]


def lines_of(capsys):
    """What the hook has written; mmengine's own lines begin with a date."""
    out = capsys.readouterr().out
    return [line for line in out.splitlines() if line.startswith('toy')]


class Failing(Slope):
    """Raises at its third batch."""

    def __init__(self, error):
        super().__init__()
        self.error, self.seen = error, 0

    def forward(self, inputs, mode='tensor'):
        self.seen += 1
        if self.seen == 3:
            raise self.error
        return super().forward(inputs, mode)


@pytest.fixture
def terminal(monkeypatch):
    """Let the hook believe in a terminal; returns what it writes there."""
    screen = io.StringIO()
    monkeypatch.setattr(
        progress_bar_hook,
        'Console',
        lambda: Console(file=screen, force_terminal=True, width=90),
    )
    return screen


@pytest.mark.parametrize(
    'by_epoch, iters, total', [(True, 3, 30), (False, 7, 7)]
)
def test_a_log_file_gets_about_ten_lines(
    tmp_path, capsys, by_epoch, iters, total
):
    runner = toy_runner(
        tmp_path,
        iters,
        by_epoch,
        custom_hooks=bar(),
        test_dataloader=numbers_loader(20),
        test_cfg=dict(),
        test_evaluator=dict(type=SlopeError),
    )
    runner.train()
    lines = lines_of(capsys)
    assert len(lines) == min(10, total)
    steps = [int(line.split()[1].split('/')[0]) for line in lines]
    assert steps == sorted(set(steps)) and steps[-1] == total
    assert lines[-1].startswith(f'toy {total}/{total} loss ')
    runner.test()
    lines = lines_of(capsys)
    assert len(lines) == 10 and lines[-1] == 'toy, testing 20/20'


def test_a_resumed_run_goes_on_where_it_was(tmp_path, capsys):
    checkpoint = dict(type='CheckpointHook', by_epoch=False, interval=10)
    hooks = dict(custom_hooks=bar(), default_hooks=dict(checkpoint=checkpoint))
    toy_runner(tmp_path, 10, **hooks).train()
    lines_of(capsys)
    train = dict(train_dataloader=numbers_loader(20))
    toy_runner(tmp_path, 20, resume=True, **hooks, **train).train()
    lines = lines_of(capsys)
    assert lines[0].startswith('toy 12/20 ') and len(lines) == 5


def test_a_terminal_gets_a_bar(tmp_path, capsys, terminal):
    # Names in a title may look like rich's markup.
    toy_runner(tmp_path, 10, custom_hooks=bar('toy [/b]')).train()
    assert lines_of(capsys) == []
    shown = terminal.getvalue()
    assert 'toy [/b]' in shown and '10/10' in shown and 'loss' in shown
    assert shown.rstrip().endswith(SHOW_CURSOR)


@pytest.mark.parametrize(
    ('error', 'by_epoch'),
    [(ValueError('batch 3 is bad'), False), (KeyboardInterrupt(), True)],
)
def test_the_bar_ends_with_a_training_that_raises(
    tmp_path, terminal, by_epoch, error
):
    runner = toy_runner(
        tmp_path, 5, by_epoch, model=Failing(error), custom_hooks=bar()
    )
    with pytest.raises(type(error)):
        runner.train()
    shown = terminal.getvalue()
    assert '2/5' in shown
    # A bar that is left running hides the cursor and draws on.
    assert shown.rstrip().endswith(SHOW_CURSOR)
