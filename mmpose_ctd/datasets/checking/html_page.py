"""The findings as one web page, with pictures of the suspects."""

import base64
from functools import lru_cache
from importlib.resources import files

import cv2
import jinja2
import numpy as np

from ..upright_image import read_upright
from .face_picture import as_thumbnail, draw_mean_shape, draw_suspect
from .finding import Finding, Severity
from .registry import CHECKS
from .report import CheckReport, counts_by_check, named
from .shapes import compare_faces
from .thresholds import Thresholds

__all__ = ['html_page']

# Pictures of one finding, and of the page: some 25 KB each.
_PICTURES, _ALL_PICTURES = 4, 300
_QUALITY = 85


def html_page(
    report: CheckReport,
    thresholds: Thresholds | None = None,
    show_ids: bool = False,
) -> str:
    """Write a page that needs no other file and loads nothing.

    It shows faces: it is as confidential as the photographs.

    Args:
        report (CheckReport): What was found.
        thresholds (Thresholds, optional): What it was found with.
        show_ids (bool): Whether to name subjects and files. Defaults to
            False: images are named by their record's id.

    Returns:
        str: HTML.
    """
    thresholds = thresholds or Thresholds()
    survey = report.survey
    shapes = compare_faces(survey, thresholds)
    left = _ALL_PICTURES
    findings = []
    for finding in report.findings:
        pictures = []
        # With very many images a picture of some says nothing.
        if left > 0 and (finding.landmarks or len(finding.photos) <= 2):
            pictures = _pictures(report, finding, shapes, show_ids)
            left -= len(pictures)
        findings.append(
            dict(
                severity=str(finding.severity),
                check=finding.check,
                message=finding.message,
                images=named(survey, finding, show_ids, limit=40),
                names=finding.names if show_ids else (),
                pictures=pictures,
            )
        )
    rows = [
        dict(
            name=name,
            title=CHECKS[name].title,
            counts={str(s): found[s] for s in reversed(Severity)},
        )
        for name, found in counts_by_check(report).items()
    ]
    return _template().render(
        summary=report.summary(),
        ok=report.ok,
        rows=rows,
        findings=findings,
        without=left <= 0,
    )


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    text = files(__package__).joinpath('page.html.jinja').read_text('utf-8')
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)


def _pictures(
    report: CheckReport, finding: Finding, shapes, show_ids: bool
) -> list[dict]:
    """Pictures of a finding's images, and of the mean shape beside them."""
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
        found.append(dict(source=_data(image), caption=f'image {shown}'))
    if found and finding.landmarks and shapes is not None:
        mean = draw_mean_shape(
            shapes.model.mean, survey.names, finding.landmarks
        )
        found.append(dict(source=_data(mean), caption='mean shape of the set'))
    return found


def _data(image: np.ndarray) -> str:
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    _, data = cv2.imencode('.jpg', np.ascontiguousarray(image), quality)
    return 'data:image/jpeg;base64,' + base64.b64encode(data).decode()
