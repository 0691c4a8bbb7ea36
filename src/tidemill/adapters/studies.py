"""What a person asks of a problem now and then: what more labels would bring, and which labels are wrong."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.adapters.config import Paths, load
from tidemill.adapters.judging import known_rows
from tidemill.adapters.tables import aside, batch_names, read, read_batches, write_json
from tidemill.contracts import (
    ABSTAIN,
    FEATURES,
    NO_GOLD,
    Problem,
    labels_contract,
    probability_columns,
    votes_contract,
)
from tidemill.evaluate.curve_plot import draw_curves
from tidemill.evaluate.curves import ASKED, fit_law, predictions
from tidemill.evaluate.errors import label_errors
from tidemill.evaluate.run import REPORTED
from tidemill.evaluate.scores import ruler, scores, tally
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.train.fit import fit_head
from tidemill.train.head import Head
from tidemill.train.learn import Lesson, learn, out_of_fold
from tidemill.train.run import TAUGHT, joined
from tidemill.train.settings import TrainSettings
from tidemill.train.teach import row_weights

SIZES: Final = (5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120)
SEEDS: Final = 3
DRAWS: Final = 200
SHOWN: Final = 200


@dataclass(frozen=True)
class Study:
    """Settings of a problem and its rows: votes, features and labels of all, gold where there is any."""

    problem: Problem
    train: TrainSettings
    evaluate: EvaluateSettings
    paths: Paths
    rows: pl.DataFrame

    @property
    def features(self) -> Any:
        """(rows, dimensions)."""
        return self.rows["feature"].to_numpy()

    @property
    def targets(self) -> Any:
        """(rows, classes) probabilistic labels."""
        return self.rows.select(probability_columns(self.problem.classes)).to_numpy()

    @property
    def gold(self) -> Any:
        """(rows,) class or NO_GOLD."""
        return self.rows["gold"].fill_null(NO_GOLD).to_numpy().astype(np.int64)

    @property
    def covered(self) -> Any:
        """(rows,) whether a function speaks of the row."""
        return self.rows["covered"].to_numpy()


def study(name: str) -> Study:
    """Problem's name → what both studies read."""
    problem, train, paths = load(name, "train", TrainSettings)
    evaluate = load(name, "evaluate", EvaluateSettings)[1]
    classes, batches = problem.classes, batch_names(paths.manifest)
    contract = votes_contract(len(classes))
    votes = read(paths.votes, contract)
    functions = contract.other_names(votes.columns)
    heard = pl.any_horizontal([pl.col(one) != ABSTAIN for one in functions])
    rows = joined(votes, read_batches(paths.features, FEATURES, batches), read(paths.labels, labels_contract(classes)))
    gold = known_rows(paths, len(classes)).select("row_id", "gold")
    rows = rows.with_columns(heard.alias("covered")).join(gold, on="row_id", how="left", maintain_order="left")
    return Study(problem, train.plain(), evaluate, paths, rows)


def curves(name: str) -> dict[str, Any]:
    """Problem → learning curves of gold labels and of weakly labeled rows, in reports/<problem>/curves.json and .png."""
    asked = study(name)
    taught = asked.rows["split"].is_in(TAUGHT).to_numpy()
    with_gold, weak = np.flatnonzero(taught & (asked.gold != NO_GOLD)), np.flatnonzero(taught & asked.covered)
    told = {
        "metric": asked.evaluate.gate.metric,
        "gold_per_class": _curve(asked, with_gold, asked.gold[with_gold], _on_gold),
        "weak_per_class": _curve(asked, weak, asked.targets[weak].argmax(axis=1), _on_weak),
    }
    write_json(told, asked.paths.reports / "curves.json")
    with aside(asked.paths.reports / "curves.png") as path:
        draw_curves(told, path)
    return told


