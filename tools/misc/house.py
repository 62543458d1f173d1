"""Print how large the repository is, and what a reader opens.

python tools/misc/house.py
"""

import ast
import subprocess
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]

# What a reader opens to follow a journey, chosen by hand; at most so many.
JOURNEYS = {
    ('train to loss', 7): """
        tools/train.py
        mmpose_ctd/apis/command_line.py
        mmpose_ctd/models/pose_estimators/ctd_topdown.py
        mmpose_ctd/models/pose_estimators/terms.py
        mmpose_ctd/models/teachers/source_model.py
        mmpose_ctd/models/losses/distill_loss.py
        mmpose_ctd/models/losses/encoder_distill_loss.py
    """,
    ('prepare to the written set', 9): """
        tools/dataset_converters/prepare_dataset.py
        mmpose_ctd/datasets/preparation/prepare.py
        mmpose_ctd/datasets/preparation/options.py
        mmpose_ctd/datasets/preparation/records.py
        mmpose_ctd/datasets/preparation/image_index.py
        mmpose_ctd/datasets/preparation/landmark_choice.py
        mmpose_ctd/datasets/preparation/subjects.py
        mmpose_ctd/datasets/preparation/picture.py
        mmpose_ctd/datasets/preparation/set_folder.py
    """,
    ('photograph to row', 9): """
        tools/analysis_tools/measure.py
        mmpose_ctd/apis/measuring/photographs.py
        mmpose_ctd/datasets/upright_image.py
        mmpose_ctd/datasets/face_detection.py
        mmpose_ctd/apis/measuring/landmark_model.py
        mmpose_ctd/apis/measuring/framing.py
        mmpose_ctd/apis/measuring/calibration.py
        mmpose_ctd/apis/measuring/rows.py
        mmpose_ctd/apis/measuring/error_model.py
    """,
    ('plan to report', 10): """
        tools/analysis_tools/compare.py
        mmpose_ctd/apis/comparing/plan.py
        mmpose_ctd/apis/comparing/cells.py
        mmpose_ctd/apis/comparing/runs.py
        mmpose_ctd/apis/comparing/engine.py
        mmpose_ctd/apis/comparing/Snakefile
        mmpose_ctd/apis/comparing/step.py
        mmpose_ctd/apis/comparing/report.py
        mmpose_ctd/apis/comparing/results_frame.py
        mmpose_ctd/apis/comparing/differences.py
    """,
}


def tracked(folder: str, ending: str) -> list[Path]:
    """Files that git knows, with their lines still there."""
    names = subprocess.run(
        ['git', 'ls-files', '-co', '--exclude-standard', folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    files = (ROOT / name for name in names if name.endswith(ending))
    return [file for file in files if file.is_file()]


def num_lines(files: list[Path]) -> int:
    return sum(len(file.read_text('utf-8').splitlines()) for file in files)


def classes_used_twice(files: list[Path]) -> list[str]:
    """Names that two or more classes at module level share."""
    names = Counter(
        node.name
        for file in files
        for node in ast.parse(file.read_text('utf-8')).body
        if isinstance(node, ast.ClassDef)
    )
    return sorted(name for name, count in names.items() if count > 1)


def num_words(files: list[Path]) -> int:
    """Everything between spaces, code blocks and tables too."""
    return sum(len(file.read_text('utf-8').split()) for file in files)


def main() -> None:
    package = tracked('mmpose_ctd', '.py')
    tests = tracked('tests', '.py')
    guides = [*tracked('docs', '.md'), ROOT / 'README.md']
    twice = classes_used_twice(package)
    table = Table('measured', 'found', 'at most')
    for name, found, limit in (
        ('package, lines', num_lines(package), 25_000),
        ('package, files', len(package), 230),
        ('class names used twice', len(twice), 0),
        ('tests, lines', num_lines(tests), 20_000),
        ('user guides and README, words', num_words(guides), 14_000),
        (
            'longest guide, words',
            max(num_words([page]) for page in guides),
            1_200,
        ),
        ('README, lines', num_lines([ROOT / 'README.md']), 180),
    ):
        table.add_row(name, f'{found:,}', f'{limit:,}')
    for (name, limit), files in JOURNEYS.items():
        found = [file for file in files.split() if (ROOT / file).is_file()]
        assert found == files.split(), f'{name}: a file was renamed'
        table.add_row(f'files opened: {name}', str(len(found)), str(limit))
    console = Console()
    console.print(table)
    if twice:
        console.print(f'Used twice: {", ".join(twice)}')
    areas = Counter()
    counts = Counter()
    for file in package:
        area = '/'.join(file.relative_to(ROOT / 'mmpose_ctd').parts[:-1][:2])
        areas[area or '.'] += num_lines([file])
        counts[area or '.'] += 1
    parts = Table('mmpose_ctd/', 'lines', 'files')
    for area in sorted(areas):
        parts.add_row(area, f'{areas[area]:,}', str(counts[area]))
    console.print(parts)


if __name__ == '__main__':
    main()
