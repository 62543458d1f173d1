"""Tables of a report, as text."""

from mmpose_ctd.apis.error_tables import (
    Table,
    interval,
    metric_cell,
    metric_heading,
    number,
)

__all__ = ['Table', 'interval', 'metric_cell', 'metric_heading', 'number']
