"""No folder of the user's survives, and nothing else is touched."""

import os
from collections import OrderedDict, defaultdict, namedtuple
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from mmpose_ctd.privacy import redact

# Cases


@pytest.mark.parametrize(
    'text, expected',
    [
        ('/data/miller/', '<...>/miller'),
        ('//data//miller//x.pth', '<...>/x.pth'),
        ("load_from='/data/Anna Miller/x.pth',", "load_from='<...>/x.pth',"),
        ('File "/data/Anna M/a.py", line 3', 'File "<...>/a.py", line 3'),
        ('"/data/O\'Brien M/x.pth"', '"<...>/x.pth"'),
        (r"'/data/O\'Brien M/x.pth'", "'<...>/x.pth'"),
        ('(/data/miller/x), /a/b:', '(<...>/x), <...>/b:'),
        ("see /data/O'Brien/m/x.pth", 'see <...>/x.pth'),
        ('PATH=/usr/bin:/home/miller/bin', 'PATH=<...>/bin'),
        ('from miller@host:/data/x', 'from miller@host:<...>/x'),
        ('<file>/data/miller/x</file>', '<file><...>/x</file>'),
        ('see /data/{split}/a+b/*.png', 'see <...>/*.png'),
        (r'see C:\Users\miller\x.pth, now', 'see <...>/x.pth, now'),
        (repr(r'C:\Users\Anna Miller\x.pth'), "'<...>/x.pth'"),
        (r'\\hospital\study\miller\x.pth', '<...>/x.pth'),
        ('init file:///data/miller/x ok', 'init file://<...>/x ok'),
        ('first\n/data/miller/x y\nlast', 'first\n<...>/x y\nlast'),
    ],
)
def test_absolute_paths_keep_their_last_part(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize(
    'text',
    [
        '',
        'a/b',
        '/',
        'a / b',
        '11/23 09:18:02',
        'Iter(train) [ 3/12]  lr: 1.0e-04',
        'and/or, (a+b)/(c/d)',
        'configs/frl_faces/ft.py',
        '../a/b/c',
        "'../a/b c/d'",
        '{{$CTD_DATA_ROOT:data}}/frl_faces/train.json',
        'https://example.org/a/b?file=/c/d&e=1#/f/g',
        "'https://example.org/a/b'",
        'tcp://127.0.0.1:29500/a/b s3://bucket/a/b',
        'loss // 2  # a / b',
        r'^backbone\.layer[34]\.',
        repr(r'\.weight\.x'),
        '</td></tr>',
    ],
)
def test_everything_else_is_unchanged(text):
    assert redact(text) is text


def test_paths_below_the_current_folder_become_relative(tmp_path, monkeypatch):
    here = tmp_path / 'Anna Miller'
    here.mkdir()
    monkeypatch.chdir(here)
    assert redact(f'{here}/runs/x.pth') == 'runs/x.pth'
    assert redact(f'Saved to {here}/runs/x.pth.') == 'Saved to runs/x.pth.'
    assert redact(f"'{here}/my work/x.pth'") == "'my work/x.pth'"
    assert redact(str(here)) == '.'
    # Neither a neighbour's folder nor what leaves this one.
    assert redact(f'{here}2/runs/x.pth') == '<...>/x.pth'
    assert redact(f'{here}/../other/x.pth') == '<...>/x.pth'


def test_a_home_folder_with_a_space_is_known(monkeypatch):
    monkeypatch.setenv('HOME', '/home/Anna Miller')
    monkeypatch.setenv('USERPROFILE', '/home/Anna Miller')
    assert redact('read /home/Anna Miller/x/y.png ok') == (
        'read <...>/y.png ok'
    )


def test_in_the_root_folder_nothing_is_relative(monkeypatch):
    # Where a container starts.
    monkeypatch.chdir('/')
    assert redact('/data/miller/x.pth') == '<...>/x.pth'


def test_without_a_current_folder_it_goes_on(monkeypatch):
    def gone():
        raise FileNotFoundError

    monkeypatch.setattr(os, 'getcwd', gone)
    assert redact('see /data/miller/x.pth') == 'see <...>/x.pth'


# Structures

Pair = namedtuple('Pair', 'name path')


def test_strings_of_a_tree_are_shortened_and_its_types_stay():
    counts = defaultdict(list, a=['/d/e/f'])
    array, tensor = np.zeros(2), torch.zeros(2)
    tree = OrderedDict(
        b=['/a/b/c', 3, ('/d/e/f', None)],
        a=dict(root='/a/b/c', lr=0.1, array=array),
        pair=Pair('name', '/a/b/c'),
        names={'/a/b/c', 'x'},
        counts=counts,
        tensor=tensor,
        shape=torch.Size([1, 2]),
    )
    short = redact(tree)
    assert type(short) is OrderedDict and list(short) == list(tree)
    assert short['b'] == ['<...>/c', 3, ('<...>/f', None)]
    assert short['a'] == dict(root='<...>/c', lr=0.1, array=array)
    assert short['pair'] == Pair('name', '<...>/c')
    assert type(short['pair']) is Pair
    assert short['names'] == {'<...>/c', 'x'}
    assert short['counts']['a'] == ['<...>/f']
    assert short['counts']['new'] == []  # a defaultdict still
    assert short['tensor'] is tensor
    assert short['shape'] is tree['shape']
    assert tree['b'][0] == '/a/b/c' and tree['a']['root'] == '/a/b/c'


def test_a_tree_without_paths_is_itself():
    tree = dict(a=[1, 'b/c', dict(d=('x', 2.0))], e=None)
    assert redact(tree) is tree


def test_path_objects_stay_paths():
    assert redact(PurePosixPath('/a/b/c')) == PurePosixPath('<...>/c')
    windows = redact(PureWindowsPath(r'C:\Users\miller\c'))
    assert windows == PureWindowsPath('<...>/c')
    relative = Path('a/b')
    assert redact(relative) is relative


# Properties

# Only folders have a Q in their names.
part = st.from_regex(r'Q[a-z0-9]{3,8}', fullmatch=True)
# What people call folders, spaces and all; quotes are for the quoting below.
odd = st.text(" ,.;:()[]{}+=@#&*?!%$~^_-'öß漢", max_size=4)
odd_part = st.tuples(part, odd, part).map(''.join)
folder_lists = st.lists(part, min_size=1, max_size=5, unique=True)
odd_folder_lists = st.lists(odd_part, min_size=1, max_size=5, unique=True)
before = st.sampled_from(['', 'Saved to ', 'x=', '[', 'a: ', 'a,', 'x\n', '('])
after = st.sampled_from(['', ' now', '.', ', b', ')', ']', ':', '\ny', '>'])


@given(folder_lists, before, after)
def test_no_folder_survives_bare_in_a_text(folders, before, after):
    result = redact(f'{before}/{"/".join(folders)}/last.png{after}')
    assert result == f'{before}<...>/last.png{after}'


@given(folder_lists, before, after)
def test_no_folder_survives_in_a_windows_path(folders, before, after):
    result = redact(before + '\\'.join(['C:', *folders, 'last.png']) + after)
    assert result == f'{before}<...>/last.png{after}'


@given(odd_folder_lists, before, after)
@example(["Qanna O'Qmiller", 'Qx y'], 'a: ', ' now')
def test_no_odd_folder_survives_quoted(folders, before, after):
    path = f'/{"/".join(folders)}/last one.png'
    result = redact(before + repr(path) + after)
    assert 'Q' not in result
    assert 'last one.png' in result
    if before.strip():
        assert result.startswith(before)


@given(odd_folder_lists)
def test_no_odd_folder_survives_as_a_value(folders):
    path = f'/{"/".join(folders)}/last one.png'
    assert redact(path) == '<...>/last one.png'
    assert redact({'a': [path]}) == {'a': ['<...>/last one.png']}


texts = st.text('/\\ab.:\'"` <>|,()[]{}=\nC~-é', max_size=30) | st.text()


@given(texts)
@example("'/a/b','/c d/e'")
@example('/a/b,:/c')
def test_once_is_enough(text):
    once = redact(text)
    assert redact(once) == once


@given(texts)
def test_any_text_is_digested(text):
    # Nothing is invented: what remains stood there, but for the marks.
    rest = redact(text).replace('<...>/', '')
    letters = iter(text)
    assert all(letter in letters for letter in rest)
