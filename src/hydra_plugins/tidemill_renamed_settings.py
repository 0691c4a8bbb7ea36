"""Plugin of Hydra's: `dvc exp run -S` with the old name of a setting ends with the new one.

DVC composes by itself and Hydra would say no more than that the key is not there. A search path plugin is called before
that, and is not told what is asked for; it stands on the command line.
"""

from __future__ import annotations

import sys

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

from tidemill.project.renamed_settings import refuse_renamed_overrides


class RefuseRenamedSettings(SearchPathPlugin):
    """Leave the search path as it is, and refuse overrides that set what has another name now."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:  # noqa: ARG002 - Hydra's signature
        """Look at the words of the command line.

        Raises
        ------
        ConfigError
            Names the override and the new key.
        """
        refuse_renamed_overrides(word for word in sys.argv[1:] if "=" in word)
