"""One problem of a user's own, from a CSV to a served model, by each of the ways that a person has."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from tests.end_to_end.conftest import run, write_reviews
from tidemill.project.project import Project
from tidemill.reports.base import Report
from tidemill.reports.denoise import DenoiseReport, Explanation, LabelModelFile
from tidemill.reports.embed import Domain
from tidemill.reports.evaluate import Metrics, Verdict
from tidemill.reports.ingest import GoldState, IngestReport
from tidemill.reports.model import ModelConfig
from tidemill.reports.monitor import Drift
from tidemill.reports.project import ChampionPin, Manifest, Preflight
from tidemill.reports.search import SearchReport
from tidemill.reports.train import EnsembleReport
from tidemill.runs.dvc_cache import read_lock
from tidemill.runs.git import git
from tidemill.runs.model_registry import read_registry

pytestmark = pytest.mark.slow
DATA = Path("data/tiny")


def test_one_row_passes_through_all_stages(reproduced: Path):
    raw = pl.read_parquet(reproduced / DATA / "raw" / "reviews.parquet")
    row = raw.filter(pl.col("split") == "train").row(0, named=True)
    assert row["key"].startswith("reviews/reviews-")
    features = pl.read_parquet(reproduced / DATA / "features" / "reviews.parquet").filter(row_id=row["row_id"])
    assert np.linalg.norm(features["feature"].to_numpy()[0]) == pytest.approx(
        1.0, abs=1e-3
    )  # MiniLM's are unit vectors
    votes = pl.read_parquet(reproduced / DATA / "votes.parquet").filter(row_id=row["row_id"])
    assert votes.height == 1
    for name in ("labels", "predictions"):
        table = pl.read_parquet(reproduced / DATA / f"{name}.parquet")
        assert table.height == raw.height
        assert table.filter(row_id=row["row_id"]).select(pl.sum_horizontal("p_bad", "p_good")).item() == pytest.approx(
            1
        )
    assert json.loads((reproduced / "reports/tiny/verdict.json").read_text())["verdict"] in ("promote", "keep")
    assert json.loads((reproduced / "reports/tiny/drift.json").read_text())["decision"] == "train"
    assert (
        "no search was asked for" in json.loads((reproduced / "reports/tiny/search/search.json").read_text())["verdict"]
    )


WRITTEN = [
    Manifest, ChampionPin, Preflight, IngestReport, GoldState, Domain, DenoiseReport, Explanation, LabelModelFile, SearchReport,
    ModelConfig, EnsembleReport, Metrics, Verdict, Drift,
]  # fmt: skip


@pytest.mark.parametrize("kind", WRITTEN, ids=lambda kind: kind.__name__)
def test_every_report_that_a_run_leaves_keeps_its_contract(reproduced: Path, kind: type[Report]):
    path = reproduced / kind.FILE.replace("<problem>", "tiny")
    assert kind.read(path).text() == path.read_text(encoding="utf-8")


def test_a_flow_run_leaves_the_same_lock_as_dvc_repro(reproduced: Path, refreshed: Path):
    assert read_lock(refreshed) == read_lock(reproduced)
    assert {name.partition("@")[0] for name in read_lock(refreshed)} >= {"ingest", "label", "train", "monitor"}


def test_dvc_repro_after_a_run_checks_what_is_composed_and_runs_nothing_else(refreshed: Path):
    said = run("dvc", "repro", "evaluate@tiny", "monitor@tiny", "search@tiny", folder=refreshed)
    assert re.findall(r"Running stage '(\w+)@tiny'", said) == ["preflight"]
    assert run("dvc", "status", "preflight@tiny", "evaluate@tiny", folder=refreshed).split() == [
        "preflight@tiny:",
        "always",
        "changed",
    ]


def test_dvc_shows_metrics_params_and_plots_without_a_complaint(refreshed: Path):
    assert "scores.end_model.balanced_accuracy" in run("dvc", "metrics", "show", folder=refreshed)
    assert "reports/tiny/metrics.json" in run("dvc", "metrics", "diff", "HEAD~2", folder=refreshed)
    assert "tiny.train.optimizer.max_epochs" in run("dvc", "params", "diff", "--all", "HEAD~1", folder=refreshed)
    said = run("dvc", "plots", "show", "-o", str(refreshed.parent / "plots"), folder=refreshed)
    assert "WARNING" not in said
    assert (refreshed.parent / "plots" / "index.html").exists()


def test_a_second_run_computes_nothing_and_says_so(refreshed: Path):
    head = git("rev-parse", "HEAD", folder=refreshed)
    said = run("tidemill", "run", "problem=tiny", folder=refreshed)
    assert "nothing has changed, so nothing was recomputed" in said
    assert git("rev-parse", "HEAD", folder=refreshed) == head


def test_the_first_champion_is_tagged_and_predicts_a_new_file(refreshed: Path):
    assert read_registry(Project.open(refreshed), "tiny").champion == "tiny@v1.0.0"
    write_reviews(refreshed.parent / "new.csv", rows=40, seed=9)
    said = run("tidemill", "predict", "tiny", "../new.csv", "--out", "../said.parquet", folder=refreshed)
    assert "40 rows" in said
    table = pl.read_parquet(refreshed.parent / "said.parquet")
    truth = pl.read_csv(refreshed.parent / "new.csv").rename({"id": "key"})
    joined = table.join(truth, on="key")
    right = (joined["p_good"] > 0.5) == (joined["stars"] == "good")
    assert joined.height == 40
    assert right.mean() > 0.7  # eight words a class and 240 rows; a coin gives .5 +- .08


def test_the_lineage_of_a_version_is_that_of_its_lock_and_of_its_rows(refreshed: Path):
    version = json.loads(run("tidemill", "lineage", "tiny", "v1.0.0", "--json", folder=refreshed))
    locked = {out["path"]: out["md5"] for entry in read_lock(refreshed).values() for out in entry.get("outs", [])}
    assert version["outputs"].items() <= locked.items()
    assert version["outputs"].keys() >= {"data/tiny/votes.parquet", "data/tiny/labels.parquet", "models/tiny/candidate"}
    assert version["scores"]["balanced_accuracy"] > 0.7
    assert version["settings"]["tiny.denoise.model"] == "auto"
    row_id = pl.read_parquet(refreshed / DATA / "raw" / "reviews.parquet")["row_id"][0]
    row = json.loads(run("tidemill", "lineage", "tiny", row_id, "--json", folder=refreshed))
    assert (row["batch"], row["versions"]) == ("reviews", [{"version": "tiny@v1.0.0", "champion": True}])
    assert sum(row["label"].values()) == pytest.approx(1.0)


def copy_of(project: Path, name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(name) / "project"
    shutil.copytree(project, folder, symlinks=True)
    return folder


def test_overrides_by_dvc_exp_run_and_by_tidemill_run_agree(reproduced: Path, tmp_path_factory: pytest.TempPathFactory):
    by_dvc = copy_of(reproduced, "exp", tmp_path_factory)
    git("add", "-A", folder=by_dvc)
    git("commit", "-q", "-m", "as dvc repro left it", folder=by_dvc)
    by_us = copy_of(by_dvc, "overridden", tmp_path_factory)
    words = ["-S", "search@tiny.search=default", "-S", "tiny.evaluate.n_bootstrap=500"]
    run("dvc", "exp", "run", *words, "evaluate@tiny", "monitor@tiny", "search@tiny", folder=by_dvc)
    run("tidemill", "run", "problem=tiny", "search=default", "evaluate.n_bootstrap=500", folder=by_us)
    assert read_lock(by_dvc) == read_lock(by_us)
    params = yaml.safe_load((by_us / "params.yaml").read_text())
    assert params["tiny"]["evaluate"]["n_bootstrap"] == 500
    assert params["overrides"] == ["search@tiny.search=default", "tiny.evaluate.n_bootstrap=500"]


def test_dvc_exp_run_with_the_old_name_of_a_setting_ends_with_the_new_one(sprout: Callable[[str], Path]):
    folder = sprout("renamed")
    words = ["-S", "tiny.train.smoothing=true", "evaluate@tiny"]
    answer = run("dvc", "exp", "run", *words, folder=folder, fails=True)
    assert "write tiny.train.labels.noise_transition=true" in answer
    assert "smoothing" not in (folder / "params.yaml").read_text(encoding="utf-8")


LEARNERS = {"label", "denoise", "search", "train", "evaluate"}


def test_a_label_makes_the_stages_of_its_split_run_again_and_no_others(sprout: Callable[[str], Path], reproduced: Path):
    folder = sprout("labels")
    shutil.copytree(reproduced, folder, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("packages"))
    raw = pl.read_parquet(folder / DATA / "raw/reviews.parquet", columns=["row_id", "split"])
    known = pl.concat(
        [pl.read_parquet(folder / DATA / name / "reviews.parquet") for name in ("dev", "train_gold", "gold")]
    )
    rows = raw.join(known, on="row_id")
    lock = (folder / "dvc.lock").read_bytes()
    history = (folder / DATA / "gold_history.jsonl").read_bytes()
    wanted = {
        "test": {"evaluate", "monitor"},
        "train": {"search", "train", "evaluate", "monitor"},
        "dev": LEARNERS | {"monitor"},
    }
    for split, stages in wanted.items():
        row_id, _, label = rows.filter(pl.col("split") == split).row(0)
        (folder / "labels.csv").write_text(f"row_id,label\n{row_id},{('good', 'bad')[label]}\n")  # the other class
        said = run("tidemill", "gold", "add", "tiny", "labels.csv", folder=folder)
        assert "1 changes one" in said
        run("dvc", "repro", "ingest@tiny", folder=folder)
        changed = json.loads(run("dvc", "status", "--json", folder=folder).splitlines()[-1])
        mine = {name.partition("@")[0] for name in changed if name.endswith("@tiny")}
        assert mine - {"preflight"} == stages, split
        (folder / DATA / "gold_history.jsonl").write_bytes(history)
        (folder / "dvc.lock").write_bytes(lock)
        run("python", "-m", "tidemill.stages.ingest", "tiny", folder=folder)


STAGES_IN_TURN = """
import importlib, sys
for stage in sys.argv[1:]:
    sys.argv = [stage, "tiny"]
    importlib.import_module(f"tidemill.stages.{stage}").main()
