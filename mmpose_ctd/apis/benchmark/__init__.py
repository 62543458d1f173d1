"""How long training takes, and what else it costs, beside its rivals."""
