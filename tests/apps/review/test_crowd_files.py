"""Tasks and answers in the columns of Mechanical Turk and Toloka: there and back, once, without what was rejected."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tidemill.apps.gold.overview import gold_overview
from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.gold.withdraw import withdraw_labels
from tidemill.apps.review.crowd_exchange import export_tasks, import_answers
from tidemill.contracts import ConfigError, DataError
from tidemill.project.project import Project

ROWS, ANSWERS = Path("rows.csv"), Path("answers.csv")
TURK_TIME = "Sat Nov 28 10:13:24 PST 2026"


@pytest.fixture
def rows(project: Project) -> list[str]:
    """Three rows in a file as `review queue` writes it."""
    ids = problem_rows(project, "spam").table["row_id"][5:8].to_list()
    pl.DataFrame({"row_id": ids, "picked": ["random", "functions disagree", "uncertain"]}).write_csv(ROWS)
    return ids


def turk(row_id: str, label: str, worker: str = "A1WORKER", **more: str) -> dict[str, str]:
    """A line of a batch file of Mechanical Turk, with columns of no interest too."""
    line = {"HITId": f"3HIT{row_id}", "Title": "Spam?", "AssignmentId": f"3A{worker}{row_id}", "WorkerId": worker}
    line |= {"AssignmentStatus": "Submitted", "AcceptTime": TURK_TIME, "SubmitTime": TURK_TIME}
    line |= {"Input.row_id": row_id, "Input.text": "t", "Input.picked": "random", "Answer.label": label, "Approve": ""}
    return line | more


def toloka(row_id: str, label: str, **more: str) -> dict[str, str]:
    """A line of Toloka's file of assignments; a suite of tasks is one assignment."""
    line = {"INPUT:row_id": row_id, "INPUT:text": "t", "INPUT:picked": "random", "OUTPUT:label": label}
    line |= {"GOLDEN:label": "", "HINT:text": "", "ASSIGNMENT:assignment_id": "0001a--1", "ASSIGNMENT:task_id": row_id}
    line |= {"ASSIGNMENT:worker_id": "ab12" * 8, "ASSIGNMENT:status": "APPROVED"}
    return line | {"ASSIGNMENT:submitted": "2026-11-28T18:13:24.5"} | more


def put(lines: list[dict[str, Any]], file: Path = ANSWERS) -> Path:
    table = pl.DataFrame(lines)
    table.write_ndjson(file) if file.suffix == ".jsonl" else table.write_csv(
        file, separator="\t" if file.suffix == ".tsv" else ","
    )
    return file


@pytest.mark.parametrize(
    ("platform", "out", "columns"),
    [
        ("mturk", "tasks.csv", ["row_id", "text", "picked"]),
        ("toloka", "tasks.tsv", ["INPUT:row_id", "INPUT:text", "INPUT:picked"]),
        ("toloka", "tasks.jsonl", ["INPUT:row_id", "INPUT:text", "INPUT:picked"]),
    ],
)
def test_tasks_have_the_columns_that_the_platform_takes_and_nothing_that_leads_people(
    project, rows, platform, out, columns
):
    assert export_tasks(project, "spam", ROWS, platform, Path(out)) == 3
    read = (
        pl.read_ndjson(out)
        if out.endswith("jsonl")
        else pl.read_csv(out, separator="\t" if out.endswith("tsv") else ",")
    )
    assert read.columns == columns
    assert read[columns[0]].to_list() == rows
    assert read[columns[2]].to_list() == ["random", "uncertain", "uncertain"]
    texts = pl.read_parquet("data/spam/raw/*.parquet")
    assert set(read[columns[1]]) == set(texts.filter(pl.col("row_id").is_in(rows))["text"])


def test_a_platform_that_there_is_not_and_a_file_that_would_be_overwritten_are_named(project, rows):
    with pytest.raises(ConfigError, match="there is no platform 'yang'; there are mturk, toloka"):
        export_tasks(project, "spam", ROWS, "yang", Path("tasks.csv"))
    with pytest.raises(ConfigError, match="is what is read"):
        export_tasks(project, "spam", ROWS, "mturk", ROWS)
    answers = put([turk(rows[0], "spam")], Path("answers.csv"))
    with pytest.raises(ConfigError, match="holds labels that somebody gave, such as 'spam'"):
        export_tasks(project, "spam", ROWS, "mturk", answers)


