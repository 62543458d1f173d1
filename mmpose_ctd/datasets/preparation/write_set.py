"""Writes the files of a set next to its pictures."""

import csv
import json
import os
import shutil
from pathlib import Path

from mmpose_ctd.files import write_whole
from mmpose_ctd.table_cells import safe_row
from mmpose_ctd.version import __version__

from ..annotation_formats import AnnotationFormat
from .landmark_choice import LandmarkChoice
from .options import PrepareOptions


def name_subjects(
    results: list[dict], options: PrepareOptions
) -> dict[str, str]:
    """Give each picture a subject, or a code; returns subject -> code."""
    codes: dict[str, str] = {}
    for result in results:
        image = result['image']
        subject = image.get('subject')
        if not subject:
            image['subject'] = f'image{result["id"]:06d}'
        elif options.subject_codes:
            code = codes.setdefault(str(subject), f's{len(codes) + 1:04d}')
            image['subject'] = code
        else:
            image['subject'] = str(subject)
    return codes


def write_annotations(
    staged: Path,
    results: list[dict],
    choice: LandmarkChoice,
    options: PrepareOptions,
    known: AnnotationFormat,
) -> None:
    """Write ``annotations/landmarks.json``, and delete other pictures."""
    content = {
        'info': {
            'description': f'prepared by mmpose_ctd {__version__} from '
            f'{known.name} points',
            'options': options.described(),
        },
        'images': [],
        'annotations': [],
        'categories': [
            {
                'id': 1,
                'name': 'face',
                'supercategory': 'face',
                'keypoints': list(choice.names),
                'skeleton': [],
            }
        ],
    }
    for result in results:
        i, image = result['id'], result['image']
        content['images'].append(
            {'id': i, 'file_name': result['file_name'], **image}
        )
        width, height = image['width'], image['height']
        content['annotations'].append(
            {
                'id': i,
                'image_id': i,
                'category_id': 1,
                'keypoints': [v for p in result['keypoints'] for v in p],
                'num_keypoints': sum(v > 0 for *_, v in result['keypoints']),
                'bbox': [0, 0, width, height],
                'area': width * height,
                'iscrowd': 0,
            }
        )
    # Left by an earlier run with other options.
    wanted = {result['file_name'] for result in results}
    for path in (staged / 'images').iterdir():
        if path.name not in wanted:
            path.unlink()
    shutil.rmtree(staged / 'annotations', ignore_errors=True)
    (staged / 'annotations').mkdir()
    write_whole(
        staged / 'annotations' / 'landmarks.json', json.dumps(content).encode()
    )


def draft_mapping(
    path: Path, results: list[dict], codes: dict[str, str]
) -> Path:
    """Write who is in which picture, readable only by its owner.

    It lies next to ``path``, to be renamed when the set is in place.
    """
    names = {code: subject for subject, code in codes.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + '.part')
    # Left by an earlier run, or a link that somebody else put there.
    draft.unlink(missing_ok=True)
    with open(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
        'w',
        encoding='utf-8-sig',
        newline='',
    ) as file:
        writer = csv.writer(file)
        writer.writerow(['picture', 'photograph', 'subject_in_set', 'subject'])
        for result in results:
            code = result['image']['subject']
            who = code, names.get(code, code)
            photo = result['file_name'], result['photo'].path
            writer.writerow(safe_row([*photo, *who]))
    return draft
