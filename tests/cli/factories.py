"""The command line called as a function: errors are raised, what is printed can be captured."""

from typing import Any

import typer

from tidemill.cli.main import app

GROUP: Any = typer.main.get_command(app)
COMMANDS = GROUP.commands


def tidemill(*words):
    GROUP(list(words), prog_name="tidemill", standalone_mode=False)


def every_command():
    """Words that call each command, groups left out."""
    for name, command in COMMANDS.items():
        inner = getattr(command, "commands", None)
        yield from [(name, word) for word in inner] if inner else [(name,)]
