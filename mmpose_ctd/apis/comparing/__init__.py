"""Compares systems over budgets of labels, seeds and sites: a plan's runs."""