def _curve(asked: Study, pool: Any, classes: Any, fit: Callable[[Study, Any], Head]) -> dict[str, Any]:
    """Rows to draw from, their classes and how a head is fitted on some → points, and what the law through them says."""
    counts = np.bincount(classes, minlength=len(asked.problem.classes))
    sizes = [size for size in SIZES if size <= counts[counts > 0].max()]
    points: list[dict[str, Any]] = []
    for size in sizes:
        for seed in range(SEEDS):
            chance = np.random.default_rng([asked.train.seed, size, seed])
            drawn = [chance.permutation(pool[classes == k])[:size] for k in range(len(counts))]
            points.append({"rows": size, "seed": seed, "score": _score(asked, fit(asked, np.concatenate(drawn)))})
            print(f"{size} rows a class, seed {seed}: {points[-1]['score']:.3f}")
    law = fit_law([p["rows"] for p in points], [p["score"] for p in points], draws=DRAWS, seed=asked.train.seed)
    told = predictions(law, ASKED, confidence=asked.evaluate.confidence)
    limit, gap, rate = law.parameters[0].round(4).tolist()
    return {"points": points, "law": {"limit": limit, "gap": gap, "rate": rate}, "predictions": told}


def _on_gold(asked: Study, rows: Any) -> Head:
    targets = np.eye(len(asked.problem.classes))[asked.gold[rows]]
    return fit_head(asked.features[rows], targets, settings=asked.train)


def _on_weak(asked: Study, rows: Any) -> Head:
    nothing = np.full(len(rows), NO_GOLD)
    return learn(Lesson(asked.features[rows], asked.targets[rows], asked.covered[rows], nothing), asked.train)


def _score(asked: Study, head: Head) -> float:
    rows = np.flatnonzero((asked.rows["split"] == REPORTED).to_numpy() & (asked.gold != NO_GOLD))
    by = ruler(asked.problem.classes, asked.evaluate.positive, asked.evaluate.n_bins)
    sums = tally(asked.gold[rows], head.predict_proba(asked.features[rows]), by).sum(axis=0)
    return round(float(scores(sums, by)[asked.evaluate.gate.metric]), 6)


def suspects(name: str) -> pl.DataFrame:
    """Problem → labels that models of other rows deny, ranked, in reports/<problem>/label_errors.csv and .html.

    Labels are those of denoise for the rows that teach and of which a function speaks.
    """
    asked = study(name)
    rows = np.flatnonzero(asked.rows["split"].is_in(TAUGHT).to_numpy() & asked.covered)
    features, targets = asked.features[rows], asked.targets[rows]
    weights = row_weights(targets, asked.covered[rows], asked.train)
    found = label_errors(targets.argmax(axis=1), out_of_fold(features, targets, weights, asked.train))
    names = np.array(asked.problem.classes)
    about = asked.rows[rows[found["row"].to_numpy()].tolist()].select("row_id", "batch")
    told: pl.DataFrame = about.with_columns(
        label=pl.Series(names[found["label"].to_numpy()], dtype=pl.String),
        suggested=pl.Series(names[found["suggested"].to_numpy()], dtype=pl.String),
        margin=found["margin"],
    )
    contents = told.join(_contents(asked), on="row_id", how="left", maintain_order="left")
    with aside(asked.paths.reports / "label_errors.csv") as path:
        contents.drop("image", strict=False).write_csv(path)
    with aside(asked.paths.reports / "label_errors.html") as path:
        path.write_text(page(contents.head(SHOWN), f"{name}: {told.height:,} labels to look at"), encoding="utf-8")
    return told


def _contents(asked: Study) -> pl.DataFrame:
    names = ["row_id", asked.problem.modality]
    files = [asked.paths.raw / f"{batch}.parquet" for batch in batch_names(asked.paths.manifest)]
    return pl.concat([pl.read_parquet(file, columns=names) for file in files])


def page(table: pl.DataFrame, title: str) -> str:
    """Table of suspects and a title → a page that needs neither network nor scripts."""
    lines = [
        "<tr>" + "".join(f"<td>{_cell(name, value)}</td>" for name, value in row.items()) + "</tr>"
        for row in table.iter_rows(named=True)
    ]
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in table.columns)
    style = "body{font:14px sans-serif;margin:2em}td,th{text-align:left;vertical-align:top;padding:.3em .8em}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{style}</style><h1>{html.escape(title)}</h1><table><tr>{heads}</tr>{''.join(lines)}</table></html>\n"
    )


def _cell(name: str, value: Any) -> str:
    if name == "image" and isinstance(value, bytes):
        kind = "png" if value.startswith(b"\x89PNG") else "jpeg"
        return f'<img alt="" width="160" src="data:image/{kind};base64,{base64.b64encode(value).decode()}">'
    return html.escape(str(value)[:500])
