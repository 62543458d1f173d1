"""The tables of the study's pages, made from its stored results."""
