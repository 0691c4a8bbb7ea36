"""Label models by name."""

import pytest

from tidemill.contracts import ConfigError
from tidemill.denoise.models.registry import create


def test_a_parameter_that_a_model_does_not_have_is_named_with_those_it_has():
    with pytest.raises(ConfigError, match=r"label model majority has no parameter 'strength'; it has n_classes"):
        create("majority", 2, strength=1.0)
