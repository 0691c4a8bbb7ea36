"""The facts stage of a relation problem: facts.parquet from predictions of candidates, and how far they are true."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from tidemill.common.failures import says_errors
from tidemill.contracts import NO_GOLD, OUTLIER, Column, gold_contract, labels_contract, votes_contract
from tidemill.facts.plots import draw_facts
from tidemill.facts.run import FACTS, make_facts
from tidemill.facts.settings import FactsSettings
from tidemill.ingest.settings import IngestSettings
from tidemill.project.contents import teaching_gold
from tidemill.project.project import Project
from tidemill.project.stage_arguments import stage_arguments
from tidemill.project.tables import batch_names, read, read_batches, write


@says_errors
def main() -> None:
    """Run the stage in the project of the working directory."""
    run(*stage_arguments("facts", __doc__))


def run(project: Project, name: str) -> None:
    """Bring the candidates of each fact together, and let facts agree with each other."""
    problem, settings, paths = project.load(name, "facts", FactsSettings)
    raw = project.load(name, "ingest", IngestSettings)[1].raw
    batches, classes = batch_names(paths.manifest), problem.classes
    gold, predicted = gold_contract(len(classes)), replace(labels_contract(classes), others=Column(OUTLIER, pl.Float64))
    known = pl.concat([teaching_gold(paths, len(classes), batches), read_batches(paths.gold, gold, batches)])
    rows = (
        read_batches(paths.raw, raw, batches)
        .join(read(paths.predictions, predicted), on="row_id", maintain_order="left")
        .join(known, on="row_id", how="left", maintain_order="left")
        .with_columns(pl.col("gold").fill_null(NO_GOLD))
    )
    done = make_facts(rows, read(paths.votes, votes_contract(len(classes))), classes, settings)
    write(done.table, paths.data / "facts.parquet", FACTS)
    draw_facts(done.report, done.known, paths.reports / "facts.png")
    done.report.write(paths.reports / "facts.json")


if __name__ == "__main__":
    main()
