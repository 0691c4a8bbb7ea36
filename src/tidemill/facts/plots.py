"""The picture of facts: calibration of those that the noisy-or was fitted to and of held-out ones, precision at thresholds, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tidemill.common.files import atomic_write
from tidemill.common.plot_texts import plain_texts
from tidemill.facts.graph import Array
from tidemill.facts.report import Flags, calibration_bins
from tidemill.reports.facts import FactsReport

_SHOWN = 10


@plain_texts()
def draw_facts(report: FactsReport, known: Mapping[str, tuple[Array, Flags]], path: Path) -> None:
    """Draw calibration, precision and errors beside each other.

    Parameters
    ----------
    report
        Of the facts.
    known
        Probability and truth of facts, by what they are called.
    path
        PNG file.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _calibration(left, known)
    _precision(middle, report)
    _errors(right, report)
    with atomic_write(path) as part:
        figure.savefig(part, format="png", dpi=90, metadata={"Software": None})


def _calibration(axes: Any, known: Mapping[str, tuple[Array, Flags]]) -> None:
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, (probabilities, truth) in known.items():
        bins = calibration_bins(probabilities, truth)
        axes.plot(
            [mean for mean, _, _ in bins], [share for _, share, _ in bins], marker="o", label=f"{name} ({len(truth)})"
        )
    axes.set(
        xlabel="probability of the fact", ylabel="share that is true", title="calibration", xlim=(0, 1), ylim=(0, 1)
    )
    if known:
        axes.legend(frameon=False)


def _precision(axes: Any, report: FactsReport) -> None:
    there = [item for item in report.precision if item.precision is not None]
    low, high = ([item.interval[end] for item in there] for end in (0, 1))
    axes.fill_between([item.threshold for item in there], low, high, alpha=0.25)
    axes.plot([item.threshold for item in there], [item.precision for item in there], marker="o")
    for item in there:
        axes.annotate(
            str(item.facts), (item.threshold, item.precision), textcoords="offset points", xytext=(0, 7), fontsize=8
        )
    axes.set(
        xlabel="facts from this probability on",
        ylabel="precision",
        title="held-out facts, 95% interval",
        ylim=(0, 1.05),
    )


def _errors(axes: Any, report: FactsReport) -> None:
    shown = list(reversed(report.errors[:_SHOWN]))
    names: Sequence[str] = [item.function for item in shown]
    axes.barh(names, [item.false_facts for item in shown], label="voted for false facts")
    axes.barh(names, [-item.missed_facts for item in shown], label="voted against true ones")
    axes.axvline(0, color="0.3", linewidth=0.8)
    axes.set(title="functions behind wrong facts", xlabel="held-out facts")
    if shown:
        axes.legend(frameon=False, fontsize=8)
