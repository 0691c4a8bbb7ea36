"""config of a model, labels and votes -> cards: what the model is, what its labels are, and how far to trust either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tidemill.contracts import ABSTAIN, Probabilities, Votes
from tidemill.train.none import NONE
from tidemill.train.teach import confidence


def card(config: Mapping[str, Any]) -> str:
    """Content of config.json -> Markdown, the same for the same model."""
    return "\n".join(
        [
            *_head(config),
            *_ensemble(config),
            *_purpose(config),
            *_training(config),
            *_limits(config),
            *_lineage(config),
            *_use(config),
            "",
        ]
    )


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


def _ensemble(config: Mapping[str, Any]) -> list[str]:
    """Config -> what else the model consists of, where the head is not all of it."""
    found = config.get("ensemble")
    if not found:
        return []
    return [
        f"The head is one model of an ensemble ({found['way']}) with {', '.join(found['members'])}, taught by the same labels:",
        f"{found['reason']}.",
        *([f"Shares: {_shares(found)}."] if "shares" in found["combination"] else []),
        "",
        *(
            ["Would it work as well without one of them? Gains on rows that none had seen, with 95% intervals:", ""]
            if found["sentences"]
            else []
        ),
        *(f"- {sentence}" for sentence in found["sentences"]),
        "",
    ]


def _shares(found: Mapping[str, Any]) -> str:
    names = ["head", *found["members"]]
    return ", ".join(f"{name} {one:.1%}" for name, one in zip(names, found["combination"]["shares"], strict=True))


def _how(config: Mapping[str, Any]) -> str:
    mode = config["settings"].get("mode", "head")
    return "frozen" if mode == "head" else f"taught (mode {mode})"


def _purpose(config: Mapping[str, Any]) -> list[str]:
    return [
        "## What it is for",
        "",
        (
            f"Sorting {config['modality']}s of the kind named below into these classes, where a wrong answer can be borne or is "
            "looked at again."
        ),
        (
            "Not for decisions about people without a person, and not for rows of another kind: another source, language, "
            "camera or time."
        ),
        "",
    ]


def _training(config: Mapping[str, Any]) -> list[str]:
    training, priors = config["training"], config["class_priors"]
    loss = training["held_out_loss"]
    return [
        "## What it learned from",
        "",
        "Probabilistic labels, which a label model makes from the votes of labeling functions"
        + (
            "; and labels by people in the development split."
            if config["settings"].get("use_gold")
            else ", and no others."
        ),
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
        *_domain(config.get("domain")),
    ]


def _domain(told: Mapping[str, Any] | None) -> list[str]:
    if told is None:
        return []
    words = str(told["words"])
    lines = [f"{words[:1].upper()}{words[1:]}."]
    return ["## How far the backbone is from this data", "", *lines, *_advised(told["advice"]), ""]


def _advised(advice: str | None) -> list[str]:
    return [] if advice is None else ["", f"**{advice[:1].upper()}{advice[1:]}.**"]


def _limits(config: Mapping[str, Any]) -> list[str]:
    reads = config["backbone"]["settings"].get(config["modality"]) or {}
    seen = {
        "text": f"It reads the first {reads.get('max_tokens')} tokens of a text; what follows them does not count.",
        "image": f"It sees a whole image squeezed to a square, {reads.get('size') or 'as the backbone wants it'} pixels a "
        "side; finer detail is gone.",
    }
    return [
        "## Limits",
        "",
        f"- {seen[config['modality']]}",
        "- Where all labeling functions err alike, it has learned the error.",
        "- Its probabilities are as sure as its labels were: see the calibration error before a threshold is set on them.",
        f"- {_unlike(config.get(NONE))}",
        "",
    ]


def _unlike(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return (
            "Rows unlike those above are answered all the same, and perhaps wrongly: the monitor says when such rows "
            "arrive; with `train.none_of_the_above` the model would refuse them."
        )
    shares = ", ".join(f"{batch} {share:.1%}" for batch, share in told["refused"].items())
    return (
        f"Rows unlike the known ones get `{NONE}`; so do some of the known kind ({told['asked']:.1%} asked; of test rows: "
        f"{shares}). A foreign row that lies among known ones gets a class."
    )


def _lineage(config: Mapping[str, Any]) -> list[str]:
    backbone = config["backbone"]
    settings = config["settings"]
    taught = {name: settings[name] for name in ("mode", "loss", "seed") if name in settings}
    return [
        "## Lineage",
        "",
        (
            f"- backbone `{backbone['settings']['backbone']}` from `{backbone['settings'].get('weights')}`, SHA-256 "
            f"`{backbone['sha256']}`"
        ),
        "- " + ", ".join(f"{name} `{value}`" for name, value in taught.items()) + "; all settings are in `config.json`",
        f"- versions and the commits they came from: `tidemill versions {config['problem']}`, or `GET /version` of a service",
        "",
    ]


def _written(config: Mapping[str, Any]) -> bool:
    """Whether the model can be written as ONNX: trees and recurrent networks cannot."""
    return not {"xgboost", "lstm"} & set(config.get("ensemble", {}).get("members", ()))


def _use(config: Mapping[str, Any]) -> list[str]:
    name = config["problem"]
    return [
        "## How to ask it",
        "",
        (
            f"`tidemill predict {name} FILE --out predictions.parquet` labels new rows with the champion, `tidemill serve {name}` "
            f"answers over HTTP{f', `tidemill export {name} --out FOLDER` writes it as ONNX' if _written(config) else ''}."
        ),
        (
            f"Scores against labels by people are in `reports/{name}/model_card.md`, which `evaluate` writes; how the labels came "
            f"to be is in `reports/{name}/label_card.md`."
        ),
    ]


def label_card(
    config: Mapping[str, Any], of_denoise: str | None, targets: Probabilities, votes: Votes, functions: Sequence[str]
) -> str:
    """Config, the card that ``denoise`` wrote of all rows, labels and votes of those that may teach -> Markdown.

    It is the card of ``denoise``, and below it what this model was taught: one source for what the labels are.
    """
    spoken = votes != ABSTAIN
    heard = spoken.sum(axis=1)
    sure = targets.max(axis=1)
    shares = np.bincount(targets.argmax(axis=1), minlength=targets.shape[1]) / max(len(targets), 1)
    likely = ", ".join(f"{name} {share:.1%}" for name, share in zip(config["classes"], shares, strict=True))
    return "\n".join(
        [
            (of_denoise or f"# Label card: {config['problem']}").rstrip("\n"),
            "",
            "## The rows that may teach",
            "",
            "| | |",
            "| --- | ---: |",
            f"| rows that may teach (splits train and dev) | {len(targets):,} |",
            f"| of which a function speaks | {_share(heard > 0)} |",
            f"| of which several speak | {_share(heard > 1)} |",
            f"| on which they contradict each other | {_share(_contradicted(votes))} |",
            f"| with a class at least 90% likely | {_share(sure >= 0.9)} |",  # noqa: PLR2004 - said in the words beside it
            f"| mean certainty (0: every class alike, 1: certain) | {confidence(targets).mean():.3f} |",
            "",
            f"Likeliest classes: {likely}.",
            "",
            "| function | speaks of |",
            "| --- | ---: |",
            *(f"| {name} | {_share(spoken[:, k])} |" for k, name in enumerate(functions)),
            "",
            f"What the label model believes of each function is in `reports/{config['problem']}/lf_analysis.csv`; labels that",
            f"models of other rows deny are ranked by `tidemill errors {config['problem']}`. Functions that share a mistake agree on",
            "it, and no figure here shows that.",
            "",
        ]
    )


def _share(mask: Any) -> str:
    return f"{float(np.mean(mask)) if len(mask) else 0.0:.1%}"


def _contradicted(votes: Votes) -> Any:
    """(rows, functions) -> (rows,) whether two functions name different classes of the row."""
    named = np.where(votes >= 0, votes, np.iinfo(np.int8).max)
    return (votes >= 0).any(axis=1) & (named.min(axis=1) != votes.max(axis=1))
