"""Installs mmpose_ctd. The OpenMMLab stack is not a requirement here: see
requirements/stack.txt and `make install`."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


def requirements(name: str) -> list[str]:
    """Lines of requirements/NAME.txt, with those of the files it includes."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    found = [line for line in lines if line and line[0] not in '#-']
    for line in lines:
        if line.startswith('-r '):
            found += requirements(line.removeprefix('-r ')[: -len('.txt')])
    return found


class BuildWithMim(build_py):
    """Puts configs and tools into the wheel, where OpenMMLab's have them."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        mim = Path(self.build_lib) / 'mmpose_ctd' / '.mim'
        shutil.rmtree(mim, ignore_errors=True)
        mim.mkdir(parents=True)
        for folder in ('configs', 'tools'):
            shutil.copytree(
                ROOT / folder,
                mim / folder,
                ignore=shutil.ignore_patterns('__pycache__', '_moved.py'),
            )
        for tool in (mim / 'tools').rglob('*.py'):
            # Stubs of old paths.
            if 'from _moved import' in tool.read_text('utf-8'):
                tool.unlink()
        shutil.copy(ROOT / 'model-index.yml', mim)


version: dict = {}
exec((ROOT / 'mmpose_ctd' / 'version.py').read_text(), version)
readme = ROOT / 'README.md'

setup(
    name='mmpose_ctd',
    version=version['__version__'],
    description='Cross-task regularised anatomical landmark detection '
    'from few labels, for MMPose',
    long_description=readme.read_text() if readme.is_file() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['mmpose_ctd', 'mmpose_ctd.*']),
    package_data={
        'mmpose_ctd.apis.comparing': ['Snakefile'],
        'mmpose_ctd.apis.reporting': ['template/*'],
        'mmpose_ctd.datasets.checking': ['*.jinja'],
    },
    cmdclass={'build_py': BuildWithMim},
    entry_points={'console_scripts': ['mmpose_ctd = mmpose_ctd.cli:main']},
    python_requires='>=3.11',
    install_requires=requirements('runtime'),
    extras_require={
        name: requirements(name)
        for name in ('compare', 'export', 'meshes', 'tests')
    },
)
