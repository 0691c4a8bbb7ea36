"""votes.parquet -> labels.parquet, lf_analysis.csv: what every row probably is, and how far each function is believed."""

from __future__ import annotations

import numpy as np
import polars as pl

from tidemill.adapters.config import Paths, load, says_errors, stage_arguments
from tidemill.adapters.suites import guard
from tidemill.adapters.tables import aside, batch_names, read, read_batches, write, write_json
from tidemill.contracts import FEATURES, NO_GOLD, gold_contract, labels_contract, votes_contract
from tidemill.denoise.run import denoise
from tidemill.denoise.settings import DenoiseSettings


@says_errors
def main() -> None:
    """Fit the label model on train and dev rows, label every row."""
    problem, settings, paths = load(stage_arguments("denoise", __doc__), "denoise", DenoiseSettings)
    classes = problem.classes
    votes = read(paths.votes, votes_contract(len(classes)))
    features = _features(votes, paths) if settings.use_features else None
    gold = _gold(votes, paths, len(classes)) if settings.use_gold else None
    done = denoise(votes, classes, settings, features=features, gold=gold)
    guard(done.labels, labels_contract(classes), problem=problem.name, table_name="labels")
    write(done.labels, paths.labels, labels_contract(classes))
    write_json(done.model, paths.label_model)
    write_json(done.report, paths.reports / "denoise.json")
    _write_analysis(paths, done.report["functions"])


def _write_analysis(paths: Paths, learned: dict[str, float]) -> None:
    """Label's table of functions and the accuracies learned here → Snorkel's table, Learned Weight included."""
    table = pl.read_csv(paths.reports / "lf_summary.csv")
    weights = [learned.get(name) for name in table["function"]]
    with aside(paths.reports / "lf_analysis.csv") as path:
        table.with_columns(pl.Series("Learned Weight", weights, dtype=pl.Float64)).write_csv(path)


def _features(votes: pl.DataFrame, paths: Paths) -> np.ndarray:
    table = read_batches(paths.features, FEATURES, batch_names(paths.manifest))
    return votes.select("row_id").join(table, on="row_id", how="left", maintain_order="left")["feature"].to_numpy()


def _gold(votes: pl.DataFrame, paths: Paths, n_classes: int) -> np.ndarray:
    table = read_batches(paths.dev, gold_contract(n_classes), batch_names(paths.manifest))
    joined = votes.select("row_id").join(table, on="row_id", how="left", maintain_order="left")
    return joined["gold"].fill_null(NO_GOLD).to_numpy()


if __name__ == "__main__":
    main()
