"""Fifty labels of a second source by commands alone, against twenty lines of scikit-learn on the same labels and backbone.

    python benchmarks/second_source.py [--draws 3] [--folder DIR] [--json FILE] [--check]

Each draw is a project of its own, made as a user makes it: `tidemill init`, `new` on 349 photographs of monocrystalline cells with 200 labels
(functions are those that `new` writes, prototypes and limits of the images' statistics), `run`; 300 polycrystalline cells arrive
without labels, `run`; `gold sample --batch --most 50`, answers, `gold add`, `run`. Each of these is one command, and no file is edited by
hand but the one that is filled in. The candidate before and after is asked of photographs that the project never had, 300 of the first
source and 400 of the second, and so is logistic regression on features of the same backbone and the labels that there were at the time: on
all of them, of which Tidemill keeps some to judge by, and on those that teach.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from paired_comparison import mean_score, paired
from targets import Target, finish, options, target
from tidemill.api.contents import content_table
from tidemill.api.project import Project
from tidemill.contracts import probability_columns
from tidemill.embed.embedder import embedder_of

ROOT: Final = Path(__file__).resolve().parents[1]
NAME: Final = "cells"
CLASSES: Final = ("functional", "defective")
LABELED, KNOWN_MONO, HELD_MONO = 200, 349, 300
KNOWN_POLY, HELD_POLY, NEW_LABELS = 300, 400, 50
OURS, PLAIN, SCALED = "functions and gold", "logistic regression", "logistic regression, scaled"
TEACHING: Final = "logistic regression, labels that teach"
RIVALS: Final = (PLAIN, SCALED, TEACHING)
METRIC: Final = "balanced"
MAX_LOSS: Final = -1.0
_TIDEMILL: Final = (sys.executable, "-m", "tidemill")


def main() -> None:
    """Measure the draws, print gains with paired intervals, check the targets."""
    parser = options(__doc__)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the projects there")
    asked = parser.parse_args()
    draws = []
    with tempfile.TemporaryDirectory() as temporary:
        for seed in range(asked.draws):
            draws.append(draw(seed, (asked.folder or Path(temporary)) / f"draw_{seed}"))
            print(f"draw {seed}: {json.dumps(_scores([draws[-1]]))}", flush=True)
    figures = {"scores": _scores(draws), "gains": _gains(draws), "draws": asked.draws}
    finish(figures | {"targets": _targets(figures["gains"])}, asked)


def draw(seed: int, folder: Path) -> dict[str, Any]:
    """Seed and folder of a new project -> gold of photographs that it never had, and what each model says of them."""
    cells = _cells(seed)
    project = folder / "project"
    _make(project)
    for name in ("packages/elpv", "packages/efficientnet-lite0"):
        (project / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "data" / name).symlink_to(ROOT / "data" / name, target_is_directory=True)
    labeled = {cell["file"] for cell in cells["mono"][:LABELED]}
    first = _table(folder / "first.csv", cells["mono"], labeled)
    _tidemill(project, "new", NAME, "--from", str(first), "--image", "file", "--label", "label")
    _run(project, "Add cells")
    _write_arrival(project, cells["poly"])
    _run(project, "Photographs of polycrystalline cells")
    held = _table(folder / "held.csv", cells["held"], set())
    labels = {cell["file"]: cell["label"] for cell in cells["mono"][:LABELED]}
    before = _answers(project, held, labels)
    answered = _label(
        project, folder / "to_label.csv", {Path(cell["file"]).name: cell["label"] for cell in cells["poly"]}
    )
    _run(project, f"{NEW_LABELS} labels of the second source")
    after = _answers(project, held, labels | answered)
    gold = np.array([CLASSES.index(cell["label"]) for cell in cells["held"]])
    poly = np.array([cell["cell"] == "poly" for cell in cells["held"]])
    return {"gold": gold, "second": poly, "before": before, "after": after}


def _cells(seed: int) -> dict[str, list[dict[str, str]]]:
    """The packaged photographs, drawn anew by each seed: those of the project by source, and those that it never has."""
    lines = (ROOT / "data/packages/elpv/labels.csv").read_text(encoding="utf-8").splitlines()
    rows = [dict(zip(("file", "chance", "cell"), line.split(), strict=True)) for line in lines]
    for row in rows:
        row["label"] = CLASSES[float(row.pop("chance")) >= 0.5]
    rows = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]
    mono, poly = ([row for row in rows if row["cell"] == kind] for kind in ("mono", "poly"))
    held = mono[KNOWN_MONO : KNOWN_MONO + HELD_MONO] + poly[KNOWN_POLY : KNOWN_POLY + HELD_POLY]
    return {"mono": mono[:KNOWN_MONO], "poly": poly[:KNOWN_POLY], "held": held}


def _make(project: Path) -> None:
    project.parent.mkdir(parents=True, exist_ok=True)
    _tidemill(project.parent, "init", str(project))
    for setting, value in (("user.name", "benchmark"), ("user.email", "benchmark@localhost")):
        subprocess.run(["git", "config", setting, value], cwd=project, check=True)


def _table(file: Path, cells: Sequence[Mapping[str, str]], labeled: set[str]) -> Path:
    """File of a table with its photographs beside it, labels in those rows alone -> the file."""
    pictures = file.parent / file.stem
    pictures.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(["file", "label"])
        for cell in cells:
            source = ROOT / "data/packages/elpv" / cell["file"]
            shutil.copy(source, pictures / source.name)
            writer.writerow([f"{file.stem}/{source.name}", cell["label"] if cell["file"] in labeled else ""])
    return file


def _write_arrival(project: Path, cells: Sequence[Mapping[str, str]]) -> None:
    incoming = project / "data/incoming" / NAME
    _table(incoming / "second.csv", cells, set())


def _label(project: Path, file: Path, truth: Mapping[str, str]) -> dict[str, str]:
    """Ask which rows of the second source are worth labeling, answer as a person would, add the answers."""
    _tidemill(project, "gold", "sample", NAME, "--batch", "second", "--most", str(NEW_LABELS), "--out", str(file))
    rows = pl.read_csv(file, infer_schema=False)
    named = next(name for name in rows.columns if rows[name].str.ends_with(".png").all())
    answers = {name: truth[Path(name).name] for name in rows[named]}
    rows.with_columns(label=pl.Series(list(answers.values()))).write_csv(file)
    _tidemill(project, "gold", "add", NAME, str(file))
    return answers


def _run(project: Path, message: str) -> None:
    subprocess.run(["git", "add", "-A"], cwd=project, check=True)
    subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", message], cwd=project, check=True)
    _tidemill(project, "run", f"problem={NAME}")


def _answers(project: Path, held: Path, labels: Mapping[str, str]) -> dict[str, Any]:
    """What the candidate and scikit-learn's models of ``labels``, by photograph, say of photographs the project never had."""
    out = held.with_suffix(".parquet")
    _tidemill(project, "predict", NAME, str(held), "--out", str(out), "--force", "--version", "candidate")
    predicted = pl.read_parquet(out)
    asked = _features(project, pl.read_csv(held, infer_schema=False)["file"].to_list())
    targets = np.array([CLASSES.index(label) for label in labels.values()])
    columns = probability_columns(CLASSES)
    features = _features(project, list(labels))
    teaching = _teaching(project, list(labels))
    plain = LogisticRegression(max_iter=1000, class_weight="balanced")
    scaled = make_pipeline(StandardScaler(), clone(plain))
    return {
        OURS: predicted.select(columns).to_numpy(),
        PLAIN: clone(plain).fit(features, targets).predict_proba(asked),
        SCALED: scaled.fit(features, targets).predict_proba(asked),
        TEACHING: plain.fit(features[teaching], targets[teaching]).predict_proba(asked),
    }


