"""Tables, figures and pages of what a comparison found."""

from .writing import write_comparison

__all__ = ['write_comparison']
