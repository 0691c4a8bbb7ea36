"""Labels are added by whatever name rows have, listed, and withdrawn."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.apps.gold.conftest import CHOSEN, PATHS
from tests.ingest.factories import SPAM
from tidemill.apps.gold.add import AddedLabels, FileOptions, add_labels, own_id
from tidemill.apps.gold.overview import gold_overview, history_lines, overview_lines, row_history
from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.gold.sample import SampleRequest, sample_rows
from tidemill.apps.gold.withdraw import withdraw_labels
from tidemill.apps.models.harm_since_change import KnownLabels
from tidemill.apps.studio.labeling import label_page
from tidemill.apps.studio.workspace import Workspace
from tidemill.contracts import ConfigError, DataError
from tidemill.project.arrivals import arrive
from tidemill.project.batches import add_batches
from tidemill.project.gold_history import FOR_HARM
from tidemill.project.project import Project

FILE = Path("labels.csv")


def add(project: Project, text: str, *, dry_run: bool = False, **options: str) -> AddedLabels:
    FILE.write_text(text)
    return add_labels(project, "spam", FILE, FileOptions(**options), dry_run=dry_run)


def labels(project: Project) -> dict[str, int]:
    return dict(problem_rows(project, "spam").table.filter(pl.col("gold") >= 0).select("key", "gold").iter_rows())


def test_rows_are_named_by_row_id_by_key_and_by_key_and_batch(project: Project) -> None:
    row_id = problem_rows(project, "spam").table.filter(pl.col("key") == "may/2")["row_id"][0]
    add(project, f"row_id,label\n{row_id},spam\n")
    add(project, "id,batch,label\n3,may,SPAM\n3,june, ham \n")
    done = add(project, "id,label\nmay/4,ham\nagain,spam\n")  # `again` repeats row 5, which stands for it
    assert dict(done.counts) == {"blank": 0, "new": 2}
    assert labels(project) == {
        "may/0": 0,
        "may/1": 1,
        "may/2": 1,
        "may/3": 1,
        "june/3": 0,
        "may/4": 0,
        "may/5": 1,
    }


def test_columns_and_batch_may_be_named_on_the_command_line(project: Project) -> None:
    add(project, "number;verdict\n7;ham\n8;NA\n", label="verdict", rows="number", batch="june")
    assert labels(project) == {"may/0": 0, "may/1": 1, "june/7": 0}


def test_rows_may_be_named_as_a_table_of_metadata_names_images(project: Project) -> None:
    add(project, "file_name,label\nmay/3,ham\n")
    assert labels(project)["may/3"] == 0


def test_names_of_columns_may_differ_in_case_as_in_files_that_arrive(project: Project) -> None:
    done = add(project, "ID,Batch,Label\n7,june,ham\n")
    assert labels(project) == {"may/0": 0, "may/1": 1, "june/7": 0}
    assert any("column 'Label' is read as 'label'" in note for note in done.notes)


def test_a_row_that_is_like_no_other_is_told_without_the_names_of_all(project: Project) -> None:
    with pytest.raises(DataError, match=r"there is no row '99999' among \d+$"):
        add(project, "id,batch,label\n99999,,ham\n")


def test_all_that_cannot_be_taken_is_named_and_nothing_is_added(project: Project) -> None:
    text = "id,batch,label\n2,,ham\nnone,may,ham\n3,may,spma\n4,may,ham\n4,may,spam\n,may,ham\n5,july,ham\n6,may,ham\n"
    with pytest.raises(DataError) as error:
        add(project, text)
    told = str(error.value).splitlines()
    assert told[0] == "labels.csv: 6 rows cannot be taken, so none is:"
    assert "line 2: column 'id': '2' may be any of 2 rows" in told[1]
    assert ": may/2)" in told[1]
    assert "add a column batch" in told[1]
    assert told[2].endswith("line 3: column 'id': there is no row 'none' in batch 'may'")  # and not a list of all rows
    assert "line 4: column 'label' is 'spma', not a class; did you mean 'spam'?" in told[3]
    assert "line 6: " in told[4]
    assert "'4' has another label further up" in told[4]
    assert "line 7: column 'id': no row is named" in told[5]
    assert "in batch 'july'" in told[6]
    assert labels(project) == {"may/0": 0, "may/1": 1}


def test_a_dry_run_says_the_same_and_writes_nothing(project: Project) -> None:
    text = "id,batch,label\n0,may,spam\n1,may,spam\n2,may,ham\n3,may,\n"
    would = add(project, text, dry_run=True)
    assert not PATHS.gold_history.exists()
    assert not (PATHS.state / "annotator").exists()
    done = add(project, text)
    assert dict(would.counts) == dict(done.counts) == {"blank": 1, "changed": 1, "same": 1, "new": 1}
    assert sum(done.splits.values()) == 2
    again = add(project, text)
    assert (again.answers, dict(again.counts)) == ((), {"blank": 1, "known": 3})


def test_words_that_mean_no_label_are_told_and_are_not_of_the_class_of_blank_rows(project: Project) -> None:
    text = "id,batch,label\n0,may,unknown\n1,may,\n2,may,ham\n"
    done = add(project, text, dry_run=True)
    assert done.counts["blank"] == 2
    assert done.notes == ("labels.csv: in column 'label' 'unknown' is taken for no label (1 row)",)
    added = add(project, text, blank="spam", dry_run=True)
    assert added.counts["blank"] == 1
    assert [answer.label for answer in added.answers] == ["spam", "ham"]


def test_two_people_may_say_the_same_and_the_newest_counts(project: Project) -> None:
    done = add(project, "id,batch,label,who\n2,may,ham,r1\n2,may,spam,r2\n")
    assert [(answer.label, answer.who) for answer in done.answers] == [("ham", "r1"), ("spam", "r2")]
    add(project, "id,batch,label\n2,may,ham\n", who="r3")
    assert labels(project)["may/2"] == 0


def test_rows_that_people_of_one_file_label_differently_are_told(project: Project) -> None:
    done = add(
        project, "id,batch,label,who\n3,may,spam,r01\n3,may,ham,r02\n4,may,ham,r01\n4,may,ham,r02\n", dry_run=True
    )
    (told,) = done.notes
    assert told.startswith("1 of 2 rows are labeled differently by people of the file")
    assert (
        add(project, "id,batch,label,status\n3,may,spam,rejected\n", dry_run=True)
        .notes[0]
        .startswith("labels.csv: column 'status' is 'rejected' in 1 rows")
    )
    assert add(project, "id,batch,label,when\n3,may,spam,yesterday\n", dry_run=True).notes == (
        "labels.csv: column 'when' is not read: labels are of the time at which they are added",
    )


def test_texts_beside_labels_are_those_of_the_rows_that_are_named(project: Project) -> None:
    right = "id,batch,text,label\n3,may,text  3 of may,ham\n4,june,text 4 of june,ham\n5,june,,ham\n"
    assert add(project, right, dry_run=True).notes == ()
    with pytest.raises(
        DataError,
        match=r"1 row has the text of another row, so no label is taken: line 3 names 'june/4' and has in 'text' the text of 'june/3'\.",
    ):
        add(project, right.replace("text 4 of june", "text 3 of june"))
    assert labels(project) == {"may/0": 0, "may/1": 1}
    (told,) = add(project, right.replace("text 4 of june", "text 4 of July"), dry_run=True).notes
    assert "1 row has another text in 'text' than the row that is named, the first is line 3 ('june/4')" in told


def test_another_column_that_holds_classes_and_differs_is_told(project: Project) -> None:
    header = "id,batch,label,corrected_label,source,first\n"
    done = add(project, f"{header}2,june,spam,spam,ham eaters,spam\n3,june,spam,HAM,web,\n7,june,,spam,web,ham\n")
    told = [note for note in done.notes if "holds classes" in note]
    assert len(told) == 1
    assert told[0] == (
        "labels.csv: labels are those of column 'label'; 'corrected_label' holds classes as well and differs in 1 row, the "
        "first is line 3 ('HAM' for 'spam'): --label corrected_label takes those"
    )
    rows = "id,batch,label,corrected_label\n"
    assert not any("holds classes" in note for note in add(project, f"{rows}2,june,spam,\n3,june,spam,spam\n").notes)


def test_the_beginning_of_a_long_text_is_that_text(project: Project) -> None:
    from tidemill.apps.gold import other_texts

    whole = "a text that is longer than what a program shows of it in a cell, and goes on"
    assert other_texts._is_same(whole[:50] + "...", whole)
    assert other_texts._is_same(whole, whole[:50] + "\N{HORIZONTAL ELLIPSIS}")
    assert not other_texts._is_same(whole[:20], whole)
    assert not other_texts._is_same(whole[:50] + "x", whole)


def test_labels_of_rows_that_were_picked_for_being_hard_or_may_have_been_skipped_do_not_judge_harm_beside_the_test(
    project: Project,
) -> None:
    picked = ["random", "uncertain", FOR_HARM, ""]
    add(project, "id,batch,label,picked\n" + "".join(f"{n},may,ham,{why}\n" for n, why in enumerate(picked, start=2)))
    add_batches(SPAM, CHOSEN, PATHS)
    keys = dict(problem_rows(project, "spam").table.select("row_id", "key").iter_rows())
    known = KnownLabels(PATHS, 2)
    assert {keys[row_id] for row_id in known(list(keys))} == {f"may/{n}" for n in range(6)}
    assert {keys[row_id] for row_id in known.otherwise(list(keys))} == {"may/0", "may/1", "may/2", "may/5"}


def test_a_name_is_no_id(project: Project) -> None:
    with pytest.raises(DataError, match="'Ann Lee' is no id of a person"):
        add(project, "id,batch,label\n2,may,ham\n", who="Ann Lee")
    assert own_id(PATHS) == own_id(PATHS)


@pytest.mark.parametrize("column", ["id", "batch", "who"])
def test_an_object_of_json_names_nothing(project: Project, column: str) -> None:
    line = {"id": "2", "batch": "may", "label": "ham", "who": "r1"}
    Path("nested.jsonl").write_text(json.dumps(line | {column: {"id": 7}}) + "\n")
    with pytest.raises(DataError, match=rf"line 1: column '{column}' is \{{'id': 7\}}, not text or a number"):
        add_labels(project, "spam", Path("nested.jsonl"), FileOptions())


def test_labels_are_counted_and_the_history_of_a_row_is_shown(project: Project) -> None:
    add(project, "id,batch,label\n0,may,spam\n2,may,ham\n", who="r1")
    overview = gold_overview(project, "spam")
    assert (overview["labels"], overview["rows"]) == (3, 40)
    assert {name: sum(counts.values()) for name, counts in overview["classes"].items()} == {"spam": 2, "ham": 1}
    assert {name: sum(counts.values()) for name, counts in overview["sources"].items()} == {
        "labels.csv": 2,
        "its batch": 1,
    }
    assert "3 of 40 rows have a label, as of 2" in overview_lines(overview)[0]
    history = row_history(project, "spam", "may/0")
    assert [(item["label"], item["state"], item["who"]) for item in history] == [
        ("ham", "replaced", None),
        ("spam", "counts", "r1"),
    ]
    assert history[1]["replaces"] == "batch"
    assert "spam" in history_lines("may/0", history)[2]


def test_a_withdrawn_label_gives_way_to_the_one_before_it(project: Project) -> None:
    add(project, "id,batch,label\n0,may,spam\n2,may,ham\n3,may,ham\n")
    done = withdraw_labels(project, "spam", ["may/0", "may/2"])
    assert (done.rows, done.unlabeled) == (2, 1)
    assert labels(project) == {"may/0": 0, "may/1": 1, "may/3": 0}
    withdraw_labels(project, "spam", ["may/0"], everything=True)
    assert labels(project) == {"may/1": 1, "may/3": 0}
    withdraw_labels(project, "spam", source="labels.csv")
    assert labels(project) == {"may/1": 1}
    assert [item["state"] for item in row_history(project, "spam", "may/2")] == ["withdrawn", "withdrawal"]


def test_what_cannot_be_withdrawn_is_told(project: Project) -> None:
    with pytest.raises(DataError, match=r"'may/9' has no label(.|\n)*there is no row 'june/99'"):
        withdraw_labels(project, "spam", ["may/9", "june/99"])
    with pytest.raises(DataError, match=r"no answer is of 'x.csv'; sources are none"):
        withdraw_labels(project, "spam", source="x.csv")
    with pytest.raises(ConfigError, match="say whose labels are withdrawn"):
        withdraw_labels(project, "spam")


def test_a_batch_that_is_not_made_yet_is_told(project: Project) -> None:
    (PATHS.raw / "june.parquet").unlink()
    with pytest.raises(DataError, match=r"batch 'june' is not made into tables yet: `dvc repro ingest@spam`"):
        problem_rows(project, "spam")


def test_a_file_that_brought_labels_alone_does_not_wait(project: Project) -> None:
    file = Path("data/incoming/spam/corrections.jsonl")
    file.write_text(json.dumps({"id": "3", "text": "text 3 of june", "label": "ham"}) + "\n")
    assert problem_rows(project, "spam").not_arrived.startswith("; data/incoming/spam/corrections.jsonl has not")
    arrive(project, "spam")
    rows = problem_rows(project, "spam")
    assert [answer.label for answer in rows.history.counting.values()] == ["ham"]
    assert rows.not_arrived == ""


def test_labels_make_tables_of_what_has_arrived_and_name_what_has_not(project: Project) -> None:
    file = Path("data/incoming/spam/july.jsonl")
    file.write_text(json.dumps({"id": "70", "text": "a text of july", "label": None}) + "\n")
    Path("labels.csv").write_text("id,label\n70,ham\n")
    waits = r"there is no row '70'.*\ndata/incoming/spam/july\.jsonl has not been taken in: `tidemill arrive spam`"
    with pytest.raises(DataError, match=waits):
        add_labels(project, "spam", Path("labels.csv"), FileOptions())
    with pytest.raises(DataError, match="there is no batch 'july'; there are june, may; data/incoming/spam/july"):
        sample_rows(project, "spam", SampleRequest(5, "july", 0.0, 1), Path("out.csv"))
    arrive(project, "spam")
    before = (PATHS.reports / "ingest.json").read_bytes()
    assert dict(add_labels(project, "spam", Path("labels.csv"), FileOptions()).counts)["new"] == 1
    assert (PATHS.reports / "ingest.json").read_bytes() == before  # the ingest stage writes it, and git has it


def test_files_that_come_again_change_nothing_whosever_answer_counts(project: Project) -> None:
    """Two people differ on a row; neither their files nor one of both, added twice, turn its label over."""
    both = "id,batch,label,who\n2,may,ham,r1\n2,may,spam,r2\n"
    add(project, both)
    add(project, "id,batch,label\n2,may,spam\n", who="r3")
    before = PATHS.gold_history.read_text(encoding="utf-8")
    for text, who in ((both, None), ("id,batch,label\n2,may,ham\n", "r1")):
        done = add(project, text, **({} if who is None else {"who": who}))
        assert (done.answers, done.counts["known"]) == ((), text.count("may"))
    assert PATHS.gold_history.read_text(encoding="utf-8") == before


def test_rows_of_a_batch_that_no_run_has_taken_in_are_labeled_in_the_studio(project: Project) -> None:
    (PATHS.raw / "june.parquet").unlink()
    page = label_page(Workspace(project, "spam"))
    assert (page.classes, page.batches) == (("ham", "spam"), ("june", "may"))
    assert problem_rows(project, "spam").table.height == 40
