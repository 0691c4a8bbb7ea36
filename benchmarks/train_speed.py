"""Retraining after an edit of a labeling function: the head on stored features against fine-tuning the same backbone.

Run: python benchmarks/train_speed.py [--problem spam] [--epochs 1] [--json OUT] [--check]
Needs the problem's tables under data/ (`make run` or `dvc repro` leaves them). Fine-tuning is what one would write without
Tidemill: a LightningModule around the same pretrained encoder with a linear layer, all rows of train and dev, the same
labels. It is timed for the epochs asked, one by default, which flatters it: three are usual. CPU seconds, one thread.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from tidemill.adapters.config import load
from tidemill.adapters.places import shared_root
from tidemill.adapters.studies import Study, study
from tidemill.compat import repair_torchvision
from tidemill.contracts import NO_GOLD
from tidemill.embed.run import Embedder
from tidemill.embed.settings import EmbedSettings
from tidemill.embed.text import TextBackbone, padded, readable
from tidemill.train.learn import Lesson, learn
from tidemill.train.run import TAUGHT
from tidemill.train.settings import TrainSettings

ROWS_PER_STEP = 32
RATE = 5e-5


def main() -> None:
    """Time both, score both on the gold of test, print, write, and say what was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", default="spam")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    repair_torchvision()
    rows = study(asked.problem)
    figures = {"head": timed(lambda: head(rows, asked.problem)), "fine-tuning": timed(lambda: tuned(rows, asked))}
    times = figures["fine-tuning"]["cpu_seconds"] / figures["head"]["cpu_seconds"]
    for name, row in figures.items():
        print(f"{name:12} {row['cpu_seconds']:8.1f} CPU s   balanced accuracy on test {row['score']:.4f}")
    met = times >= 20.0 and figures["head"]["score"] >= figures["fine-tuning"]["score"]
    print(
        f"{'met   ' if met else 'MISSED'} retraining is {times:.0f} times as fast; at least 20 at equal or better score is asked"
    )
    if asked.json:
        asked.json.write_text(json.dumps(figures | {"times": times}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if asked.check and not met:
        raise SystemExit("missed: retrain")


def timed(run: Callable[[], float]) -> dict[str, float]:
    """What gives a score -> the score and the CPU seconds it took."""
    began = time.process_time()
    score = run()
    return {"score": score, "cpu_seconds": time.process_time() - began}


def head(rows: Study, problem: str) -> float:
    """Rows -> balanced accuracy of the head as the problem has it set."""
    settings = load(problem, "train", TrainSettings)[1]
    taught = rows.rows["split"].is_in(TAUGHT).to_numpy()
    lesson = Lesson(rows.features, rows.targets, rows.covered, np.full(len(taught), NO_GOLD)).part(taught)
    return scored(rows, learn(lesson, settings).predict_proba(rows.features[test(rows)]))


def test(rows: Study) -> Any:
    """Rows -> indices of those of test with gold."""
    return np.flatnonzero((rows.rows["split"] == "test").to_numpy() & (rows.gold != NO_GOLD))


def scored(rows: Study, said: Any) -> float:
    """What is said of the rows of test -> balanced accuracy."""
    gold = rows.gold[test(rows)]
    return float(np.mean([(said.argmax(axis=1) == gold)[gold == k].mean() for k in np.unique(gold)]))


def tuned(rows: Study, asked: Any) -> float:
    """Rows -> balanced accuracy of the whole backbone, fine-tuned by a plain Lightning script."""
    from pytorch_lightning import LightningModule, Trainer

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    settings = load(asked.problem, "embed", EmbedSettings)[1]
    backbone = Embedder(settings, "text", root=shared_root()).backbone
    assert isinstance(backbone, TextBackbone)  # noqa: S101 - a problem with text
    assert settings.text is not None  # noqa: S101 - as above
    files = sorted(Path("data", asked.problem, "raw").glob("*.parquet"))
    raw = pl.concat([pl.read_parquet(file, columns=["row_id", "text"]) for file in files])
    texts = rows.rows.select("row_id").join(raw, on="row_id", how="left", maintain_order="left")["text"].to_list()
    length = settings.text.max_tokens
    ids = backbone.tokenizer([readable(t, settings.text) for t in texts], truncation=True, max_length=length)[
        "input_ids"
    ]
    taught = np.flatnonzero(rows.rows["split"].is_in(TAUGHT).to_numpy() & rows.covered)

    class Plain(LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.encoder = backbone.model.train()
            self.top = torch.nn.Linear(backbone.model.config.hidden_size, rows.targets.shape[1])

        def forward(self, some: Any) -> Any:
            tokens, mask = map(torch.from_numpy, padded([ids[row] for row in some], 0))
            hidden = self.encoder(input_ids=tokens, attention_mask=mask).last_hidden_state
            return self.top((hidden * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True))

        def training_step(self, some: Any, _: int) -> Any:
            return torch.nn.functional.cross_entropy(self(some), torch.from_numpy(rows.targets[some]).float())

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), lr=RATE)

    order = np.random.default_rng(0).permutation(taught)
    steps = [order[start : start + ROWS_PER_STEP] for start in range(0, len(order), ROWS_PER_STEP)]
    model = Plain()
    Trainer(
        max_epochs=asked.epochs, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    ).fit(model, steps)
    with torch.inference_mode():
        found = test(rows)
        parts = [model.eval()(found[start : start + 64]).numpy() for start in range(0, len(found), 64)]
    return scored(rows, np.concatenate(parts))


if __name__ == "__main__":
    main()
