"""How long training takes, and what else it costs, beside its rivals."""

from pathlib import Path

#: Where a fresh process finds the package ``projects``.
CLONE = str(Path(__file__).resolve().parents[3])
