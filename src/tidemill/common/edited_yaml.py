"""YAML files of a user that a command changes in one place; comments and layout stay."""

from __future__ import annotations

import io
from typing import Any

import yaml


def load_yaml(text: str) -> tuple[Any, Any]:
    """Read a file that is to be changed.

    Parameters
    ----------
    text
        Its content.

    Returns
    -------
    editor : ruamel.yaml.YAML
        Writes it again, with its layout.
    content : object
        Lists and mappings that may be changed in place.
    """
    from ruamel.yaml import YAML

    editor = YAML()
    editor.indent(mapping=2, sequence=4, offset=2)
    editor.width = 10**6
    editor.preserve_quotes = True
    return editor, editor.load(text)


def dump_yaml(editor: Any, content: Any) -> str:
    """Write what ``load_yaml`` gave.

    Parameters
    ----------
    editor, content
        As ``load_yaml`` gave them, the content changed.

    Returns
    -------
    str
    """
    file = io.StringIO()
    editor.dump(content, file)
    return file.getvalue()


def yaml_text(text: str) -> str:
    """Make a text ready to be put into content that ``load_yaml`` gave.

    The editor writes YAML 1.2, where ``no`` is a text; what reads the file reads 1.1, where it is false.

    Parameters
    ----------
    text
        New value or key.

    Returns
    -------
    str
        Equal to it, and written in quotes where it would be read as something else.
    """
    from ruamel.yaml.scalarstring import SingleQuotedScalarString

    try:
        is_read_back = yaml.safe_load(f"[{text}]") == [text]
    except yaml.YAMLError:
        is_read_back = False
    return text if is_read_back else SingleQuotedScalarString(text)
