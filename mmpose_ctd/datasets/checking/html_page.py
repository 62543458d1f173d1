"""The findings as one web page, with pictures of suspect faces."""

import base64
from collections import Counter
from importlib.resources import files

import cv2
import jinja2
import numpy as np

from ..upright_image import read_upright
from .face_picture import as_thumbnail, draw_mean_shape, draw_suspect
from .registry import CHECKS, CheckFinding, Severity
from .report import CheckReport

# Pictures of one finding, and of the page: some 25 KB each.
_PICTURES, _ALL_PICTURES = 4, 300
_QUALITY = 85


def html_page(report: CheckReport, show_ids: bool = False) -> str:
    """Write a page that needs no other file and loads nothing.

    It shows faces, so it is as confidential as the photographs.

    Args:
        report (CheckReport): The findings.
        show_ids (bool): Whether to name subjects and files. Defaults to
            False: images are named by their record's id.

    Returns:
        str: HTML.
    """
    left = _ALL_PICTURES
    findings = []
    for finding in report.findings:
        pictures = []
        # Pictures of a few of very many images would say nothing.
        if left > 0 and (finding.landmarks or len(finding.photos) <= 2):
            pictures = _pictures(report, finding, show_ids)
            left -= len(pictures)
        findings.append(
            dict(
                severity=str(finding.severity),
                check=finding.check,
                message=finding.message,
                images=report.image_names(finding, show_ids, limit=40),
                names=finding.names if show_ids else (),
                pictures=pictures,
            )
        )
    counts = Counter((f.check, f.severity) for f in report.findings)
    rows = [
        dict(
            name=name,
            title=CHECKS[name].title,
            counts={str(s): counts[name, s] for s in reversed(Severity)},
        )
        for name in report.ran
    ]
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    template = (
        files(__package__).joinpath('page.html.jinja').read_text('utf-8')
    )
    return environment.from_string(template).render(
        summary=report.summary(),
        rows=rows,
        findings=findings,
        without=left <= 0,
    )


def _pictures(
    report: CheckReport, finding: CheckFinding, show_ids: bool
) -> list[dict]:
    """Pictures of a finding's images, then of the mean shape."""
    survey = report.survey
    found = []
    for place in finding.photos[:_PICTURES]:
        photo = survey.photos[place]
        if survey.files[place].preview is None:
            continue
        image = read_upright(photo.path)
        if photo.labelled and finding.landmarks:
            image = draw_suspect(
                image,
                photo.points,
                survey.names,
                finding.landmarks,
                finding.expected,
            )
        else:
            image = as_thumbnail(image)
        shown = photo.file_name if show_ids else photo.number
        found.append(_picture(image, f'image {shown}'))
    if found and finding.landmarks and survey.shapes is not None:
        mean = draw_mean_shape(
            survey.shapes.model.mean, survey.names, finding.landmarks
        )
        found.append(_picture(mean, 'mean shape of the set'))
    return found


def _picture(image: np.ndarray, caption: str) -> dict:
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    _, data = cv2.imencode('.jpg', np.ascontiguousarray(image), quality)
    source = 'data:image/jpeg;base64,' + base64.b64encode(data).decode()
    return dict(source=source, caption=caption)
