"""Photographs and a table of their points, prepared."""

from clinic_folder import wide_csv

from mmpose_ctd.datasets.preparation import PrepareOptions, prepare

SIZE = (160, 200)


def prepare_points(tmp_path, clinic=None, options=None, **kwargs):
    points = tmp_path / 'points.csv'
    if clinic is not None:
        points.write_text(wide_csv(clinic))
    return prepare(
        str(tmp_path / 'photos'),
        str(points),
        str(tmp_path / 'set'),
        PrepareOptions(**{'crop': 'landmarks', 'size': 64, **(options or {})}),
        progress=False,
        **kwargs,
    )


def codes(report):
    return {n: row.code for n, row in report.rows.items() if row.code}
