"""The evaluate stage: metrics.json, verdict.json and plots: scores next to baselines, the candidate against the champion."""

from __future__ import annotations

from dataclasses import replace

from tidemill.apps.evaluation_data import evaluation_predictions, outlier_scores
from tidemill.apps.models.champion_reference import find_champion
from tidemill.apps.models.clean_process import check_in_clean_process
from tidemill.common.failures import says_errors
from tidemill.common.files import atomic_write
from tidemill.contracts import Problem, labels_contract
from tidemill.denoise.report.summary import facts
from tidemill.evaluate.model_card import evaluation_card
from tidemill.evaluate.plots import draw
from tidemill.evaluate.run import evaluate
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.label.settings import LabelSettings
from tidemill.project.gold import gold_rows
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.project.stage_arguments import stage_arguments
from tidemill.project.tables import read
from tidemill.reports.denoise import DenoiseReport
from tidemill.reports.ingest import GoldState
from tidemill.reports.review import Certificate
from tidemill.review.audit import CheckedLabels
from tidemill.review.certificate import card_section
from tidemill.train.run import CARD
from tidemill.train.settings import TrainSettings


@says_errors
def main() -> None:
    """Run the stage in the project of the working directory."""
    run(*stage_arguments("evaluate", __doc__))


def run(project: Project, name: str) -> None:
    """Score the candidate on rows of test, judge it on rows of valid."""
    problem, settings, paths = project.load(name, "evaluate", EvaluateSettings)
    head = project.load(name, "train", TrainSettings)[1]
    champion = find_champion(project, problem)
    known = gold_rows(paths, len(problem.classes), project.load(name, "label", LabelSettings)[1])
    rows, models = evaluation_predictions(problem, paths, known, head, champion)
    version = None if champion is None else champion.version
    unlike = outlier_scores(paths, rows, problem, head)
    done = evaluate(
        rows,
        models,
        problem.classes,
        settings,
        version=version,
        champion_batches=None if champion is None else champion.batches,
        champion_classes=None if champion is None else champion.model.classes,
        check=check_in_clean_process(project, problem),
        outlier=unlike,
    )
    state = GoldState.read_if_there(paths.gold_state)
    if state is not None and state.as_of is not None:
        done = replace(done, metrics=done.metrics.model_copy(update={"gold_as_of": state.as_of}))
    plots = paths.reports / "plots"
    tables = {"scores": done.scores, "calibration": done.reliability_table, "confusion": done.confusion_table}
    for table_name, table in (tables | {"thresholds": done.thresholds}).items():
        with atomic_write(plots / f"{table_name}.csv") as path:
            table.write_csv(path)
    draw(done, plots, problem.classes)
    done.metrics.write(paths.reports / "metrics.json")
    done.verdict.write(paths.reports / "verdict.json")
    trained = (paths.model / CARD).read_text(encoding="utf-8")
    card = evaluation_card(trained, done, facts(DenoiseReport.read(paths.reports / "denoise.json")))
    with atomic_write(paths.reports / "model_card.md") as path:
        path.write_text("\n".join([card.rstrip("\n"), "", *_certificate(problem, paths)]), encoding="utf-8")


def _certificate(problem: Problem, paths: Paths) -> list[str]:
    """The section of the card on what people's checks prove of the labels."""
    found = Certificate.read_if_there(paths.certificate)
    if found is None or found.target is None:
        return []
    labels = read(paths.labels, labels_contract(problem.classes))
    return card_section(found, CheckedLabels.of(labels, problem.classes, sure=found.target.sure).sha256)


if __name__ == "__main__":
    main()
