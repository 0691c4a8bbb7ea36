"""Defaults of every stage, one folder a config group, one file an option.

Hydra finds them below a project's own ``conf/`` (``hydra.searchpath`` in ``conf/config.yaml``), where a file of the same name
takes the place of one of these.
"""
