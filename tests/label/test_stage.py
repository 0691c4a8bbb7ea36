import subprocess
import sys

import polars as pl
import pytest
import yaml

from tidemill.reports.generate import GeneratedReport
from tidemill.reports.project import Arrival, Manifest
from tidemill.stages import label

CONTENT = pl.DataFrame(
    {
        "row_id": ["a", "b", "c", "d"],
        "key": ["1", "2", "3", "4"],
        "split": ["train", "dev", "dev", "test"],
        "text": ["you win", "hello", "win win", "see you"],
        "links": [1, 0, 2, None],
    }
)
SUITE = {
    "min_coverage": 0,
    "max_conflict": 1,
    "min_functions_per_class": 0,
    "determinism_rows": 2,
    "max_ms_per_row": 1e6,
}
LIMITS = {
    "n_workers": 1,
    "timeout_seconds": 30,
    "memory_limit_mb": 500,
    "confined": True,
    "readable_folders": [],
    "vote_cache_mb": 10,
}
PARAMS = {
    "problems": ["mail"],
    "mail": {
        "problem": {"name": "mail", "modality": "text", "classes": ["ham", "spam"]},
        "label": {"on_error": "fail", "max_failures": 0, "hidden_columns": [], **LIMITS, "suite": SUITE},
        "ingest": {
            "incoming": "in",
            "batch_order": [],
            "key": None,
            "text": "text",
            "image": None,
            "gold": None,
            "meta": {"links": "int"},
            "slices": [],
            "encoding": None,
            "near_duplicates": "keep",
            "max_pixels": 1,
            "split": {"train": 0.5, "dev": 0.5, "valid": 0, "test": 0, "seed": 1},
        },
    },
}
YAML = "functions: [{name: wins, kind: keywords, words: [win], vote: spam}, {name: bare, kind: threshold, column: links, below: 1, vote: ham}]"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of two batches, whose gold outside the development split cannot be read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["label", "mail"])
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    for folder in ("raw", "dev", "gold"):
        (tmp_path / "data/mail" / folder).mkdir(parents=True)
    batches = tuple(Arrival(batch=name, source=f"{name}.csv", sha256="0") for name in ("y", "x"))
    Manifest(batches=batches).write(tmp_path / "data/mail/batches.json")
    for batch, rows in (("x", CONTENT[:2]), ("y", CONTENT[2:])):
        raw = rows.with_columns(pl.lit(batch).alias("batch")).select("row_id", "key", "batch", "split", "text", "links")
        raw.write_parquet(tmp_path / f"data/mail/raw/{batch}.parquet")
        dev = rows.filter(split="dev").select("row_id", pl.lit(0, dtype=pl.Int16).alias("gold"))
        dev.write_parquet(tmp_path / f"data/mail/dev/{batch}.parquet")
        (tmp_path / f"data/mail/gold/{batch}.parquet").write_text("never read by label")
    (tmp_path / "src/problems/mail").mkdir(parents=True)
    (tmp_path / "src/problems/mail/f.yaml").write_text(YAML)
    return tmp_path


def test_the_stage_votes_on_all_batches_in_the_order_of_their_arrival(project):
    label.main()
    votes = pl.read_parquet(project / "data/mail/votes.parquet")
    assert votes.rows() == [
        ("c", "y", "dev", -1, 1),
        ("d", "y", "test", -1, -1),
        ("a", "x", "train", -1, 1),
        ("b", "x", "dev", 0, -1),
    ]
    table = pl.read_csv(project / "reports/mail/lf_summary.csv")
    assert table.select("function", "Correct", "Incorrect").rows() == [("bare", 1, 0), ("wins", 0, 1)]


