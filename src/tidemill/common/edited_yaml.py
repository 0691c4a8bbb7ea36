"""YAML files of a user that a command changes in one place; comments and layout stay."""

from __future__ import annotations

import io
from typing import Any


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
