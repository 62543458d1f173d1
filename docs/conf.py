"""Builds the documentation: make docs.

The source folder is the repository's root, because pages of docs/, configs/
and projects/ link to each other and the README is the front page.
"""

import sys
from pathlib import Path

import mmpose_ctd

sys.path.insert(0, str(Path(__file__).parent))

project = 'mmpose_ctd'
release = version = mmpose_ctd.__version__
copyright = 'the mmpose_ctd contributors, Apache-2.0'
language = 'en'

root_doc = 'README'
include_patterns = [
    *('README.md', 'CHANGELOG.md', 'configs/**/README.md'),
    *('docs/*.md', 'docs/*/*.md', 'docs/*/*.ipynb'),
    *('projects/*.md', 'projects/**/*.md'),
]
exclude_patterns = [
    *('.venv', 'build', 'data', 'work_dirs', 'demo_out', '**/*.in.md'),
    'docs/contents.md',
]
html_theme = 'furo'
html_title = project
html_extra_path = ['index.html']

extensions = [
    *('generated', 'myst_parser', 'sphinx.ext.autodoc'),
    *('sphinx.ext.napoleon', 'sphinx.ext.mathjax'),
]
# Headings are link targets, as on GitHub.
myst_heading_anchors = 4
# Blocks without a language are commands and what they print.
highlight_language = 'text'
add_module_names = False
autodoc_member_order = 'bysource'
autodoc_typehints = 'none'
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