def _teaching(project: Path, photographs: Sequence[str]) -> Any:
    """Which photographs are of splits whose labels teach."""
    rows = Project.open(project).rows(NAME).filter(pl.col("split").is_in(["train", "dev"]))
    names = {Path(key).name for key in rows["key"]}
    return np.array([Path(name).name in names for name in photographs])


def _features(project: Path, photographs: Sequence[str]) -> Any:
    """Features of packaged photographs by the backbone of the candidate."""
    backbone = Project.open(project).end_model(NAME, "candidate").fitted_.backbone
    contents = [(ROOT / "data/packages/elpv/images" / Path(name).name).read_bytes() for name in photographs]
    return embedder_of(backbone, root=project, threads=1).features(
        content_table(contents, "image", 0), name="photographs"
    )


def _tidemill(folder: Path, *words: str) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*_TIDEMILL, *words], check=False, cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"tidemill {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-4000:]}")


def _scores(draws: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Mean balanced accuracy x 100 on each source, before and after the labels of the second."""
    return {
        f"{source}, {when}": {
            name: round(
                float(np.mean([mean_score([one[when][name][rows]], one["gold"][rows], METRIC) for one, rows in parts])),
                1,
            )
            for name in (OURS, *RIVALS)
        }
        for source, parts in _by_source(draws).items()
        for when in ("before", "after")
    }


def _by_source(draws: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[Mapping[str, Any], Any]]]:
    return {
        "first source": [(one, ~one["second"]) for one in draws],
        "second source": [(one, one["second"]) for one in draws],
    }


def _gains(draws: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Gains in points with 95% intervals over draws of labels and photographs."""
    results = {}
    for source, parts in _by_source(draws).items():
        pairs = {
            f"over {rival}, {when}": ((when, OURS), (when, rival)) for when in ("before", "after") for rival in RIVALS
        }
        for name, (one, other) in (pairs | {"by the labels": (("after", OURS), ("before", OURS))}).items():
            compared = [
                paired([each[one[0]][one[1]][rows]], [each[other[0]][other[1]][rows]], each["gold"][rows], METRIC)
                for each, rows in parts
            ]
            results[f"{source}, {name}"] = _pooled(
                [
                    mean_score([each[one[0]][one[1]][rows]], each["gold"][rows], METRIC)
                    - mean_score([each[other[0]][other[1]][rows]], each["gold"][rows], METRIC)
                    for each, rows in parts
                ],
                compared,
            )
    return results


def _pooled(gains: Sequence[float], intervals: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Gains of each draw and their intervals over photographs -> the mean, with an interval of both kinds of chance."""
    within = np.mean([((high - low) / 3.92) ** 2 for low, high in intervals]) / len(gains)
    between = np.var(gains, ddof=1) / len(gains) if len(gains) > 1 else 0.0
    mean, half = float(np.mean(gains)), 1.96 * float(np.sqrt(max(within, between)))
    return {"gain": round(mean, 2), "interval": [round(mean - half, 2), round(mean + half, 2)]}


def _targets(gains: Mapping[str, dict[str, Any]]) -> dict[str, Target]:
    rivals = {name: one for name, one in gains.items() if ", over " in name}
    results = {
        name: target(one["gain"], "at most 1 point below", one["interval"], met=one["gain"] >= MAX_LOSS)
        for name, one in rivals.items()
    }
    labels = gains["second source, by the labels"]
    return results | {
        "second source, by the labels": target(
            labels["gain"], "more than before them", labels["interval"], met=labels["gain"] > 0
        )
    }


if __name__ == "__main__":
    main()