@pytest.mark.parametrize("line", [turk, toloka])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_answers_become_gold_once_with_who_when_and_where_from(project: Project, rows, line, suffix):
    file = put([line(rows[0], "spam"), line(rows[1], "HAM "), line(rows[2], "")], Path(f"answers{suffix}"))
    done = import_answers(project, "spam", file)
    assert (len(done.answers), done.known, done.blank, done.void, done.refused) == (2, 0, 1, 0, ())
    known = problem_rows(project, "spam")
    assert [known.table["gold"][known.place[row]] for row in rows] == [1, 0, -1]
    first = done.answers[0]
    assert (first.label, first.picked, first.when[:19]) == ("spam", "random", "2026-11-28T18:13:24")
    assert first.source == f"{done.platform}/{'3AA1WORKER' + rows[0] if line is turk else '0001a--1'}/{rows[0]}"
    again = import_answers(project, "spam", file)
    assert (again.answers, again.known) == ((), 2)


def test_ids_of_workers_stay_out_of_what_git_keeps(project: Project, rows):
    done = import_answers(project, "spam", put([turk(rows[0], "spam"), turk(rows[1], "spam", "A2OTHER")]))
    assert "WORKER" not in done.answers[0].who
    assert len({answer.who for answer in done.answers}) == 2
    kept = pl.read_csv(problem_rows(project, "spam").paths.state / "review" / "workers.csv")
    assert dict(zip(kept["worker"], kept["who"], strict=True))["A1WORKER"] == done.answers[0].who
    import_answers(project, "spam", put([turk(rows[2], "spam", "A3THIRD")]))
    assert pl.read_csv(problem_rows(project, "spam").paths.state / "review" / "workers.csv").height == 3


def test_imports_at_the_same_time_keep_all_answers_and_all_workers(project: Project, rows):
    files = [put([turk(rows[0], "spam", f"A{number}WORKER")], Path(f"{number}.csv")) for number in range(8)]
    with ThreadPoolExecutor(len(files)) as pool:
        list(pool.map(lambda file: import_answers(project, "spam", file), [*files, *files]))
    known = problem_rows(project, "spam")
    assert len(known.history.answers) == len(files)
    assert pl.read_csv(known.paths.state / "review" / "workers.csv").height == len(files)


@pytest.mark.parametrize(
    ("line", "status"), [(turk, {"AssignmentStatus": "Rejected"}), (toloka, {"ASSIGNMENT:status": "REJECTED"})]
)
def test_a_rejected_assignment_is_no_answer_and_is_withdrawn_where_it_was_one(project: Project, rows, line, status):
    import_answers(project, "spam", put([line(rows[0], "spam")]))
    done = import_answers(project, "spam", put([line(rows[0], "spam", **status), line(rows[1], "ham", **status)]))
    assert (done.withdrawn, done.void) == (1, 2)
    known = problem_rows(project, "spam")
    assert [known.table["gold"][known.place[row]] for row in rows[:2]] == [-1, -1]
    assert import_answers(project, "spam", ANSWERS).answers == ()


@pytest.mark.parametrize(
    ("line", "status"), [(turk, {"AssignmentStatus": "Rejected"}), (toloka, {"ASSIGNMENT:status": "REJECTED"})]
)
def test_a_rejection_that_is_taken_back_brings_the_answer_back_but_not_what_a_person_withdrew(
    project: Project, rows, line, status
):
    """Both platforms let a requester change a rejection into an acceptance."""
    accepted, rejected = put([line(rows[0], "spam")], Path("yes.csv")), put([line(rows[0], "spam", **status)])
    added = [len(import_answers(project, "spam", file).answers) for file in (accepted, rejected, rejected, accepted)]
    assert added == [1, 1, 0, 1]
    for file, lines in ((accepted, 0), (rejected, 1), (accepted, 1), (accepted, 0)):
        assert len(import_answers(project, "spam", file).answers) == lines
    [valid] = problem_rows(project, "spam").history.valid
    withdraw_labels(project, "spam", source=valid.origin)
    again = import_answers(project, "spam", accepted)
    assert (again.answers, again.known) == ((), 1)
    assert problem_rows(project, "spam").history.valid == ()


