"""From the files that others publish to the layout this package reads."""

from .webmorph import convert
from .webmorph_recipe import Recipe, load_recipe
from .webmorph_report import Finding, Report, findings_table, summary
from .webmorph_tem import RecordRefused, TemLine, parse_tem, read_tem

__all__ = [
    'Finding',
    'RecordRefused',
    'Recipe',
    'Report',
    'TemLine',
    'convert',
    'findings_table',
    'load_recipe',
    'parse_tem',
    'read_tem',
    'summary',
]
