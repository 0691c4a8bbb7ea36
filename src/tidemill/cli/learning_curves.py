"""`tidemill learning-curves`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project

if TYPE_CHECKING:
    from tidemill.reports.evaluate import Curve, CurveCheck, CurvePrediction, Curves

_KINDS = {"gold_per_class": "gold labels", "weak_per_class": "weakly labeled rows"}


def learning_curves(problem: ProblemName, *, as_json: AsJson = False) -> None:
    """Estimate how much more labels would help.

    Fits learning curves of gold labels and of weakly labeled rows.

    Examples
    --------
    tidemill learning-curves spam
    """
    from tidemill.apps.studies.learning_curves import fit_learning_curves

    with answering(as_json=as_json) as answer:
        report = fit_learning_curves(open_project(problem), problem)
        answer(report, [line for kind in _KINDS for line in _lines(report, kind)])


def _lines(report: Curves, kind: str) -> list[str]:
    curve: Curve = getattr(report, kind)
    lines = ["", f"{report.metric.replace('_', ' ')} by number of {_KINDS[kind]} per class"]
    lines += [f"{row.rows:>12,}  {row.reason or _interval(row)}" for row in curve.predictions]
    lines += [f"{0:>12,}  {curve.reason}"] if curve.reason else []
    if check := curve.checked:
        predicted = f"{check.fitted_rows:,} rows predicted {_interval(check)} of {check.rows:,}"
        lines.append(f"check: {predicted}, measured {check.measured:.3f}")
    return lines


def _interval(row: CurvePrediction | CurveCheck) -> str:
    return f"{row.score:.3f} [{row.low:.3f}, {row.high:.3f}]"
