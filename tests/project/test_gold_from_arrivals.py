"""Labels that come after their rows: in files that arrive, and in the tables that stages read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml

from tests.ingest.factories import SPAM, settings
from tests.monitor.factories import settings as monitor_settings
from tidemill.contracts import NO_GOLD
from tidemill.project.arrivals import arrive
from tidemill.project.batches import add_batches
from tidemill.project.contents import teaching_gold
from tidemill.project.gold_history import Answer, GoldHistory, append_answers
from tidemill.project.gold_tables import own_labels
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.ingest import GoldState
from tidemill.reports.project import Manifest

PATHS = Paths.within("spam")
INCOMING = Path("data/incoming/spam")
TEXTS = [f"bread number {number} of a long winter" for number in range(40)]
CHOSEN = settings(incoming=str(INCOMING), near_duplicates="keep")


def put(name: str, *rows: tuple[str, str, str]) -> None:
    INCOMING.mkdir(parents=True, exist_ok=True)
    lines = ["id,text,label", *(",".join(row) for row in rows)]
    (INCOMING / name).write_text("\n".join(lines) + "\n")


@pytest.fixture
def project(inside: Path) -> Project:
    """Forty rows, the first two labeled ham."""
    PATHS.data.mkdir(parents=True)
    PATHS.manifest.write_text('{"batches": []}')
    monitor = monitor_settings().model_dump(mode="json")
    content = {"problem": SPAM.model_dump(mode="json"), "ingest": CHOSEN.model_dump(mode="json"), "monitor": monitor}
    Path("params.yaml").write_text(yaml.safe_dump({"problems": ["spam"], "spam": content}))
    put("a.csv", *((str(n), text, "ham" if n < 2 else "") for n, text in enumerate(TEXTS)))
    found = Project.open(inside)
    take_in(found)
    return found


def take_in(project: Project) -> tuple[list[str], list[str], list[str]]:
    found = arrive(project, "spam")
    add_batches(SPAM, CHOSEN, PATHS)
    return found.batches, found.notes, [item.reason for item in found.refused]


def gold() -> dict[str, int]:
    """Label by key, wherever it lies."""
    raw = pl.concat([pl.read_parquet(file) for file in PATHS.raw.glob("*.parquet")])
    known = pl.concat(
        [
            pl.read_parquet(file)
            for folder in (PATHS.dev, PATHS.train_gold, PATHS.gold)
            for file in folder.glob("*.parquet")
        ]
    )
    return dict(raw.join(known, on="row_id").filter(pl.col("gold") != NO_GOLD).select("key", "gold").iter_rows())


def tables() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(PATHS.data.rglob("*.parquet"))}


def test_a_file_of_labels_for_known_rows_is_gold_for_them_and_no_batch(project: Project) -> None:
    put("b.csv", ("1", TEXTS[1], "spam"), ("2", TEXTS[2], "SPAM"), ("3", TEXTS[3], ""), ("0", TEXTS[0], "ham"))
    found, notes, refused = take_in(project)
    assert (found, refused) == ([], [])
    assert "3 labels for rows of earlier batches: 1 new, 1 changed, 1 as they are; row " in notes[-1]
    assert "is the first, for the answer that came last counts" in notes[-1]
    assert gold() == {"0": 0, "1": 1, "2": 1}
    assert [entry.batch for entry in Manifest.read(PATHS.manifest).batches] == ["a"]
    assert take_in(project) == ([], [], [])  # it is read once
    put("b.csv", ("1", TEXTS[1], "ham"), ("2", TEXTS[2], "spam"))
    take_in(project)  # and again once it has changed
    assert gold() == {"0": 0, "1": 0, "2": 1}


def test_labels_of_known_rows_beside_new_rows_go_to_the_history_and_the_others_with_the_batch(project: Project) -> None:
    put("b.csv", ("2", TEXTS[2], "spam"), ("90", "quite another text", "ham"), ("91", TEXTS[0], "spam"))
    found, notes, _ = take_in(project)
    assert found == ["b"]
    assert gold() == {"0": 0, "1": 0, "2": 1, "90": 0}  # 91 only reads like 0, whose label stays
    assert "1 are left out, since their rows have another key" in notes[-1]
    (line,) = GoldHistory.read(PATHS.gold_history).answers
    assert (line.label, line.source, line.replaces) == ("spam", "data/incoming/spam/b.csv", None)


def test_a_file_with_neither_new_rows_nor_news_is_refused(project: Project) -> None:
    put("b.csv", ("0", TEXTS[0], "ham"))
    _, _, (reason,) = take_in(project)
    assert "it adds no label" in reason
    assert not GoldHistory.read(PATHS.gold_history).answers


@pytest.mark.parametrize(
    ("split", "folder"),
    [("dev", PATHS.dev), ("valid", PATHS.gold), ("test", PATHS.gold), ("train", PATHS.train_gold)],
)
def test_a_label_changes_the_table_of_its_split_alone_and_goes_back_when_it_is_withdrawn(
    project: Project, split: str, folder: Path
) -> None:
    before, rows = tables(), own_labels(PATHS, "a")
    row = rows.filter((pl.col("split") == split) & (pl.col("gold") == NO_GOLD))["row_id"][0]
    label = Answer(row_id=row, label="spam", when=GoldHistory().time([row]), source="t")
    append_answers(PATHS, [label])
    add_batches(SPAM, CHOSEN, PATHS)
    after = tables()
    assert [path for path in after if after[path] != before[path]] == [str(folder / "a.parquet")]
    state = GoldState.read(PATHS.gold_state)
    assert (state.labels, state.late, state.as_of) == (3, 1, label.when)
    history = GoldHistory.read(PATHS.gold_history)
    gone = Answer(row_id=row, label=None, when=history.time([row]), source="t", replaces=label.id)
    append_answers(PATHS, [gone])
    add_batches(SPAM, CHOSEN, PATHS)
    assert tables() == before


def test_models_learn_from_gold_of_dev_and_train_and_from_no_row_that_judges(project: Project) -> None:
    rows, when = own_labels(PATHS, "a"), GoldHistory().time()
    append_answers(PATHS, [Answer(row_id=row, label="spam", when=when, source="t") for row in rows["row_id"]])
    add_batches(SPAM, CHOSEN, PATHS)
    learned = teaching_gold(PATHS, len(SPAM.classes), ["a"]).filter(pl.col("gold") != NO_GOLD)
    teaching = rows.filter(pl.col("split").is_in(["dev", "train"]))
    assert set(rows["split"]) == {"train", "dev", "valid", "test"}
    assert sorted(learned["row_id"]) == sorted(teaching["row_id"])


def test_a_changed_file_is_reported_with_what_to_do_before_anything_is_made_of_it(project: Project) -> None:
    path = INCOMING / "a.csv"
    text = path.read_text()
    path.write_text(text.replace("bread", "breads"))
    (item,) = arrive(project, "spam").refused
    assert "a.csv changed since it arrived as batch 'a'" in item.reason
    assert "`tidemill gold add spam FILE`" in item.reason
    assert "`tidemill arrive spam --undo a`" in item.reason
    path.write_text(text)
    assert arrive(project, "spam").refused == []


def test_labels_of_rows_that_no_batch_has_wait_for_them(project: Project) -> None:
    append_answers(PATHS, [Answer(row_id="0" * 16, label="ham", when=GoldHistory().time(), source="t")])
    add_batches(SPAM, CHOSEN, PATHS)
    assert gold() == {"0": 0, "1": 0}
    assert GoldState.read(PATHS.gold_state).late == 0
