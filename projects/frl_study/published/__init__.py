"""The tables and the report of the study, made from its stored results."""
