"""A fabricated project whose reports were made by the real evaluate and monitor, for tests of the page."""

import json
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from tests.denoise.factories import report_of
from tests.evaluate.factories import flipped, says
from tests.evaluate.factories import settings as evaluate_settings
from tests.monitor.factories import NAMES, arrive
from tests.monitor.factories import settings as monitor_settings
from tests.monitor.test_accuracy import labeled
from tests.monitor.test_retrain_decision import stream
from tests.monitor.test_stream_harm import judge, since
from tidemill.evaluate import plots as evaluate_plots
from tidemill.evaluate.baselines import ORDER, majority_class_predictions
from tidemill.evaluate.run import evaluate
from tidemill.label.analysis.summary import lf_summary, printable
from tidemill.monitor import plots as monitor_plots
from tidemill.monitor.compare import compare
from tidemill.monitor.retrain_decision import retrain_decision
from tidemill.reports.monitor import Cause, FunctionCause, GroupCause, Shift
from tidemill.reports.search import FinalistReport, Holdout, SearchReport

CLASSES = NAMES.classes
BATCHES = {"sms-1": 400, "sms-2": 300, "email-1": 500}


def fabricate(root: Path, name: str = "spam") -> None:
    """Folder and a problem's name -> all reports of that problem in it."""
    rng = np.random.default_rng(5)
    arrivals = {
        batch: arrive(rows, rng, moved=2.0 * (batch == "email-1"), champion=0.7 if batch == "email-1" else 0.95)
        for batch, rows in BATCHES.items()
    }
    _votes(root / "data" / name, arrivals)
    reports = root / "reports" / name
    votes = np.concatenate([one.votes for one in arrivals.values()])
    gold = rng.integers(0, 2, len(votes)).astype(np.int16)
    reports.mkdir(parents=True)
    (printable(lf_summary(votes, NAMES.functions, n_classes=2, gold=gold))).write_csv(reports / "lf_summary.csv")
    report = {"model": "dawid_skene", "rows": len(votes), "class_balance": {"ham": 0.67, "spam": 0.33}}
    report_of(**report, accuracies=dict.fromkeys(NAMES.functions, 0.9)).write(reports / "denoise.json")
    found = {
        batch: compare(arrivals["sms-1"], arrivals[batch], NAMES, monitor_settings()) for batch in ("sms-2", "email-1")
    }
    unclear, _ = since(labeled(600, 1, champion=0.95, functions=0.8))
    watched = stream(drift=True, cause=_cause()).model_copy(update={"harm": judge().verdict(unclear)})
    told = retrain_decision(f"{name}@v1.0.0", found, watched, monitor_settings())
    told.write(reports / "drift.json")
    monitor_plots.draw(told, reports / "drift.png")
    _evaluated(reports, name)
    card = "# Label card\n\n| function | Coverage |\n| --- | ---: |\n| <b>lf_1</b> | 0.250 |\n"
    (reports / "label_card.md").write_text(card, encoding="utf-8")
    _suites(root, name)


def _cause() -> Cause:
    shares = {"coverage": Shift(reference=0.4, batch=0.4), "contradiction": Shift(reference=0.05, batch=0.52)}
    decayed = FunctionCause(function="lf_3", change="decayed", log_evidence=12.0, **shares)
    share = Shift(reference=0.0, batch=0.2)
    group = GroupCause(group="channel is fax", kind="metadata", share=share, lift=80.0, rows=("r7", "r9"))
    return Cause(
        kind="new_value", sentence="since same, faxes arrive", functions=(decayed,), groups=(group,), rows=("r7",)
    )


def _votes(folder: Path, arrivals: dict) -> None:
    folder.mkdir(parents=True)
    tables = []
    for batch, rows in arrivals.items():
        split = np.array(["train", "train", "dev", "valid", "test"])[np.arange(len(rows)) % 5]
        about = {"row_id": [f"{batch}-{k}" for k in range(len(rows))], "batch": [batch] * len(rows), "split": split}
        tables.append(pl.DataFrame(about | {name: rows.votes[:, j] for j, name in enumerate(NAMES.functions)}))
    pl.concat(tables).write_parquet(folder / "votes.parquet")


def _evaluated(reports: Path, name: str) -> None:
    n = 1200
    index = np.arange(n)
    gold = (index // 2 % 3 == 0).astype(np.int16)
    mails = [k >= 700 for k in index]
    rows = pl.DataFrame(
        {
            "row_id": [f"r{k}" for k in index],
            "split": np.where(index % 2 == 0, "test", "valid"),
            "gold": gold,
            "batch": ["email-1" if mail else "sms-1" if k < 400 else "sms-2" for k, mail in enumerate(mails)],
            "group": [
                None if not mail else "spam" if g else "hard-ham" if k % 5 == 0 else "easy-ham"
                for k, (mail, g) in enumerate(zip(mails, gold, strict=True))
            ],
        }
    )
    wrong = dict(zip(ORDER, (0, 260, 150, 60, 210, 40), strict=True))
    models = {model: says(flipped(gold, count)) for model, count in wrong.items()}
    models[ORDER[0]] = majority_class_predictions(gold, 2, n)
    guard = {"column": "group", "value": "hard-ham", "metric": "accuracy", "tolerance": 0.05, "min_rows": 20}
    chosen = evaluate_settings(gate={"guards": [guard, guard | {"value": "phish"}]})
    done = evaluate(rows, models, CLASSES, chosen, version=f"{name}@v1.0.0")
    (reports / "plots").mkdir()
    done.scores.write_csv(reports / "plots" / "scores.csv")
    evaluate_plots.draw(done, reports / "plots", CLASSES)
    done.metrics.write(reports / "metrics.json")
    done.verdict.write(reports / "verdict.json")


def _suites(root: Path, name: str) -> None:
    good = {"success": True, "expectation_config": {"type": "expect_x", "kwargs": {"column": "row_id"}}, "result": {}}
    bad = {
        "success": False,
        "expectation_config": {"type": "expect_column_values_to_be_between", "kwargs": {"column": "lf_0"}},
        "result": {"unexpected_count": 3},
    }
    folder = root / ".tidemill" / "suites" / name
    folder.mkdir(parents=True)
    for table, results in (("raw", [good, good]), ("votes", [good, bad])):
        content = {"success": all(one["success"] for one in results), "results": results}
        (folder / f"{table}.json").write_text(json.dumps(content))
    page = root / "reports" / "data_docs" / name / "raw" / "latest.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>docs</p>")


def search_report(folder: Path, minutes: int) -> None:
    """Folder and minutes -> the report of a search of so many; of none, that none was asked for."""
    ends = (0.01, -0.02, 0.04)
    best = FinalistReport(trial=7, backbone="as it is", changes={"hidden": [64, 32]}, gain=ends, points=ends)
    SearchReport(
        problem="spam",
        minutes=minutes,
        trials=9 * minutes,
        verdict="nothing surely better: by chance",
        rows=700,
        backbones=("as it is",),
        measure="share of sure labels missed",
        holdout=Holdout(rows=300, rounds=2, finalists=(best,)),
    ).write(folder / "search.json")
    if minutes:
        Figure(figsize=(1, 1)).savefig(folder / "settings.png", format="png")
