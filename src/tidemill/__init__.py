"""Weak supervision pipelines that keep up with their data."""

__version__ = "0.2.0.dev0"
