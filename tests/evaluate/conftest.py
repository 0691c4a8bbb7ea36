import pytest

from tests.evaluate import project


@pytest.fixture
def mail(inside):
    """The fabricated project, in the current folder."""
    project.build(inside)
    return inside
