from tests.evaluate.conftest import mail

__all__ = ["mail"]
