"""Weak supervision pipelines that keep up with their data."""

__version__ = "0.1.0"
