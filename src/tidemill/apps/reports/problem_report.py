"""One problem's reports, as the page and the closing words of a run show them. What is not there yet is None."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from tidemill.contracts import ABSTAIN, SPLITS
from tidemill.evaluate.gate import ASK
from tidemill.evaluate.proportions import LEAST_ROWS
from tidemill.label.analysis.summary import conflicts
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.denoise import DenoiseReport
from tidemill.reports.evaluate import Metrics, Verdict
from tidemill.reports.facts import FactsReport
from tidemill.reports.generate import GeneratedReport
from tidemill.reports.monitor import Drift
from tidemill.reports.project import ExpectationResult, SuiteResult
from tidemill.reports.search import SearchReport
from tidemill.runs.pending import answer_since

YARDSTICKS: Final = {
    "majority_class": "majority class (floor)",
    "majority_vote": "majority vote",
    "label_model": "label model",
    "end_model": "end model (candidate)",
    "champion": "champion",
    "gold_ceiling": "gold-trained ceiling",
}
METRICS: Final = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "auc": "AUC",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
}
PICTURES: Final = {
    "scores": "scores next to the baselines",
    "slices": "scores per slice",
    "calibration": "calibration",
    "confusion": "confusion",
    "thresholds": "precision and recall against the least probability",
    "curves": "what more labels would bring, when last measured",
    "ensemble": "models next to the head, and what leaving each out costs",
}
EXPLAINED: Final = {
    "accuracies": "learned accuracy of each function",
    "agreement": "correlation of functions",
    "posteriors": "how confident the label model is",
    "calibration": "label model against gold of the development split",
}
SEARCHED: Final = {
    "search": "loss by trial, and importance of the settings",
    "settings": "loss along each setting",
    "architecture": "a shape to start from",
}
REFRESHES: Final = "refreshes"
CARDS: Final = {"model card": "model_card.md", "label card": "label_card.md"}


@dataclass(frozen=True)
class Suite:
    """The last check of one table."""

    table: str
    success: bool
    passed: int
    failed: tuple[str, ...]
    link: str | None


@dataclass(frozen=True)
class ProblemReport:
    """All reports of one problem."""

    name: str
    batches: list[dict[str, Any]]
    coverage: float | None
    conflict: float | None
    functions: list[dict[str, Any]]
    label_model: DenoiseReport | None
    metrics: Metrics | None
    scores: list[dict[str, Any]]
    verdict: Verdict | None
    answer: str | None
    drift: Drift | None
    facts: FactsReport | None
    pictures: dict[str, str]
    explained: dict[str, str]
    suites: list[Suite]
    looks: bool
    suspects: bool
    search: SearchReport | None
    searched: dict[str, str]
    cards: dict[str, str]
    refreshes: list[str]
    generated: list[str]
    drawn: dict[str, str]

    @property
    def rows(self) -> int:
        """How many rows have arrived."""
        return sum(batch["rows"] for batch in self.batches)

    @property
    def metric(self) -> str:
        """The score by which the gate judges."""
        return "balanced_accuracy" if self.metrics is None else self.metrics.metric

    def of(self, slice_name: str, metric: str) -> dict[str, dict[str, Any]]:
        """Select the defined scores of a slice by a metric.

        Parameters
        ----------
        slice_name
            Name of a slice; ``all`` for all rows.
        metric
            Name of the metric.

        Returns
        -------
        dict of str to dict
            Line of the score table with ``score``, ``low`` and ``high``, by baseline; one without a score is left out.
        """
        return {
            line["model"]: line
            for line in self.scores
            if line["slice"] == slice_name and line["metric"] == metric and line["score"] is not None
        }

    @property
    def no_scores(self) -> str:
        """Why there are no scores, where there are none."""
        rows = self.metrics.rows if self.metrics else 0
        if not rows:
            return "no gold rows in split test"
        return f"too few rows: people labeled {rows} rows of split test, {LEAST_ROWS} are needed"

    @property
    def slices(self) -> list[str]:
        """Names of the slices that were cut."""
        return list(dict.fromkeys(line["slice"] for line in self.scores if line["slice"] != "all"))


def read_problem_report(project: Project, name: str) -> ProblemReport:
    """Read a problem's reports.

    Parameters
    ----------
    project
        The project.
    name
        Of the problem.

    Returns
    -------
    ProblemReport
        A report that does not exist yet is None.
    """
    paths = project.paths(name)
    reports = paths.reports
    coverage, conflict = _votes(paths.votes)
    label_model = DenoiseReport.read_if_there(reports / "denoise.json")
    search = _search(paths)
    generated = GeneratedReport.read_if_there(paths.generated_report)
    verdict = Verdict.read_if_there(reports / "verdict.json")
    return ProblemReport(
        name=name,
        batches=_batches(paths.votes),
        coverage=coverage,
        conflict=conflict,
        functions=_functions(reports / "lf_summary.csv", label_model),
        label_model=label_model,
        metrics=Metrics.read_if_there(reports / "metrics.json"),
        scores=_csv(reports / "plots" / "scores.csv"),
        verdict=verdict,
        answer=None if verdict is None or verdict.verdict != ASK else answer_since(project, name, verdict.champion),
        drift=Drift.read_if_there(reports / "drift.json"),
        facts=FactsReport.read_if_there(reports / "facts.json"),
        pictures=_pictures(
            dict.fromkeys(PICTURES, reports / "plots")
            | {"drift": reports, "facts": reports, "curves": reports, "ensemble": reports / "train"}
        ),
        explained=_pictures(dict.fromkeys(EXPLAINED, reports / "denoise")),
        suites=_suites(paths),
        looks=(reports / "lf.html").exists(),
        suspects=(reports / "label_errors.html").exists(),
        search=SearchReport.read(search / "search.json") if search else None,
        searched=_pictures(dict.fromkeys(SEARCHED, search)) if search else {},
        cards={title: page(reports / file) for title, file in CARDS.items() if (reports / file).exists()},
        refreshes=_refreshes(project, name),
        generated=[] if generated is None else [voter.sentence() for voter in generated.voters],
        drawn={} if generated is None else _drawn(paths, generated),
    )


def _drawn(paths: Paths, generated: GeneratedReport) -> dict[str, str]:
    """What the generators of GANs draw, by the name of their function."""
    files = {voter.function: paths.generated / voter.folder / "drawn.png" for voter in generated.voters}
    return {name: data_uri(file.read_bytes()) for name, file in files.items() if file.exists()}


def _refreshes(project: Project, name: str) -> list[str]:
    """Addresses of the pages of refreshes below reports/, newest first."""
    reports = project.shared / "reports"
    pages = sorted((reports / name / REFRESHES).glob("*.html"), key=_written, reverse=True)
    return [page.relative_to(reports).as_posix() for page in pages]


def _written(page: Path) -> tuple[float, str]:
    return page.stat().st_mtime, page.name


def _search(paths: Paths) -> Path | None:
    """That of the last search by hand, or else of the stage's, if any."""
    result = ((folder, SearchReport.read_if_there(folder / "search.json")) for folder in (paths.searched, paths.search))
    return next((folder for folder, report in result if report is not None and report.minutes), None)


