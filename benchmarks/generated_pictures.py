"""Draws the pictures of docs/generated.md from what a run left under data/, for packaged problems and a server on loopback.

python benchmarks/generated_pictures.py [--out docs] [--steps 600]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from generated import prompts
from generated_rows import Drawn, function, packaged, with_gold
from tidemill.generate.few_gold import fit_on_gold
from tidemill.generate.fitted import draw_grid
from tidemill.generate.rows import Rows
from tidemill.generate.zero_shot import fit_likeness, likeness_of
from tidemill.label.conditions.generated import Model, ZeroShot
from tidemill.project.project import Project

PLAIN: Any = {"dpi": 110, "metadata": {"Software": None}}
DESCRIBE = {
    "ham": "a personal message between friends, or a mail of a mailing list",
    "spam": "an advertisement, a prize or an offer to make money",
}


def models(out: Path, steps: int) -> None:
    """Folder and steps of networks -> generated_model.png: precision and coverage of held-out votes by threshold, and what a GAN draws."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    drawn = with_gold(packaged("solar"), 100, 0)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for learner in ("linear", "cnn", "gan"):
        model = fit_on_gold(Model.model_validate({"kind": "model", "learner": learner, "steps": steps}), drawn.rows)
        if isinstance(model, str):
            raise SystemExit(model)
        coverage, precision = _curve(model.held_out, drawn)
        axes[0].plot(coverage, precision, label=learner)
        if model.drawn is not None:
            with tempfile.TemporaryDirectory() as folder:
                draw_grid(model.drawn, Path(folder, "drawn.png"))
                axes[1].imshow(plt.imread(Path(folder, "drawn.png")))
    axes[0].set(xlabel="share of held-out gold rows voted on", ylabel="share of the votes that is right")
    axes[0].set_title("solar, 100 gold rows per class", fontsize=10)
    axes[0].legend(frameon=False)
    axes[1].set_title("what the GAN's generator draws", fontsize=10)
    axes[1].axis("off")
    figure.savefig(out / "generated_model.png", **PLAIN)


def _curve(held_out: Any, drawn: Drawn) -> tuple[Any, Any]:
    """Held-out probabilities of gold rows -> coverage and precision, surest rows first."""
    order = np.argsort(-held_out.max(axis=1), kind="stable")
    right = held_out.argmax(axis=1)[order] == drawn.rows.gold[drawn.rows.labeled][order]
    number = np.arange(1, len(right) + 1)
    return number[9:] / len(right), right.cumsum()[9:] / number[9:]


def descriptions(out: Path) -> None:
    """Folder -> generated_zero_shot.png: likeness of spam's gold rows to the two sentences, and the calibrated answer."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    drawn = with_gold(packaged("spam"), 200, 0)
    rows = _with_backbone(drawn.rows)
    condition = function("described", kind="zero_shot", describe=DESCRIBE).condition
    if not isinstance(condition, ZeroShot):
        raise TypeError(condition)
    likeness = likeness_of(condition, rows, np.arange(rows.ids.height))
    _, held_out, _ = fit_likeness(likeness, rows, condition)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    gold = rows.gold[rows.labeled]
    for k, name in enumerate(rows.problem.classes):
        own = rows.labeled[gold == k]
        axes[0].scatter(*likeness[own].T, s=8, label=f"{name} by gold")
        axes[1].hist(held_out[gold == k, 1], bins=np.linspace(0, 1, 21), alpha=0.6, label=f"{name} by gold")
    axes[0].set(xlabel="likeness to the sentence of ham", ylabel="likeness to the sentence of spam")
    axes[1].set(xlabel="probability of spam, calibrated on other folds", ylabel="gold rows of dev")
    for axis in axes:
        axis.legend(frameon=False)
    figure.savefig(out / "generated_zero_shot.png", **PLAIN)


def _with_backbone(rows: Rows) -> Rows:
    from tidemill.embed.embedder import backbone_record, embedder_of

    project = Project.open(Path())
    paths = project.paths(rows.problem.name)
    record = backbone_record(min(paths.features.glob("*.parquet")))
    embedder = embedder_of(record, root=paths.shared, threads=1)
    fields = (rows.votes, rows.names, rows.read, rows.read_features, lambda: embedder)
    return Rows(rows.problem, rows.ids, rows.gold, *fields)


def asked(out: Path) -> None:
    """Folder -> generated_prompt.png: requests of runs at a server on loopback."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    found = prompts()
    bars = {
        "first run, 1,000 rows": found["first"],
        "the same again": found["second"],
        "a batch of 10 more": found["batch"],
        "after a kill half way": found["after_the_kill"],
        "of these, answered before": found["answered_and_asked_again"],
    }
    figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
    drawn = axis.barh(list(bars)[::-1], list(bars.values())[::-1])
    axis.bar_label(drawn, padding=3)
    axis.set(xlabel="requests")
    axis.margins(x=0.12)
    figure.savefig(out / "generated_prompt.png", **PLAIN)


def main() -> None:
    """Draw all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--steps", type=int, default=600, help="of the networks on images")
    given = parser.parse_args()
    out = given.out
    asked(out)
    descriptions(out)
    models(out, given.steps)


if __name__ == "__main__":
    main()
