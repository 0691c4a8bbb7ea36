"""Label stage: votes of every labeling function on every row, and their analysis table."""

from __future__ import annotations

import sys

from tidemill.label.engine.process import confinement_of, prepare
from tidemill.project.layout import Paths

if __name__ == "__main__" and len(sys.argv) > 1:
    _here = Paths.within(sys.argv[1])
    if any(_here.functions.glob("[!_]*.py")):
        prepare(confinement_of([_here.functions], _here.closed))


from collections.abc import Callable
from typing import Final

import polars as pl

from tidemill.common.failures import says_errors
from tidemill.common.files import atomic_write
from tidemill.contracts import Problem, gold_contract, votes_contract
from tidemill.ingest.settings import IngestSettings
from tidemill.label.analysis.quality import quality_contract
from tidemill.label.cautions import print_cautions
from tidemill.label.run import Given, Made, VoteStorage, label
from tidemill.label.settings import LabelSettings
from tidemill.project.applied_functions import keep_applied
from tidemill.project.expectations import check_expectations, defer_page_of, defer_pages
from tidemill.project.label_batches import label_batch, votes_cache
from tidemill.project.project import Project
from tidemill.project.stage_arguments import stage_arguments
from tidemill.project.tables import batch_names, growing, read_batches
from tidemill.reports.generate import GeneratedReport

_ABOUT: Final = "about.txt"
"""Says what the folder of generated functions is for, and keeps DVC from the warning of an empty one."""


@says_errors
def main() -> None:
    """Run the stage in the project of the working directory."""
    run(*stage_arguments("label", __doc__))


def run(project: Project, name: str) -> None:
    """Apply the problem's labeling functions to the rows that are new to them; compare their votes with gold of ``dev``."""
    problem, settings, paths = project.load(name, "label", LabelSettings)
    raw = project.load(name, "ingest", IngestSettings)[1].raw
    names, classes = batch_names(paths.manifest), problem.classes
    batches = [label_batch(name, paths, raw, settings.hidden_columns) for name in names]
    dev = read_batches(paths.dev, gold_contract(len(classes)), names)
    contract = votes_contract(len(classes))

    def keeps_contract(table: pl.DataFrame) -> None:
        check_expectations(table, contract, paths, "votes")

    paths.generated.mkdir(exist_ok=True)
    if not (paths.generated / _ABOUT).exists():
        (paths.generated / _ABOUT).write_text(
            f"What the generated labeling functions of {name} have learned and asked.\n"
        )
    GeneratedReport(voters=()).write(paths.generated_report)  # replaced where anything is generated
    with growing(paths.votes, contract, keeps_contract) as write:
        generate = _generator(problem, paths, dev, settings)
        storage = VoteStorage(write, cache_folder=votes_cache(paths), closed=paths.closed, generate=generate)
        done = label(batches, dev, paths.functions, classes=classes, settings=settings, storage=storage)
        for failure in done.failures:
            print(f"quarantined: {failure}", file=sys.stderr)
        print_cautions(done.notes)
        check_expectations(done.quality, quality_contract(settings.suite), paths, "votes_quality")
    keep_applied(paths, done.fingerprints)
    defer_pages(paths.votes, contract, paths, "votes")
    defer_page_of(done.quality, quality_contract(settings.suite), paths, "votes_quality")
    if done.spent:
        print(f"label: {done.spent:.2f} spent on prompts in this run", file=sys.stderr)
    print(f"label: {done.n_cast} votes cast, all others were in the cache", file=sys.stderr)
    with atomic_write(paths.reports / "lf_summary.csv") as path:
        done.summary.write_csv(path)


def _generator(problem: Problem, paths: Paths, dev: pl.DataFrame, settings: LabelSettings) -> Callable[[Given], Made]:
    def make(given: Given) -> Made:
        from tidemill.project.generated_votes import generator  # which a problem without generators need not wait for

        return generator(problem, paths, dev, settings)(given)

    return make


if __name__ == "__main__":
    main()