def test_two_answers_of_one_assignment_are_named_and_one_that_was_mended_is_the_newest(project: Project, rows):
    unclear = put([turk(rows[0], "spam"), turk(rows[0], "ham"), turk(rows[1], "ham"), turk(rows[1], "ham")])
    done = import_answers(project, "spam", unclear)
    assert [answer.row_id for answer in done.answers] == [rows[1]]
    assert [reason.split(": ", 1)[0] for reason in done.refused] == ["line 3"]
    mended, before = put([turk(rows[1], "spam")], Path("mended.csv")), put([turk(rows[1], "ham")])
    assert [len(import_answers(project, "spam", file).answers) for file in (mended, mended, before)] == [1, 0, 0]
    known = problem_rows(project, "spam")
    assert known.history.counting[rows[1]].label == "spam"


def test_answers_of_a_platform_are_one_source_in_the_overview_and_are_withdrawn_together(project: Project, rows):
    import_answers(project, "spam", put([turk(row, "spam") for row in rows]))
    assert sum(gold_overview(project, "spam")["sources"]["mturk"].values()) == 3
    with pytest.raises(DataError, match="sources are mturk "):
        withdraw_labels(project, "spam", source="turk")
    assert withdraw_labels(project, "spam", source="mturk").rows == 3


def test_a_dry_run_writes_nothing(project: Project, rows):
    done = import_answers(project, "spam", put([turk(rows[0], "spam")]), dry_run=True)
    assert len(done.answers) == 1
    assert problem_rows(project, "spam").history.answers == ()
    assert not (problem_rows(project, "spam").paths.state / "review" / "workers.csv").exists()


def test_what_is_no_answer_is_named_and_the_others_are_taken(project: Project, rows):
    lines = [
        turk("nowhere", "spam"),
        turk(rows[0], "eggs"),
        turk(rows[1], "ham", SubmitTime="soon"),
        turk(rows[2], "ham"),
    ]
    done = import_answers(project, "spam", put(lines))
    assert [answer.row_id for answer in done.answers] == [rows[2]]
    assert sorted(reason.split(": ", 1)[1][:20] for reason in done.refused) == [
        "'eggs' is no class; ",
        "'nowhere' is no row ",
        "AssignmentId, Worker",
    ]


def test_answers_that_may_be_none_or_are_two_or_are_yet_to_come_are_named_and_not_taken(project: Project, rows):
    lines = [
        turk(rows[0], "spam", AssignmentStatus="Frozen"),
        turk(rows[1], "spam"),
        turk(rows[1], "ham"),
        turk(rows[2], "ham", SubmitTime="Sat Nov 28 10:13:24 PST 2999"),
    ]
    done = import_answers(project, "spam", put([*lines, turk(rows[2], "ham", "A2WORKER")]))
    assert [answer.row_id for answer in done.answers] == [rows[2]]
    told = sorted(reason.split(": ", 1)[1] for reason in done.refused)
    assert told[0].startswith("AssignmentStatus is 'Frozen', which may be an answer or none; known are approved,")
    assert told[1] == "SubmitTime is 'Sat Nov 28 10:13:24 PST 2999', which is yet to come"
    assert [reason.endswith("has another answer further up: neither is taken") for reason in told[2:]] == [True]
    with pytest.raises(DataError, match=r"(?s)answers\.csv: 3 rows cannot be taken, so none is:\n  line 2: .*'Frozen'"):
        import_answers(project, "spam", put(lines))


@pytest.mark.parametrize(
    "said",
    [
        [{"label": {"label": "spam"}}],
        [{"label": {"spam": True, "ham": False}}],
        [{"label": "spam"}],
        {"verdict": "spam"},
    ],
)
def test_answers_of_crowd_elements_are_read_from_their_json(project: Project, rows, said):
    line = turk(rows[0], "")
    del line["Answer.label"]
    done = import_answers(project, "spam", put([line | {"Answer.taskAnswers": json.dumps(said)}]))
    assert [answer.label for answer in done.answers] == ["spam"]


