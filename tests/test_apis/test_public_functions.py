"""mmpose_ctd.apis exports what a notebook calls."""

import inspect
import pkgutil

import pytest

from mmpose_ctd import apis


@pytest.mark.parametrize('name', apis.__all__)
def test_a_public_function_documents_its_arguments(name):
    function = getattr(apis, name)
    assert inspect.isfunction(function) or inspect.isclass(function)
    for section in ('Args:', 'Raises:', 'Example'):
        assert section in function.__doc__, section


def test_no_module_has_the_name_of_a_function():
    """Importing it would put the module in the function's place."""
    modules = {module.name for module in pkgutil.iter_modules(apis.__path__)}
    assert not modules & {*apis.__all__}
