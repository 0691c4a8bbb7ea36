"""config of a model -> its card: what it is, what it learned from, and how to ask it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def card(config: Mapping[str, Any]) -> str:
    """Content of config.json -> Markdown, the same for the same model."""
    return "\n".join([*_head(config), *_training(config), *_use(config), ""])


def _head(config: Mapping[str, Any]) -> list[str]:
    backbone = config["backbone"]
    hidden = config["settings"]["hidden"]
    shape = " → ".join(map(str, [config["dimensions"], *hidden, len(config["classes"])]))
    weights = (backbone["sha256"] or "by name from the hub")[:16]
    return [
        f"# Model card: {config['problem']}",
        "",
        f"Tells {config['modality']}s apart: {', '.join(config['classes'])}.",
        f"A head ({shape}) on the {_how(config)} backbone `{backbone['settings']['backbone']}` (weights `{weights}`).",
        "",
    ]


def _how(config: Mapping[str, Any]) -> str:
    mode = config["settings"].get("mode", "head")
    return "frozen" if mode == "head" else f"taught (mode {mode})"


def _training(config: Mapping[str, Any]) -> list[str]:
    training, priors = config["training"], config["class_priors"]
    loss = training["held_out_loss"]
    return [
        "## What it learned from",
        "",
        "No label by a person: probabilistic labels, which a label model makes from the votes of labeling functions.",
        f"{training['rows']} rows taught it, {training['held_out_rows']} said when to stop ({training['epochs']} epochs"
        + ("" if loss is None else f", loss {loss:.4f} on them")
        + ").",
        "",
        "| batch | rows |",
        "| --- | ---: |",
        *(f"| {batch} | {rows} |" for batch, rows in config["batches"].items()),
        "",
        "Classes among them: " + ", ".join(f"{name} {share:.1%}" for name, share in priors.items()) + ".",
        *(f"\n**Caution:** {text}." for text in config["cautions"]),
        "",
    ]


def _use(config: Mapping[str, Any]) -> list[str]:
    return [
        "## How to ask it",
        "",
        f"`tidemill predict {config['problem']} FILE --out predictions.parquet` labels new rows with the champion.",
        f"Scores against labels by people are in `reports/{config['problem']}/metrics.json`.",
        "",
        "Rows unlike those above are answered all the same, and perhaps wrongly: the monitor says when such rows arrive.",
    ]
