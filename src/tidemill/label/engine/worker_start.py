"""Entry point of a worker process: ``python -m tidemill.label.engine.worker_start POSITION TRACES``.

It is the module that ``process`` imports and starts by its name, so that a check of imports sees the worker. It loads the
worker, and with it NumPy and Polars, only where it runs.
"""

from __future__ import annotations


def main() -> None:
    """Serve the parent process until it ends."""
    from tidemill.label.engine.worker import main as serve_parent

    serve_parent()


if __name__ == "__main__":
    main()
