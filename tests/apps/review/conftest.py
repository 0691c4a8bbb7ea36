from tests.apps.gold.conftest import project

__all__ = ["project"]
