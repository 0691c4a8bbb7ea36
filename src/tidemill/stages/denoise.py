"""The denoise stage: labels.parquet from votes.parquet, and reports on functions and rows: what every row probably is, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from tidemill.common.failures import says_errors
from tidemill.common.files import atomic_write
from tidemill.contracts import (
    FEATURES,
    NO_GOLD,
    answers_contract,
    gold_contract,
    labels_contract,
    probability_columns,
    votes_contract,
)
from tidemill.denoise.report.card import label_card
from tidemill.denoise.report.plots import draw
from tidemill.denoise.run import Denoised, denoise, label_shares
from tidemill.denoise.settings import DenoiseSettings
from tidemill.project.expectations import guard, write_pages
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.project.stage_arguments import stage_arguments
from tidemill.project.tables import batch_names, read, read_batches, write
from tidemill.reports.denoise import DenoiseReport
from tidemill.reports.generate import GeneratedReport, GeneratedVoter
from tidemill.review.combined_labels import combined_labels


@says_errors
def main() -> None:
    """Run the stage in the project of the working directory."""
    run(*stage_arguments("denoise", __doc__))


def run(project: Project, name: str) -> None:
    """Fit the label model on train and dev rows, label every row, tell what was learned."""
    problem, settings, paths = project.load(name, "denoise", DenoiseSettings)
    votes = read(paths.votes, votes_contract(len(problem.classes)))
    write_pages(paths)
    gold = _gold(votes, paths, len(problem.classes))
    generated = GeneratedReport.read_if_there(paths.generated_report) or GeneratedReport(voters=())
    features = _features(votes, paths)
    done = denoise(votes, problem.classes, settings, features=features, gold=gold, groups=generated.groups())
    if settings.use_answers:
        done = _with_answers(done, paths, problem.classes)
    guard(done.labels, labels_contract(problem.classes), paths, "labels")
    write(done.labels, paths.labels, labels_contract(problem.classes))
    done.model.write(paths.label_model)
    _write_explanation(paths, done, gold, generated.voters)


def _with_answers(done: Denoised, paths: Paths, classes: tuple[str, ...]) -> Denoised:
    answers = read(paths.answers, answers_contract(len(classes)))
    labels, people = combined_labels(done.labels, answers, classes)
    shares = label_shares(labels.select(probability_columns(classes)).to_numpy(), classes)
    return replace(
        done, labels=labels, report=done.report.model_copy(update={"people": people, "label_shares": shares})
    )


def _write_explanation(paths: Paths, done: Denoised, gold: np.ndarray, voters: Sequence[GeneratedVoter]) -> None:
    with atomic_write(paths.data / "evidence.parquet") as path:
        done.evidence.write_parquet(path, compression="zstd", statistics=False)
    done.report.write(paths.reports / "denoise.json")
    analysis = _write_analysis(paths, done.report)
    with atomic_write(paths.reports / "label_card.md") as path:
        path.write_text(label_card(paths.name, done.report, analysis, generated=voters), encoding="utf-8")
    folder = paths.reports / "denoise"
    done.explained.write(folder / "functions.json")
    draw(folder, done.explained, done.votes, done.gold_free, gold=gold)


def _write_analysis(paths: Paths, report: DenoiseReport) -> pl.DataFrame:
    """Snorkel's table, with the Learned Weight that the label stage cannot know; no accuracy of no votes."""
    table = pl.read_csv(paths.reports / "lf_summary.csv", glob=False)
    if "Emp. Acc." in table.columns:
        judged = pl.col("Correct") + pl.col("Incorrect") > 0
        table = table.with_columns(pl.when(judged).then(pl.col("Emp. Acc.")).alias("Emp. Acc."))
    weights = [report.accuracies.get(name) for name in table["function"]]
    weighed = table.with_columns(pl.Series("Learned Weight", weights, dtype=pl.Float64))
    with atomic_write(paths.reports / "lf_analysis.csv") as path:
        weighed.write_csv(path)
    return weighed


def _features(votes: pl.DataFrame, paths: Paths) -> np.ndarray:
    table = read_batches(paths.features, FEATURES, batch_names(paths.manifest))
    return votes.select("row_id").join(table, on="row_id", how="left", maintain_order="left")["feature"].to_numpy()


def _gold(votes: pl.DataFrame, paths: Paths, n_classes: int) -> np.ndarray:
    """Gold of the development split: labels are scored on it, and learn from it if so configured."""
    table = read_batches(paths.dev, gold_contract(n_classes), batch_names(paths.manifest))
    joined = votes.select("row_id").join(table, on="row_id", how="left", maintain_order="left")
    return joined["gold"].fill_null(NO_GOLD).to_numpy()


if __name__ == "__main__":
    main()