def _csv(path: Path) -> list[dict[str, Any]]:
    return pl.read_csv(path, glob=False).to_dicts() if path.exists() and path.stat().st_size else []


def _batches(votes: Path) -> list[dict[str, Any]]:
    """In order of arrival, and by split."""
    if not votes.exists():
        return []
    table = pl.read_parquet(votes, columns=["batch", "split"], glob=False)
    counted = table.group_by("batch", maintain_order=True).agg(
        pl.len().alias("rows"), *[(pl.col("split") == split).sum().alias(split) for split in SPLITS]
    )
    return counted.to_dicts()


def _votes(path: Path) -> tuple[float | None, float | None]:
    """Coverage and conflict of all functions together."""
    if not path.exists():
        return None, None
    votes = pl.read_parquet(path, glob=False).drop("row_id", "batch", "split").to_numpy()
    if not votes.size:
        return 0.0, 0.0
    n_classes = max(2, int(votes.max()) + 1, -1 - int(votes.min()))
    return float((votes != ABSTAIN).any(axis=1).mean()), float(conflicts(votes, n_classes=n_classes).mean())


def _functions(path: Path, label_model: DenoiseReport | None) -> list[dict[str, Any]]:
    rows, learned = _csv(path), {} if label_model is None else label_model.accuracies
    ends = {} if label_model is None else label_model.accuracy_intervals or {}
    for row in rows:
        name = str(next(iter(row.values())))
        if name in learned and "Learned Weight" not in row:
            row["Learned Acc."] = learned[name]
        if name in ends and learned.get(name) is not None:
            row["90% interval"] = "{:.3f} to {:.3f}".format(*ends[name])
    return rows


def _pictures(folders: Mapping[str, Path]) -> dict[str, str]:
    places = {name: folder / f"{name}.png" for name, folder in folders.items()}
    return {name: data_uri(path.read_bytes()) for name, path in places.items() if path.exists()}


def page(markdown: Path) -> str:
    """Render a Markdown file as HTML, its headings below those of the page that includes it.

    Parameters
    ----------
    markdown
        File in UTF-8; HTML in it is escaped.

    Returns
    -------
    str
        HTML without the document around it.
    """
    import mistune

    text = re.sub(r"^(#+ )", r"##\1", markdown.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return str(mistune.create_markdown(escape=True, plugins=["table"])(text))


def data_uri(png: bytes) -> str:
    """Encode a PNG as an address that holds the image itself.

    Parameters
    ----------
    png
        Bytes of the image file.

    Returns
    -------
    str
        ``data:`` address for the attribute ``src``.
    """
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _suites(paths: Paths) -> list[Suite]:
    folder = paths.state / "suites" / paths.name
    return [_suite(paths, path) for path in sorted(folder.glob("*.json"))] if folder.exists() else []


def _suite(paths: Paths, path: Path) -> Suite:
    result = SuiteResult.read(path)
    failed = [_sentence(expectation) for expectation in result.expectations if not expectation.success]
    page = paths.data_docs_page(path.stem)
    link = page.relative_to(paths.shared / "reports").as_posix() if page.exists() else None
    return Suite(path.stem, result.success, len(result.expectations) - len(failed), tuple(failed), link)


def _sentence(one: ExpectationResult) -> str:
    column = f" on {one.column}" if one.column else ""
    return f"{one.type}{column}{f' ({one.unexpected} rows)' if one.unexpected else ''}"


def span(lines: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Choose the ends of an axis, on tenths, that holds scores with intervals.

    Parameters
    ----------
    lines
        Lines of a score table with ``score``, ``low`` and ``high``, each of which may be None.

    Returns
    -------
    low, high : float
        0 and 1 where there is no score.

    Examples
    --------
    >>> span([{"score": 0.83, "low": 0.78, "high": 0.9}])
    (0.7, 1.0)
    """
    values = [line[key] for line in lines for key in ("score", "low", "high") if line[key] is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    return max(0.0, int(low * 10 - 1e-9) / 10), max(1.0, high)
