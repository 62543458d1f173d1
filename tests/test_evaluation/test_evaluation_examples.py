"""What the docstrings of the evaluation show is what they do."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    'name',
    [
        'apis.measures',
        'evaluation.functional.agreement',
        'evaluation.functional.bootstrap',
        'evaluation.functional.landmark_errors',
        'evaluation.functional.measurements',
        'evaluation.functional.paired_differences',
        'evaluation.metrics.sample_errors',
        'visualization.face_panels',
    ],
)
def test_examples_in_docstrings_run(name):
    # A package may export a function of its module's name; sys.modules, which
    # import_module reads, holds the module.
    module = importlib.import_module(f'mmpose_ctd.{name}')
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