def test_functions_that_compare_features_get_those_of_the_embed_stage(project):
    (project / "src/problems/mail/e.jsonl").write_text('{"class": "spam", "feature": [1.0, 0.0]}\n')
    (project / "src/problems/mail/g.yaml").write_text(
        "functions: [{name: alike, kind: prototype, file: e.jsonl, of: spam, at_least: 0.9, vote: spam}]"
    )
    (project / "data/mail/features").mkdir()
    for batch, ids in (("x", ["b", "a"]), ("y", ["c", "d"])):
        vectors = pl.Series([[float(name in "ac"), 0.1] for name in ids], dtype=pl.Array(pl.Float32, 2))
        pl.DataFrame({"row_id": ids, "feature": vectors}).write_parquet(project / f"data/mail/features/{batch}.parquet")
    label.main()
    votes = pl.read_parquet(project / "data/mail/votes.parquet")
    assert votes.select("row_id", "alike").rows() == [("c", 1), ("d", -1), ("a", 1), ("b", -1)]


def test_a_generated_function_is_a_column_beside_the_others(project):
    """Five gold rows of each class are too few here, which is said; nothing is generated, and nothing fails."""
    (project / "src/problems/mail/h.yaml").write_text("functions: [{name: at_head, kind: model, learner: ngrams}]")
    label.main()
    votes = pl.read_parquet(project / "data/mail/votes.parquet")
    assert votes.columns[3:] == ["bare", "wins", "at_head"]
    assert votes["at_head"].to_list() == [-1, -1, -1, -1]
    assert votes.select("bare", "wins").rows() == [(-1, 1), (-1, -1), (-1, 1), (0, -1)]
    (voter,) = GeneratedReport.read(project / "reports/mail/generated.json").voters
    assert voter.reason is not None
    assert voter.reason.startswith("class spam has 0 gold rows in dev")


def test_without_generators_the_report_says_so(project):
    label.main()
    assert GeneratedReport.read(project / "reports/mail/generated.json").voters == ()
    folder = project / "data/mail/generated"
    assert list(folder.iterdir()) == [folder / "about.txt"]  # DVC warns of an empty folder at every run


def test_two_runs_write_the_same_bytes(project):
    written = []
    for _ in range(2):
        label.main()
        written.append(
            [(project / name).read_bytes() for name in ("data/mail/votes.parquet", "reports/mail/lf_summary.csv")]
        )
    assert written[0] == written[1]


@pytest.mark.slow
def test_a_function_that_fails_leaves_the_last_votes_in_place(project, capsys):
    label.main()
    before = (project / "data/mail/votes.parquet").read_bytes()
    source = "from tidemill.label import labeling_function\n@labeling_function()\ndef bad(row):\n    return 7\n"
    (project / "src/problems/mail/bad.py").write_text(source)
    with pytest.raises(SystemExit):
        label.main()
    assert "labeling function bad (src/problems/mail/bad.py:2), row 0 (row_id c): returned 7" in capsys.readouterr().err
    assert (project / "data/mail/votes.parquet").read_bytes() == before


@pytest.mark.slow
def test_the_stage_starts_without_heavy_libraries():
    heavy = (
        "{'scipy.stats', 'torch', 'prefect', 'great_expectations', 'pandas', 'timm', 'transformers', 'hydra', 'dvc'}"
    )
    code = f"import sys, tidemill.stages.label; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize(
    "place", ["data/mail/gold/x.parquet", "data/incoming/mail/x.csv", ".dvc/cache/files/md5/00/1", "reports/x.csv"]
)
def test_no_function_reads_gold_nor_where_copies_of_it_lie(project, capsys, place):
    (project / place).parent.mkdir(parents=True, exist_ok=True)
    (project / place).write_text("row_id,gold\nc,spam\n")
    source = f"from tidemill.label import labeling_function\n\n@labeling_function()\ndef peeks(row):\n    return len(open({place!r}).read()) % 2\n"
    (project / "src/problems/mail/peeks.py").write_text(source)
    with pytest.raises(SystemExit):
        label.main()
    assert f"a labeling function may not read {place}: it sees its row alone" in capsys.readouterr().err
    (project / "src/problems/mail/peeks.py").unlink()
    (project / "src/problems/mail/gold.csv").symlink_to(project / place)
    entry = "functions: [{name: knows, kind: annotator, file: gold.csv, column: gold}]"
    (project / "src/problems/mail/g.yaml").write_text(entry)
    with pytest.raises(SystemExit):
        label.main()
    told = f"may not read it, nor a copy of it, for it is {place}: it sees its row alone"
    assert told in capsys.readouterr().err
