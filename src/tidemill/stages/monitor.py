"""The monitor stage: drift.json and drift.png: what moved in new batches, whether it harms, what to do."""

from __future__ import annotations

import polars as pl

from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.models.batch_findings import find_of_batches
from tidemill.apps.models.champion_reference import Champion, find_champion
from tidemill.apps.models.harm_since_change import HarmWatch
from tidemill.apps.models.watched_stream import Arrivals, WatchedStream
from tidemill.common.failures import says_errors
from tidemill.common.files import atomic_write, md5_of
from tidemill.contracts import Problem, votes_contract
from tidemill.monitor.plots import draw
from tidemill.monitor.retrain_decision import NewLabels, retrain_decision, without_champion, without_news
from tidemill.monitor.rows import Names
from tidemill.monitor.settings import MonitorSettings
from tidemill.project.gold_history import GoldHistory
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.project.stage_arguments import stage_arguments
from tidemill.project.stage_code.stage_fingerprints import read_code
from tidemill.project.tables import batch_names, read
from tidemill.reports.monitor import Drift
from tidemill.runs.retrain_history import history_at


@says_errors
def main() -> None:
    """Run the stage in the project of the working directory."""
    run(*stage_arguments("monitor", __doc__))


def run(project: Project, name: str) -> None:
    """Compare every batch that the champion was not trained on with its reference."""
    problem, settings, paths = project.load(name, "monitor", MonitorSettings)
    champion = find_champion(project, problem)
    summary = without_champion() if champion is None else _look(champion, problem, settings, paths)
    summary = summary.model_copy(update={"arrived": md5_of(paths.manifest)})
    summary.write(paths.reports / "drift.json")
    with atomic_write(paths.reports / "drift.png") as path:
        draw(summary, path)


def _look(champion: Champion, problem: Problem, settings: MonitorSettings, paths: Paths) -> Drift:
    new = [batch for batch in batch_names(paths.manifest) if batch not in champion.batches]
    labels = _new_labels(champion, paths)
    if not new:
        return without_news(champion.version, champion.batches, settings, labels)
    contract = votes_contract(len(problem.classes))
    votes = read(paths.votes, contract)
    names = Names(problem.classes, tuple(contract.other_names(votes.columns)))
    reference = champion.reference(votes, names, min_rows=settings.min_rows)
    arrived = {batch: champion.arrived(batch, votes, reference.names) for batch in new}
    arrivals = Arrivals.of(paths.manifest, arrived)
    file = paths.state / "drift" / f"{paths.name}.batches.json"
    code = read_code(champion.project.root).stages.get("monitor", "")
    findings = find_of_batches(file, reference, arrivals, settings, code=code)
    stream = WatchedStream(champion, settings, reference, arrivals)
    report = stream.report()
    watch = HarmWatch(champion, reference, arrived, votes, settings)
    harm = watch.judge(report, stream.batches)
    judged = report.model_copy(update={"harm": harm})
    found = watch.of_batches(findings, harm)
    learned = votes.filter(pl.col("batch").is_in(champion.batches_since_change)).height
    return retrain_decision(champion.version, found, judged, settings, learned_rows=learned, labels=labels)


def _new_labels(champion: Champion, paths: Paths) -> NewLabels:
    """A row counts where its label is another than in the commit of the champion: not one that an answer confirms."""
    history = GoldHistory.read(paths.gold_history)
    if not history.answers:
        return NewLabels()
    rows = problem_rows(champion.project, paths.name)
    own = rows.table.select("row_id", pl.col("own").alias("gold"))
    before = history_at(champion.project.shared, champion.version, paths.name).applied(own, rows.problem.classes)
    return NewLabels(int((before["gold"] != rows.table["gold"]).sum()), history.as_of)


if __name__ == "__main__":
    main()
