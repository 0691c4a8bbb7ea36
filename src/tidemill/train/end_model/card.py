"""Cards of a model and of its labels: what they are, and how far to trust either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tidemill.contracts import ABSTAIN, Probabilities, Votes
from tidemill.reports.model import EnsembleSummary, FinetuneAdvice, ModelConfig, OutlierSummary
from tidemill.train.end_model.outliers import NONE
from tidemill.train.row_weights import confidence

_SHOWN: Final = 12
"""Classes that a sentence names."""


def model_card(config: ModelConfig) -> str:
    """Write the model card.

    Parameters
    ----------
    config
        Content of config.json.

    Returns
    -------
    str
        Markdown, the same for the same model.
    """
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


def _head(config: ModelConfig) -> list[str]:
    backbone = config.required_backbone
    hidden = [int(units) for units in _listed(_setting(config, "head", "hidden_sizes"))]
    shape = " → ".join(map(str, [config.dimensions, *hidden, len(config.classes)]))
    weights = (backbone.sha256 or "by name from the hub")[:16]
    return [
        f"# Model card: {config.problem}",
        "",
        f"Classifies {config.modality}s: {_first(list(map(str, config.classes)))}.",
        f"A head ({shape}) on the {_backbone_mode(config)} backbone `{backbone.name}` (weights `{weights}`).",
        "",
    ]


def _setting(config: ModelConfig, *names: str) -> Any:
    """Look a setting of ``train`` up; None where the version that trained the model had none of that name."""
    result: Any = config.settings
    for name in names:
        result = result.get(name) if isinstance(result, dict) else None
    return result


def _listed(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _ensemble(config: ModelConfig) -> list[str]:
    """What else the model consists of, where the head is not all of it."""
    ensemble = config.ensemble
    if ensemble is None:
        return []
    return [
        f"The head is one model of an ensemble ({ensemble.way}) with {', '.join(ensemble.members)}:",
        f"{ensemble.reason}.",
        *([f"Shares: {_shares(ensemble)}."] if ensemble.combination.shares is not None else []),
        "",
        *(
            ["Would it work as well without one of them? Gains on held-out rows, with 95% intervals:", ""]
            if ensemble.sentences
            else []
        ),
        *(f"- {sentence}" for sentence in ensemble.sentences),
        "",
    ]


def _shares(ensemble: EnsembleSummary) -> str:
    names = ["head", *ensemble.members]
    return ", ".join(
        f"{name} {share:.1%}" for name, share in zip(names, ensemble.combination.shares or (), strict=True)
    )


def _backbone_mode(config: ModelConfig) -> str:
    mode = _setting(config, "mode") or "head"
    return "frozen" if mode == "head" else f"fine-tuned (mode {mode})"


def _purpose(config: ModelConfig) -> list[str]:
    return [
        "## What it is for",
        "",
        (
            f"Sorting {config.modality}s of the kind named below into these classes, where a wrong answer can be borne or is "
            "looked at again."
        ),
        (
            "Not for decisions about people without a person, and not for rows of another kind: another source, language, "
            "camera or time."
        ),
        "",
    ]


def _training(config: ModelConfig) -> list[str]:
    training, priors = config.training, config.class_priors or {}
    assert training is not None  # noqa: S101 - a card is written where a model was trained
    loss = training.held_out_loss
    return [
        "## What it was trained on",
        "",
        _labels(config),
        f"{training.rows} training rows, {training.held_out_rows} held out to stop early ({training.epochs} epochs"
        + ("" if loss is None else f", loss {loss:.4f} on them")
        + ").",
        "",
        "| batch | rows |",
        "| --- | ---: |",
        *(f"| {batch} | {rows} |" for batch, rows in config.batches.items()),
        "",
        f"Classes among them: {_first([f'{name} {share:.1%}' for name, share in priors.items()])}.",
        *(f"\n**Warning:** {text}." for text in config.warnings),
        "",
        *_domain(config.domain),
    ]


def _labels(config: ModelConfig) -> str:
    weak, people = (
        "probabilistic labels, which a label model makes from the votes of labeling functions",
        "labels by people",
    )
    is_alone = bool(_setting(config, "gold", "alone"))
    used = bool(_setting(config, "gold", "use"))
    what = (
        f"{people} in train and dev alone"
        if is_alone
        else f"{weak}; and {people} in train and dev"
        if used
        else f"{weak}, and no others"
    )
    mix = "" if config.gold_mix is None else f" {config.gold_mix.reason[:1].upper()}{config.gold_mix.reason[1:]}."
    return f"{what[:1].upper()}{what[1:]}.{mix}"


def _domain(domain: FinetuneAdvice | None) -> list[str]:
    if domain is None:
        return []
    words = domain.summary
    lines = [f"{words[:1].upper()}{words[1:]}."]
    return ["## How far the backbone is from this data", "", *lines, *_advised(domain.advice), ""]


def _advised(advice: str | None) -> list[str]:
    return [] if advice is None else ["", f"**{advice[:1].upper()}{advice[1:]}.**"]


def _limits(config: ModelConfig) -> list[str]:
    own = config.required_backbone.settings.get(config.modality)
    reads = own if isinstance(own, dict) else {}
    seen = {
        "text": f"It reads the first {reads.get('max_tokens')} tokens of a text; what follows them does not count.",
        "image": f"It sees a whole image squeezed to a square, {reads.get('size') or 'as the backbone wants it'} pixels a "
        "side; finer detail is gone.",
    }
    return [
        "## Limits",
        "",
        f"- {seen[config.modality]}",
        "- Where all labeling functions make the same mistake, it has learned the mistake.",
        "- Its probabilities are as confident as its labels were: see the calibration error before a threshold is set on them.",
        f"- {_out_of_distribution(config.none_of_the_above)}",
        "",
    ]


def _out_of_distribution(detector: OutlierSummary | None) -> str:
    if detector is None:
        return (
            "Rows unlike those above get a class all the same, and perhaps a wrong one: the monitor reports when such rows "
            "arrive; with `train.none_of_the_above` the model would refuse them."
        )
    shares = ", ".join(f"{batch} {share:.1%}" for batch, share in detector.rejected.items())
    return (
        f"Rows unlike the known ones get `{NONE}`; so do some of the known kind ({detector.share:.1%} asked; of test rows: "
        f"{shares}). An outlier that lies among known rows gets a class."
    )


def _lineage(config: ModelConfig) -> list[str]:
    backbone = config.required_backbone
    results = {
        "mode": _setting(config, "mode"),
        "loss": _setting(config, "loss", "name"),
        "seed": _setting(config, "seed"),
    }
    used = {name: value for name, value in results.items() if value is not None}
    return [
        "## Lineage",
        "",
        (f"- backbone `{backbone.name}` from `{backbone.settings.get('weights')}`, SHA-256 `{backbone.sha256}`"),
        "- " + ", ".join(f"{name} `{value}`" for name, value in used.items()) + "; all settings are in `config.json`",
        f"- versions and the commits they came from: `tidemill models {config.problem}`, or `GET /version` of a service",
        "",
    ]


def _has_onnx(config: ModelConfig) -> bool:
    """Trees and recurrent networks cannot be written as ONNX."""
    return config.ensemble is None or not {"xgboost", "lstm"} & set(config.ensemble.members)


def _use(config: ModelConfig) -> list[str]:
    name = config.problem
    return [
        "## How to use it",
        "",
        (
            f"`tidemill predict {name} FILE --out predictions.parquet` labels new rows with the champion, `tidemill serve {name}` "
            f"answers over HTTP{f', `tidemill export {name} --out FOLDER` writes it as ONNX' if _has_onnx(config) else ''}."
        ),
        (
            f"Scores against labels by people are in `reports/{name}/model_card.md`, which `evaluate` writes; how the labels came "
            f"to be is in `reports/{name}/label_card.md`."
        ),
    ]


def label_card_of_model(
    config: ModelConfig, of_denoise: str | None, targets: Probabilities, votes: Votes, functions: Sequence[str]
) -> str:
    """Write the label card: that of ``denoise``, and below it the labels that this model was trained on.

    Parameters
    ----------
    config
        Content of config.json.
    of_denoise
        The card that ``denoise`` wrote of all rows.
    targets : (n_rows, n_classes)
        Labels of the rows of train and dev.
    votes : (n_rows, n_functions)
        Votes on these rows.
    functions
        Names of the functions.

    Returns
    -------
    str
        Markdown.
    """
    is_vote = votes != ABSTAIN
    n_votes = is_vote.sum(axis=1)
    certainty = targets.max(axis=1)
    shares = np.bincount(targets.argmax(axis=1), minlength=targets.shape[1]) / max(len(targets), 1)
    likely = ", ".join(f"{name} {share:.1%}" for name, share in zip(config.classes, shares, strict=True))
    return "\n".join(
        [
            (of_denoise or f"# Label card: {config.problem}").rstrip("\n"),
            "",
            "## The training rows",
            "",
            "| | |",
            "| --- | ---: |",
            f"| training rows (splits train and dev) | {len(targets):,} |",
            f"| coverage: a function votes on them | {_share(n_votes > 0)} |",
            f"| overlaps: several vote on them | {_share(n_votes > 1)} |",
            f"| conflicts: their votes name different classes | {_share(_in_conflict(votes))} |",
            f"| with a class at least 90% likely | {_share(certainty >= 0.9)} |",  # noqa: PLR2004 - as the line says
            f"| mean certainty (0: every class alike, 1: certain) | {confidence(targets).mean():.3f} |",
            "",
            f"Likeliest classes: {likely}.",
            "",
            "| function | coverage |",
            "| --- | ---: |",
            *(f"| {name} | {_share(is_vote[:, k])} |" for k, name in enumerate(functions)),
            "",
            f"What the label model estimates of each function is in `reports/{config.problem}/lf_analysis.csv`; labels that",
            f"models of other rows contradict are ranked by `tidemill label-errors {config.problem}`. Functions that share a mistake agree on",
            "it, and no figure here shows that.",
            "",
        ]
    )


def _first(items: Sequence[str]) -> str:
    shown = ", ".join(items[:_SHOWN])
    return shown if len(items) <= _SHOWN else f"{shown} and {len(items) - _SHOWN} more"


def _share(mask: Any) -> str:
    return f"{float(np.mean(mask)) if len(mask) else 0.0:.1%}"


def _in_conflict(votes: Votes) -> Any:
    named = np.where(votes >= 0, votes, np.iinfo(np.int16).max)
    return (votes >= 0).any(axis=1) & (named.min(axis=1) != votes.max(axis=1))
