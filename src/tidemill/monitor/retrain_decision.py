"""What is to be done about the new batches: one action, chosen by the table ``monitor.actions``, and why.

A pure function of what was found; when it may be carried out depends on the time and on earlier retrains, which
``tidemill.flows`` knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tidemill.common.spelling import counted
from tidemill.monitor.retrain_limits import has_grown
from tidemill.monitor.settings import MonitorSettings, RetrainSettings
from tidemill.reports.monitor import CONDITIONS, Action, BatchDrift, CauseKind, Condition, Drift, StreamDrift

HarmVerdict = Literal["harm", "no harm", "undecided"]

TRAIN: Final = "train"
NOTHING: Final[Action] = "nothing"


@dataclass(frozen=True)
class Findings:
    """What a decision depends on.

    Attributes
    ----------
    arrived
        Whether there is a batch that the champion was not trained on.
    drift
        Whether the stream has alarmed.
    cause
        Of the alarm; None where there is none, or it is not known.
    harm
        Whether the champion became worse, over all batches.
    broken
        Whether a batch cannot be taken.
    more_rows
        Whether there are ``retrain.growth`` times as many rows as the champion was trained on.
    new_labels
        Whether people have labeled ``retrain.new_labels`` rows since the champion's run.
    """

    arrived: bool
    drift: bool = False
    cause: CauseKind | None = None
    harm: HarmVerdict = "no harm"
    broken: bool = False
    more_rows: bool = False
    new_labels: bool = False


@dataclass(frozen=True)
class NewLabels:
    """What people have labeled since the champion's run.

    Attributes
    ----------
    rows
        Rows whose label is new or another.
    as_of
        Time of the newest answer; None where nobody has answered.
    """

    rows: int = 0
    as_of: str | None = None


def choose(findings: Findings, actions: Mapping[Condition, Action]) -> tuple[Action, Condition | None]:
    """Choose the one action.

    Parameters
    ----------
    findings
        What was found.
    actions
        Condition to action; a condition that is left out asks for nothing.

    Returns
    -------
    action : str
    rule : str or None
        The first condition, in the order of ``CONDITIONS``, that holds and whose action is not ``nothing``; None where there
        is none.

    Examples
    --------
    >>> choose(Findings(arrived=True, drift=True, harm="harm"), {"harm": "retrain", "arrival": "relabel"})
    ('retrain', 'harm')
    >>> choose(Findings(arrived=True), {"harm": "retrain", "arrival": "nothing"})
    ('nothing', None)
    """
    holding = set(_conditions(findings))
    for condition in CONDITIONS:
        action = actions.get(condition, NOTHING)
        if condition in holding and action != NOTHING:
            return action, condition
    return NOTHING, None


def _conditions(findings: Findings) -> Iterator[Condition]:
    if findings.broken:
        yield "data_broken"
    if findings.harm == "harm":
        yield "harm"
    if findings.arrived:
        yield "arrival"
    if findings.more_rows:
        yield "more_rows"
    if findings.new_labels:
        yield "new_labels"
    if not findings.drift:
        return
    yield "drift"
    if findings.harm == "undecided":
        yield "harm_undecided"
    if findings.cause is not None and findings.cause != "other":
        yield findings.cause


def overall_harm(
    batches: Mapping[str, BatchDrift], stream: StreamDrift, settings: RetrainSettings
) -> tuple[HarmVerdict, tuple[str, ...]]:
    """Judge harm over all batches.

    In a drift, one harmed batch since it began is harm, for the stream's alarm is evidence of its own. Without one, the newest
    ``harm_checks`` batches that could be judged must all be harmed: of many batches one is by chance.

    Parameters
    ----------
    batches
        Findings of each, oldest first.
    stream
        Of all together.
    settings
        How long harm has to last.

    Returns
    -------
    verdict : {"harm", "no harm", "undecided"}
        Undecided in a drift of whose batches none could be judged.
    harmed : tuple of str
        Names of the batches that decide it.
    """
    names = list(batches)
    if stream.drift:
        first = names.index(stream.alarm.since) if stream.alarm and stream.alarm.since in names else 0
        verdicts = {name: harm_of(batches[name]) for name in names[first:]}
        harmed = tuple(name for name, verdict in verdicts.items() if verdict == "harm")
        if harmed:
            return "harm", harmed
        return ("no harm" if "no harm" in verdicts.values() else "undecided"), ()
    decided = [name for name in names if harm_of(batches[name]) != "undecided"]
    newest = tuple(decided[-settings.harm_checks :])
    lasting = len(newest) == settings.harm_checks and all(harm_of(batches[name]) == "harm" for name in newest)
    return ("harm", newest) if lasting else ("no harm", ())


def harm_of(batch: BatchDrift) -> HarmVerdict:
    """Word the verdict on one batch.

    Parameters
    ----------
    batch
        What was found of it.

    Returns
    -------
    {"harm", "no harm", "undecided"}
    """
    if batch.harm is None:
        return "undecided"
    return "harm" if batch.harm else "no harm"


def without_champion(arrived: str | None = None) -> Drift:
    """Decide where there is nothing to compare with: train.

    Parameters
    ----------
    arrived
        MD5 of the manifest.

    Returns
    -------
    Drift
    """
    reason = "there is no champion yet: train one and promote it"
    return Drift(decision=TRAIN, reasons=(reason,), champion=None, arrived=arrived, relabel=(), batches={})


def without_news(champion: str, known: Sequence[str], settings: MonitorSettings, labels: NewLabels) -> Drift:
    """Decide where the champion was trained on all batches there are: by the labels that people have given since.

    Parameters
    ----------
    champion
        Its version.
    known
        Batches that it was trained on.
    settings
        Of the stage.
    labels
        Since the champion's run.

    Returns
    -------
    Drift
    """
    is_enough = labels.rows >= settings.retrain.new_labels
    decision, rule = choose(Findings(arrived=False, new_labels=is_enough), settings.actions)
    reasons = [f"no batch has arrived since the champion {champion} was trained on {', '.join(known)}"]
    if rule is not None:
        reasons.insert(0, f"{decision}: {_labels_sentence(labels)} (monitor.actions.{rule})")
    return Drift(
        decision=decision,
        rule=rule,
        reasons=tuple(reasons),
        champion=champion,
        relabel=(),
        batches={},
        new_labels=labels.rows,
        labels_as_of=labels.as_of,
    )


def _labels_sentence(labels: NewLabels) -> str:
    return f"people have labeled or corrected {labels.rows} rows since the champion's run"


def retrain_decision(
    champion: str,
    batches: Mapping[str, BatchDrift],
    stream: StreamDrift,
    settings: MonitorSettings,
    *,
    learned_rows: int | None = None,
    labels: NewLabels | None = None,
) -> Drift:
    """Decide by what was found of all new batches as one stream, and by the harm of each.

    Parameters
    ----------
    champion
        Its version.
    batches
        What was found of each new batch by itself, by name, oldest first.
    stream
        Of all new batches together.
    settings
        Of the stage.
    learned_rows
        Rows that the champion was trained on, since the last change where there was one.
    labels
        That people have given since the champion's run; None: none.

    Returns
    -------
    Drift
    """
    harm, harmed = overall_harm(batches, stream, settings.retrain)
    cause = None if stream.cause is None else stream.cause.kind
    grown = learned_rows is not None and has_grown(
        learned_rows, sum(one.rows for one in batches.values()), settings.retrain
    )
    labels = labels or NewLabels()
    taught = labels.rows >= settings.retrain.new_labels
    findings = Findings(
        arrived=bool(batches), drift=stream.drift, cause=cause, harm=harm, more_rows=grown, new_labels=taught
    )
    decision, rule = choose(findings, settings.actions)
    reasons = [f"{decision}: {_because(findings, rule, harmed, labels)}", *_stream_reasons(stream)]
    reasons += [] if stream.harm is None else stream.harm.reasons
    reasons += [f"{name}: {reason}" for name, finding in batches.items() for reason in finding.reasons]
    return Drift(
        decision=decision,
        rule=rule,
        reasons=tuple(reasons),
        champion=champion,
        relabel=tuple(name for name, finding in batches.items() if finding.relabel),
        batches=dict(batches),
        order=tuple(batches),
        learned_rows=learned_rows,
        new_labels=labels.rows,
        labels_as_of=labels.as_of,
        stream=stream,
    )


def _because(findings: Findings, rule: Condition | None, harmed: tuple[str, ...], labels: NewLabels) -> str:
    found = {
        "harm": f"{', '.join(harmed)} harm{'s' if len(harmed) == 1 else ''} the champion",
        "undecided": "harm cannot be judged",
    }
    text = found.get(findings.harm, "no harm" if not findings.drift else "no harm that can be seen")
    seen = f"drift, {text}" if findings.drift else f"no drift, {text}"
    seen += ", and many more rows than the champion was trained on" if rule == "more_rows" else ""
    seen += f", and {_labels_sentence(labels)}" if rule == "new_labels" else ""
    return f"{seen} (monitor.actions.{rule})" if rule else f"{seen}, and monitor.actions asks for nothing then"


def _stream_reasons(stream: StreamDrift) -> list[str]:
    if stream.alarm is None:
        message = (
            f"no drift in {counted(stream.batches, 'batch', 'batches')} of {counted(stream.rows, 'row')} together: "
            f"{'it looks' if stream.batches == 1 else 'they look'} like the reference"
        )
        return [message, *stream.warnings]
    alarm = stream.alarm
    cause = [] if stream.cause is None else [f"drift: {stream.cause.sentence}"]
    where = "" if alarm.rows == "all rows" else f", among rows of {alarm.rows}"
    message = (
        f"alarm: {alarm.says}{where}, since {alarm.since}; raised at {alarm.batch} "
        f"after {alarm.changed_rows} rows, log-evidence {alarm.log_evidence:.1f} of {alarm.log_threshold:.1f}"
    )
    remedy = (
        "the alarm stays until a model is promoted; if it is harmless, `tidemill accept-drift` takes a new reference"
    )
    return [*cause, message, remedy, *stream.warnings]