@pytest.mark.parametrize(
    ("said", "blank"), [([], 1), ({}, 1), ([{"label": ["spam", "ham"]}], 0), ([["spam"], ["ham"]], 0)]
)
def test_json_in_which_no_single_answer_stands_is_blank_or_refused_with_its_row(project: Project, rows, said, blank):
    lines = [turk(rows[0], ""), turk(rows[1], "")]
    answers = (said, [{"label": "ham"}])
    for line, one in zip(lines, answers, strict=True):
        del line["Answer.label"]
        line["Answer.taskAnswers"] = json.dumps(one)
    done = import_answers(project, "spam", put(lines))
    assert [answer.row_id for answer in done.answers] == [rows[1]]
    assert (done.blank, len(done.refused)) == (blank, 1 - blank)


def test_the_only_column_of_answers_is_taken_and_of_several_one_has_to_be_named(project: Project, rows):
    line = turk(rows[0], "")
    del line["Answer.label"]
    assert len(import_answers(project, "spam", put([line | {"Answer.kind": "spam"}])).answers) == 1
    both = put([line | {"Answer.kind": "spam", "Answer.why": "it sells"}])
    with pytest.raises(DataError, match=r"the answers are not in 'Answer.label'.*--label"):
        import_answers(project, "spam", both)
    assert import_answers(project, "spam", both, label="Answer.kind").known == 1


def of_buttons(line: dict[str, str], field: str, **ticked: str) -> dict[str, str]:
    """A line whose answer is a column per radio button."""
    kept = {name: value for name, value in line.items() if not name.endswith((".label", "OUTPUT:label"))}
    return kept | {f"{field}.{button}": value for button, value in ticked.items()}


@pytest.mark.parametrize(
    ("line", "field"), [(turk, "Answer.label"), (turk, "Answer.verdict"), (toloka, "OUTPUT:label")]
)
def test_a_column_per_radio_button_is_read_as_the_button_that_was_ticked(project: Project, rows, line, field):
    ticks = [{"ham": "false", "spam": "true"}, {"ham": "true", "spam": "true"}, {"ham": "FALSE", "spam": ""}]
    lines = [of_buttons(line(row, ""), field, **ticked) for row, ticked in zip(rows, ticks, strict=True)]
    done = import_answers(project, "spam", put(lines))
    assert [(answer.row_id, answer.label) for answer in done.answers] == [(rows[0], "spam")]
    assert done.blank == 1
    assert done.refused == ("line 3: 'ham, spam' is no class; classes are ham, spam",)


def test_fields_of_radio_buttons_are_named_by_what_label_takes(project: Project, rows):
    line = of_buttons(turk(rows[0], ""), "Answer.verdict", ham="false", spam="true") | {"Answer.why": "it sells"}
    with pytest.raises(DataError, match=r"here are Answer\.verdict, Answer\.why; name"):
        import_answers(project, "spam", put([line]))
    done = import_answers(project, "spam", put([line]), label="Answer.verdict")
    assert [answer.label for answer in done.answers] == ["spam"]


def test_a_file_of_neither_platform_is_refused(project: Project, rows):
    with pytest.raises(
        DataError, match=r"no columns Input\.row_id and WorkerId or INPUT:row_id and ASSIGNMENT:worker_id"
    ):
        import_answers(project, "spam", ROWS)


@pytest.mark.parametrize(("line", "column"), [(turk, "Input.text"), (toloka, "INPUT:text")])
def test_answers_beside_the_text_of_another_row_are_refused(
    project: Project, rows: list[str], line: Any, column: str
) -> None:
    texts = dict(
        pl.read_parquet(problem_rows(project, "spam").paths.raw / "*.parquet").select("row_id", "text").iter_rows()
    )
    right = [line(row_id, "spam", **{column: texts[row_id]}) for row_id in rows]
    assert len(import_answers(project, "spam", put(right), dry_run=True).answers) == 3
    right[0][column], right[1][column] = right[1][column], right[0][column]
    with pytest.raises(DataError, match=f"2 rows have the text of another row, .* has in '{column}' the text of"):
        import_answers(project, "spam", put(right))
