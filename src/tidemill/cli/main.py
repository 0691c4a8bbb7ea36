"""The commands in the order of the help, and how a command that fails ends."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from tidemill import __version__
from tidemill.cli import (
    accept_drift,
    approve,
    arrive,
    class_,
    compose,
    defaults,
    denoise,
    diff,
    doctor,
    driftbench,
    export,
    facts,
    fetch,
    gold,
    init,
    label,
    label_errors,
    learning_curves,
    lf,
    lineage,
    models,
    monitor,
    new,
    predict,
    promote,
    report,
    review,
    rollback,
    run,
    search,
    serve,
    simulate,
    studio,
    ui,
    upgrade,
    watch,
)
from tidemill.cli.grammar import add, group
from tidemill.common.failures import DEBUG, says_errors

app = group(text="Weak supervision pipelines that keep up with their data.")
for _function in (
    run.run,
    monitor.monitor,
    watch.watch,
    accept_drift.accept_drift,
    compose.compose,
    defaults.defaults,
    init.init,
    new.new,
    fetch.fetch,
    arrive.arrive,
    predict.predict,
    serve.serve,
    export.export,
    facts.facts,
    search.search,
    learning_curves.learning_curves,
    label_errors.label_errors,
    driftbench.driftbench,
    simulate.simulate,
    models.models,
    approve.approve,
    promote.promote,
    rollback.rollback,
    lineage.lineage,
    diff.diff,
    doctor.doctor,
    report.report,
    upgrade.upgrade,
    ui.ui,
    studio.studio,
    label.label,
    denoise.denoise,
):
    add(app, _function)
app.add_typer(lf.app)
app.add_typer(gold.app)
app.add_typer(class_.app)
app.add_typer(review.app)


@says_errors
def main() -> None:
    """Run the command that the command line names."""
    app(prog_name="tidemill")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with the option's value
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[  # noqa: ARG001 - its callback has printed it
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help=f"errors with a traceback, as with {DEBUG}=1")] = False,
) -> None:
    """Weak supervision pipelines that keep up with their data."""
    if debug:
        os.environ[DEBUG] = "1"  # for the stages too, which run in processes of their own