"""
"""In one process, as importing their libraries takes longer than they do."""


def test_scrambled_gold_changes_no_label_and_no_model(sprout: Callable[[str], Path], reproduced: Path):
    folder = sprout("scrambled")
    shutil.copytree(reproduced, folder, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("packages"))
    for path in (folder / DATA / "gold").glob("*.parquet"):  # of valid and test; that of train may teach
        table = pl.read_parquet(path)
        path.unlink()
        table.with_columns(gold=(1 - pl.col("gold")).cast(pl.Int16)).write_parquet(path)
    run("python", "-c", STAGES_IN_TURN, "embed", "label", "denoise", "train", "monitor", "evaluate", folder=folder)
    for name in ("votes.parquet", "labels.parquet", "predictions.parquet", "label_model.json"):
        assert (folder / DATA / name).read_bytes() == (reproduced / DATA / name).read_bytes()
    before, after = (json.loads((one / "reports/tiny/metrics.json").read_text()) for one in (reproduced, folder))
    assert before != after  # evaluate alone has seen it


def test_arrival_monitor_retrain_gate_and_rollback(refreshed: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = copy_of(refreshed, "arrival", tmp_path_factory)
    assert "nothing has arrived" in run("tidemill", "monitor", "problem=tiny", folder=folder)
    write_reviews(folder / "data/incoming/tiny/week-2.csv", rows=200, seed=2, note="Dear team, ")
    head = git("rev-parse", "HEAD", folder=folder)
    printed = run("tidemill", "monitor", "problem=tiny", "--no-trigger", "--json", folder=folder)
    assert json.JSONDecoder().raw_decode(printed)[0] == {
        "tiny": "retrain"
    }  # the flow's own lines are on standard error
    assert git("rev-parse", "HEAD", folder=folder) == head  # looking publishes nothing
    said = run("tidemill", "monitor", "problem=tiny", folder=folder)
    assert "tiny: retrain" in said
    assert "== tiny ==" in said  # as `tidemill run` ends
    assert (printed + said).count("ingest: week-2 from") == 1  # the look has made its tables and features,
    assert "embed week-2: 200 rows are there" in said  # and the run takes them from there
    assert "label: 0 votes cast, all others were in the cache" in said
    manifest = json.loads((folder / DATA / "batches.json").read_text())["batches"]
    assert [entry["batch"] for entry in manifest] == ["reviews", "week-2"]
    assert ChampionPin.read(folder / "models/tiny/champion.json").version == "tiny@v1.0.0"
    assert json.loads((folder / "reports/tiny/drift.json").read_text())["decision"] == "retrain"
    verdict = json.loads((folder / "reports/tiny/verdict.json").read_text())
    registry = read_registry(Project.open(folder), "tiny")
    assert registry.champion == ("tiny@v1.1.0" if verdict["verdict"] == "promote" else "tiny@v1.0.0")
    if verdict["verdict"] == "keep":
        with pytest.raises(AssertionError, match="no version before"):
            run("tidemill", "rollback", "tiny", folder=folder)
    else:
        assert "tiny@v1.0.0 is the champion again" in run("tidemill", "rollback", "tiny", folder=folder)
    assert read_registry(Project.open(folder), "tiny").champion == "tiny@v1.0.0"
