"""The stage: tables of a project in, facts, their report and their picture out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import yaml

from tests.facts.factories import settings as facts_settings
from tests.ingest.candidates.test_candidates import LOCATED, SPLIT, candidates, documents
from tests.ingest.factories import settings, take, write
from tidemill.facts.run import FACTS
from tidemill.project.project import Project
from tidemill.project.tables import read
from tidemill.reports.facts import FactsReport
from tidemill.reports.project import Arrival, Manifest
from tidemill.stages import facts

PLACES = ("Rome", "Milan", "Paris", "Italy", "France")


def test_the_stage_writes_facts_by_their_contract_with_report_and_picture(inside: Path):
    chosen = settings(candidates=candidates(order="subject_first").model_dump(), split=SPLIT)
    texts = [
        (f"d{a}{b}", f"{a} {'xyz'[n % 3] * 9} {b}.", [[a, b]] if b in PLACES[3:] else [])
        for a in PLACES
        for n, b in enumerate(PLACES)
        if a != b
    ]
    batch = take(write(inside / "b.jsonl", documents(*texts)), chosen, LOCATED)
    params = {
        "problem": LOCATED.model_dump(mode="json"),
        "ingest": chosen.model_dump(mode="json"),
        "facts": facts_settings(functional=("located",)).model_dump(mode="json"),
    }
    (inside / "params.yaml").write_text(yaml.safe_dump({"problems": ["located"], "located": params}))
    project = Project.open(inside)
    paths, rows = project.paths("located"), batch.raw["row_id"]
    Manifest(batches=(Arrival(batch="b", source="b.jsonl", sha256="0" * 64),)).write(paths.manifest)
    is_train = batch.gold["row_id"].is_in(batch.raw.filter(pl.col("split") == "train")["row_id"].implode())
    tables = {paths.raw: batch.raw, paths.dev: batch.dev}
    tables |= {paths.train_gold: batch.gold.filter(is_train), paths.gold: batch.gold.filter(~is_train)}
    for folder, table in tables.items():
        folder.mkdir(parents=True, exist_ok=True)
        table.write_parquet(folder / "b.parquet")
    likely = np.random.default_rng(0).random(len(rows))
    pl.DataFrame({"row_id": rows, "p_unrelated": 1 - likely, "p_located": likely}).write_parquet(paths.predictions)
    cast = pl.Series("f", np.where(likely > 0.5, 1, -1), dtype=pl.Int16)
    batch.raw.select("row_id", "batch", "split").with_columns(cast).write_parquet(paths.votes)
    facts.run(project, "located")
    made = read(paths.data / "facts.parquet", FACTS)
    report = FactsReport.read(paths.reports / "facts.json")
    assert made.height == report.facts == batch.raw.select("subject", "object").unique().height
    assert (
        made["truth"].to_list() == made["object"].is_in(PLACES[3:]).to_list()
    )  # labels of all splits, of train and dev too
    assert (report.candidates, report.broken, report.sampled) == (batch.raw.height, 0, 0)
    assert made.group_by("subject").agg(pl.col("probability").sum())["probability"].max() <= 1 + 1e-9
    assert (paths.reports / "facts.png").read_bytes().startswith(b"\x89PNG")
