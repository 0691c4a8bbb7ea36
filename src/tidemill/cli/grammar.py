"""What every command has: help with examples, suggestions for misspelled words, new names of renamed ones."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from tidemill.common.spelling import did_you_mean

RENAMED_COMMANDS: Final = {"curves": "learning-curves", "errors": "label-errors", "versions": "models"}
RENAMED_OPTIONS: Final = {
    ("tidemill denoise", "--balance"): "--class-balance",
    ("tidemill denoise", "--why"): "--explanations",
    ("tidemill label", "--ask-again"): "--recheck",
    ("tidemill label", "--keep"): "--cache",
    ("tidemill lf suggest", "--most"): "--limit",
}
_EXAMPLES: Final = re.compile(r"\n+Examples\n-+\n")


class Command(TyperCommand):
    """A command that names the option which an unknown one was probably meant to be."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Parse the words after the command's name; ``ctx`` and ``args`` as in Typer."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            _explain_option(error, ctx, self.params)


class Group(TyperGroup):
    """A group of commands that names the command which an unknown one was probably meant to be."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Parse the words before a command's name; ``ctx`` and ``args`` as in Typer."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            _explain_option(error, ctx, self.params)

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        """Find the command that the first of the words names; ``ctx`` and ``args`` as in Typer."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            self._explain_command(args[0], ctx)
        return super().resolve_command(ctx, args)

    def _explain_command(self, name: str, ctx: typer.Context) -> NoReturn:
        new = RENAMED_COMMANDS.get(name)
        if new in self.commands:
            ctx.fail(f"`{ctx.command_path} {name}` is now `{ctx.command_path} {new}`.")
        ctx.fail(f"there is no command {name!r}{did_you_mean(name, self.commands)}")


def group(name: str | None = None, *, text: str) -> typer.Typer:
    """Make an empty group of commands.

    Parameters
    ----------
    name
        The word that comes before its commands; None for the top.
    text
        What the group is for, in one sentence.

    Returns
    -------
    typer.Typer
        To which ``add`` adds commands.
    """
    return typer.Typer(
        name=name,
        cls=Group,
        help=text,
        no_args_is_help=True,
        rich_markup_mode=None,  # plain text reads the same in a terminal, a log and a test
        pretty_exceptions_enable=False,
        add_completion=name is None,
    )


def add(commands: typer.Typer, function: Callable[..., None], name: str | None = None) -> None:
    """Add a command, whose help and examples are the docstring of its function.

    Parameters
    ----------
    commands
        The group that it is added to.
    function
        What runs; its annotations are the arguments and options.
    name
        The command's name where it is not the function's with ``-`` for ``_``.
    """
    text, examples = _EXAMPLES.split(
        inspect.getdoc(function) or "\nExamples\n--------\n"
    )  # python -OO drops docstrings
    lines = "\n".join(f"  {line}" for line in examples.splitlines())
    commands.command(name, cls=Command, help=text, epilog=f"\b\nExamples:\n{lines}")(function)


def _explain_option(error: typer.TyperException, ctx: typer.Context, parameters: Iterable[Any]) -> NoReturn:
    """Raise a usage error again, with the option that was probably meant if it is about an unknown one."""
    name = getattr(error, "option_name", None)
    if name is None or not hasattr(error, "possibilities"):
        raise error
    new = RENAMED_OPTIONS.get((ctx.command_path, name))
    if new is not None:
        ctx.fail(f"{name} is now {new}.")
    valid = [word for parameter in parameters if parameter.param_type_name == "option" for word in parameter.opts]
    ctx.fail(f"there is no option {name}{did_you_mean(name, [*valid, '--help'])}")
