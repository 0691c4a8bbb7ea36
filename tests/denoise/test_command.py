"""`tidemill denoise` on every form of votes."""

import io
import json

import numpy as np
import polars as pl
import pytest
import scipy.sparse

from tests.cli.factories import tidemill
from tidemill.contracts import ConfigError, DataError
from tidemill.denoise.command import Request, label_votes
from tidemill.denoise.companion_files import read_features, read_gold
from tidemill.denoise.vote_files import VoteOptions, read_votes

VOTES = np.array([[0, 0, -1], [1, 1, 1], [0, -1, 0], [-1, -1, -1]] * 10, dtype=np.int16)
WORDS = {0: "see you soon", 1: "win cash now", -1: "other words here"}


def write(folder, form):
    path = folder / f"votes.{form}"
    ids = [f"r{i}" for i in range(len(VOTES))]
    if form == "npy":
        np.save(path, VOTES)
    elif form == "json":
        rows = {
            i: {"label": 0, "weak_labels": v.tolist(), "data": {"text": WORDS[v[0]]}}
            for i, v in zip(ids, VOTES, strict=True)
        }
        path.write_text(json.dumps(rows))
    else:
        table = pl.DataFrame({"row_id": ids, **{f"f{j}": VOTES[:, j] for j in range(3)}})
        getattr(table, f"write_{form}")(path)
    return path


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_standard_input_is_read_and_standard_output_has_the_labels_alone(tmp_path, form, monkeypatch, capfdbinary):
    content = write(tmp_path, form).read_bytes()
    for more in ([], ["--json"]):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        tidemill("denoise", "-", "--classes", "ham,spam", "--model", "majority", "--out", "-", *more)
        said = capfdbinary.readouterr()
        labels = (pl.read_csv if form == "csv" else pl.read_ndjson)(io.BytesIO(said.out))
        assert labels["p_spam"].to_list()[:3] == [0, 1, 0]
        assert (b'"coverage": 0.75' if more else b"rows: 40, coverage 75.0%") in said.err
    with pytest.raises(ConfigError, match="can be read once"):
        tidemill("denoise", "-", "--gold", "-", "--classes", "ham,spam", "--out", "-")
    with pytest.raises(ConfigError, match="--out and --explanations are both -"):
        tidemill("denoise", str(tmp_path / f"votes.{form}"), "--classes", "2", "--out", "-", "--explanations", "-")


@pytest.mark.parametrize("form", ["npy", "json", "parquet", "csv"])
def test_every_form_gives_the_same_labels(tmp_path, form, capsys):
    tidemill(
        *[
            "denoise",
            str(write(tmp_path, form)),
            "--classes",
            "ham,spam",
            "--model",
            "majority",
            "--out",
            str(tmp_path / "l.parquet"),
        ]
    )
    labels = pl.read_parquet(tmp_path / "l.parquet")
    assert labels.columns == ["row_id", "p_ham", "p_spam"]
    assert labels["p_spam"].to_list()[:4] == [0.0, 1.0, 0.0, 0.5]
    assert "coverage 75.0%" in capsys.readouterr().out


def test_crowd_kits_long_frame_is_read_by_names_of_tasks_and_workers(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("task,worker,label\nt2,b,1\nt1,a,0\nt1,b,1\n")
    found = read_votes(path, ["no", "yes"])
    assert (found.rows, found.functions) == (["t1", "t2"], ["a", "b"])
    assert found.votes.tolist() == [[0, 1], [-1, 1]]


def test_labels_and_gold_may_be_names_of_classes(tmp_path):
    path, gold = tmp_path / "long.csv", tmp_path / "gold.csv"
    path.write_text("task,worker,label\nt2,b,yes\nt1,a,no\nt1,b,yes\n")
    gold.write_text("task,label\nt1,no\n")
    assert read_votes(path, ["no", "yes"]).votes.tolist() == [[0, 1], [-1, 1]]
    assert read_gold(gold, ["t1", "t2"], ["no", "yes"])[0].tolist() == [0, -1]
    with pytest.raises(DataError, match="'yes' is no class; promised class indices, or one of ham, spam"):
        read_votes(path, ["ham", "spam"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("row_id,gold\nb,0\na,7\n", r"gold.csv: row a of gold: 7 is neither a class in 0..1 nor NO_GOLD \(-1\)"),
        ("row_id,gold\nb,0\nb,1\n", "gold.csv, row b: gold is 0 and 1; keep one"),
        ("row_id,gold\nx,0\ny,1\n", r"gold.csv: none of its 2 rows is in the votes \(the first is x\)"),
        (None, "gold.csv is missing"),
    ],
)
def test_gold_that_cannot_be_meant_is_refused_with_its_row(tmp_path, content, message):
    if content is not None:
        (tmp_path / "gold.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        read_gold(tmp_path / "gold.csv", ["a", "b"], ["no", "yes"])


def test_what_each_vote_moved_its_row_by_is_written(tmp_path):
    arguments = [str(write(tmp_path, "parquet")), "--classes", "ham,spam", "--out", str(tmp_path / "l.parquet")]
    tidemill(
        "denoise",
        *arguments,
        "--explanations",
        str(tmp_path / "why.csv"),
        "--accuracies",
        "f2=0.6",
        "--class-balance",
        "0.7,0.3",
    )
    told = pl.read_csv(tmp_path / "why.csv")
    assert told.columns == ["row_id", "likeliest", "log_odds", "function", "vote", "moved"]
    assert told.height == int((VOTES >= 0).sum())
    with pytest.raises(ConfigError, match="'f9' is none of the functions f0, f1, f2"):
        tidemill("denoise", *arguments, "--accuracies", "f9=0.6")
    with pytest.raises(ConfigError, match="promised shares such as"):
        tidemill("denoise", *arguments, "--class-balance", "much")
    with pytest.raises(ConfigError, match=r"--class-balance 0\.9,0\.2: shares add to 1\.1, not to 1"):
        tidemill("denoise", *arguments, "--class-balance", "0.9,0.2")
    tidemill("denoise", *arguments, "--class-balance", "66.7,33.3")


def test_other_votes_are_labeled_by_the_fitted_model_with_functions_matched_by_name(tmp_path):
    train = write(tmp_path, "csv")
    other = tmp_path / "other.csv"
    other.write_text("row_id,f1,f0\nx,1,1\n")
    tidemill("denoise", str(train), "--classes", "2", "--predict", str(other), "--out", str(tmp_path / "l.parquet"))
    labels = pl.read_parquet(tmp_path / "l.parquet")
    assert labels["row_id"].to_list() == ["x"]
    assert labels["p_1"][0] > 0.5


def test_auto_writes_report_model_and_plots(tmp_path):
    arguments = [str(write(tmp_path, "parquet")), "--classes", "2", "--out", str(tmp_path / "l.parquet")]
    tidemill(
        *[
            "denoise",
            *arguments,
            "--report",
            str(tmp_path / "r.json"),
            "--save",
            str(tmp_path / "m.json"),
            "--plots",
            str(tmp_path / "p"),
        ]
    )
    assert json.loads((tmp_path / "r.json").read_text())["choice"]["chosen"]
    assert json.loads((tmp_path / "m.json").read_text())["model"] == "auto"
    assert {path.name for path in (tmp_path / "p").iterdir()} == {"accuracies.png", "agreement.png", "posteriors.png"}


def test_features_and_gold_are_taken_and_worth_is_told(tmp_path, capsys):
    chance = np.random.default_rng(1)
    truth = np.tile([0, 1, 0, 1], 30)
    votes = np.where(chance.random((120, 3)) < 0.8, truth[:, None], -1).astype(np.int16)
    np.save(tmp_path / "v.npy", votes)
    np.save(tmp_path / "f.npy", (chance.normal(size=(120, 3)) + 2 * truth[:, None]).astype(np.float32))
    np.save(tmp_path / "g.npy", np.where(np.arange(120) < 80, truth, -1))
    tidemill(
        *[
            "denoise",
            *(str(tmp_path / "v.npy"), "--classes", "2", "--features", str(tmp_path / "f.npy")),
            *("--gold", str(tmp_path / "g.npy"), "--out", str(tmp_path / "l.parquet")),
        ]
    )
    assert "hand labels" in capsys.readouterr().out
    found = pl.read_parquet(tmp_path / "l.parquet").select("p_0", "p_1").to_numpy().argmax(axis=1)
    assert (found == truth).mean() > 0.95


def test_wrenchs_texts_are_features_on_demand(tmp_path):
    path = write(tmp_path, "json")
    tidemill("denoise", str(path), "--classes", "2", "--features", "text", "--out", str(tmp_path / "l.parquet"))
    assert pl.read_parquet(tmp_path / "l.parquet").height == 40


def test_what_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,f0\na,0\nb,9\n")
    with pytest.raises(DataError, match="row 1 of votes, function f0: vote 9"):
        read_votes(path, ["no", "yes"])
    path.write_text("row_id,f0\na,perhaps\n")
    with pytest.raises(DataError, match="no column of votes, which are class numbers or names"):
        read_votes(path, ["no", "yes"])
    (tmp_path / "votes.txt").write_text("a")
    with pytest.raises(DataError, match=r"votes\.txt: \.txt is not a format that is read"):
        read_votes(tmp_path / "votes.txt", ["no", "yes"])
    with pytest.raises(ConfigError, match="unknown label model"):
        tidemill("denoise", str(write(tmp_path, "npy")), "--classes", "2", "--model", "autoo", "--out", "x.parquet")


def test_rows_without_votes_are_of_the_default_class_at_its_rate(tmp_path, capsys):
    votes, out = str(write(tmp_path, "parquet")), str(tmp_path / "l.parquet")
    asked = [
        "denoise",
        votes,
        "--classes",
        "ham,spam",
        "--default-class",
        "spam",
        "--default-rate",
        "0.8",
        "--out",
        out,
    ]
    tidemill(*asked)
    assert pl.read_parquet(out)["p_spam"].to_list()[3] == pytest.approx(0.8)
    assert "rows by votes" not in capsys.readouterr().out  # there is no gold
    with pytest.raises(ConfigError, match="--default-class 'egg' is no class; valid are ham, spam"):
        label_votes(
            Request(votes=tmp_path / "votes.parquet", classes="ham,spam", out=tmp_path / "l.csv", default_class="egg")
        )


def test_labels_held_against_gold_have_intervals_and_name_what_votes_do_not_determine(tmp_path, capsys):
    votes = write(tmp_path, "parquet")
    pl.DataFrame({"row_id": [f"r{i}" for i in range(40)], "gold": ["spam", "spam", "ham", "ham"] * 10}).write_csv(
        tmp_path / "gold.csv"
    )
    asked = ["--classes", "ham,spam", "--gold", str(tmp_path / "gold.csv"), "--out", str(tmp_path / "l.parquet")]
    tidemill("denoise", str(votes), *asked, "--report", str(tmp_path / "report.json"))
    told = capsys.readouterr().out
    assert "calibration error 0." in told
    assert "not identifiable: " in told
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["row_groups_on_gold"]["without_votes"]["rows"] == 10
    assert report["identifiability"]["rows"]["without_votes"] == pytest.approx(0.25)
    low, high = report["gold"]["label_model"]["accuracy_interval"]
    assert low < report["gold"]["label_model"]["accuracy"] < high


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("row_id,a,b\nx,0,1\ny,-1,1\n", "01"),
        ("row_id,a,b\nx,0.0,1.0\ny,-1.0,1.0\n", "01"),
        ("row_id,a,b\nx,0,1\ny,,1\n", "01"),
        ("row_id,a,b\nx,0,1\ny,NaN,1\n", "01"),
        ("row_id,a,b\nx,no,yes\ny,,yes\n", ["no", "yes"]),
        ("row_id,a,b\nx,no,yes\ny,ABSTAIN,yes\n", ["no", "yes"]),
        ("row_id;a;b\nx;0;1\ny;-1;1\n", "01"),
        ("row_id,a,b,text,n\nx,0,1,hello,0.5\ny,-1,1,you,1\n", "01"),
    ],
)
def test_votes_are_numbers_or_names_and_other_columns_are_passed_over(tmp_path, text, classes):
    path = tmp_path / "votes.csv"
    path.write_text(text)
    found = read_votes(path, classes)
    assert (found.rows, found.functions) == (["x", "y"], ["a", "b"])
    assert found.votes.tolist() == [[0, 1], [-1, 1]]


def test_zero_may_abstain_and_classes_be_numbered_from_one(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b\nx,1,2\ny,0,2\n")
    assert read_votes(path, "01", options=VoteOptions(abstain=0)).votes.tolist() == [[0, 1], [-1, 1]]
    with pytest.raises(DataError, match="where 0 abstains and classes are numbered from 1, say --abstain 0"):
        read_votes(path, "01")


@pytest.mark.parametrize(
    "name",
    ["label", "gold", "Y", "target", "index", "y_true", "Ground_Truth", "human", "true_label", "Annotator", "y_class"],
)
def test_a_column_that_may_be_gold_or_an_index_is_asked_about(tmp_path, name):
    path = tmp_path / "votes.csv"
    path.write_text(f"row_id,a,b,{name}\nx,0,1,1\ny,-1,1,1\n")
    with pytest.raises(DataError, match=f"is column '{name}' a function's votes, or gold or an index"):
        read_votes(path, "01")
    assert read_votes(path, "01", options=VoteOptions(left_out=[name])).functions == ["a", "b"]
    assert read_votes(path, "01", options=VoteOptions(columns=["a", name])).functions == ["a", name]
    with pytest.raises(DataError, match="there is no column 'c'; it has row_id, a, b"):
        read_votes(path, "01", options=VoteOptions(columns=["c"]))


def test_an_index_of_pandas_names_rows(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text(",a,b\n0,0,1\n1,-1,1\n")
    found = read_votes(path, "01")
    assert (found.rows, found.functions) == (["0", "1"], ["a", "b"])
    assert "the unnamed column numbers the rows" in found.notes[0]


def test_columns_that_are_equal_or_never_abstain_are_told(tmp_path):
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 2, 400)
    votes = {name: np.where(chance.random(400) < 0.8, truth, -1) for name in "abc"}
    votes |= {"again": votes["a"], "reviewer": truth}
    path = tmp_path / "votes.parquet"
    pl.DataFrame(votes).write_parquet(path)
    told = read_votes(path, "01").notes
    assert len(told) == 2
    assert "columns 'a' and 'again' are equal" in told[0]
    assert "column 'reviewer' votes on every row, as gold or a feature would, and agrees" in told[1]


@pytest.mark.parametrize("copies", [3, 200])
def test_many_equal_columns_are_one_note(tmp_path, copies):
    chance = np.random.default_rng(0)
    a = chance.integers(-1, 2, 90)
    votes = {"a": a} | {f"a{number}": a for number in range(copies)}
    path = tmp_path / "votes.parquet"
    pl.DataFrame(votes).write_parquet(path)
    (told,) = [note for note in read_votes(path, "01").notes if "equal" in note]
    assert told.startswith("votes.parquet: columns a0, a1, a2")
    assert "are equal to 'a'" in told
    assert told.endswith(
        "--not-columns a0,a1,a2" if copies == 3 else "turn the table round, else leave them out with --not-columns"
    )


def test_columns_without_a_vote_are_told_and_do_not_count_as_equal(tmp_path):
    path = tmp_path / "votes.parquet"
    pl.DataFrame({"a": [0, 1], "b": [-1, -1], "c": [-1, -1]}).write_parquet(path)
    assert read_votes(path, "01").notes == ("votes.parquet: columns without a vote on any row: b, c",)


def test_a_column_that_is_the_majority_of_the_others_is_told(tmp_path):
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 3, 400)
    wrong = (truth + chance.integers(1, 3, (5, 400))) % 3
    votes = np.where(chance.random((5, 400)) < 0.7, np.where(chance.random((5, 400)) < 0.8, truth, wrong), -1)
    counts = np.stack([(votes == k).sum(axis=0) for k in range(3)])
    clear = counts.max(axis=0) > np.sort(counts, axis=0)[-2]
    best = np.where(clear, counts.argmax(axis=0), -1)
    path = tmp_path / "votes.parquet"
    columns = {f"f{j}": votes[j] for j in range(5)}
    pl.DataFrame(columns | {"summary": best}).write_parquet(path)
    order, told = sorted(read_votes(path, "abc").notes)
    assert order == "votes.parquet: 0 is 'a', 1 is 'b', 2 is 'c', in the order of --classes"
    assert told.startswith(
        f"votes.parquet: column 'summary' is the majority of the others in each of {clear.sum()} rows"
    )
    other = best.copy()
    place = int(np.flatnonzero(clear)[-1])
    other[place] = (best[place] + 1) % 3
    pl.DataFrame(columns | {"summary": other}).write_parquet(path)
    assert read_votes(path, "abc").notes == (order,)
    pl.DataFrame(columns | {"summary": best}).extend(
        pl.DataFrame({name: [-1] for name in columns} | {"summary": [0]})
    ).write_parquet(path)
    assert read_votes(path, "abc").notes == (order,)


def test_a_column_that_never_abstains_and_agrees_by_chance_is_asked_about(tmp_path):
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 2, 400)
    votes = {name: np.where(chance.random(400) < 0.8, truth, -1) for name in "abc"}
    votes |= {"is_weekend": chance.integers(0, 2, 400)}
    path = tmp_path / "votes.csv"
    pl.DataFrame(votes).write_csv(path)
    with pytest.raises(DataError, match=r"is column 'is_weekend' a function's votes\? .* --not-columns is_weekend"):
        read_votes(path, "01")
    assert read_votes(path, "01", options=VoteOptions(left_out=["is_weekend"])).functions == ["a", "b", "c"]
    assert len(read_votes(path, "01", options=VoteOptions(columns=list(votes))).functions) == 4
    pl.DataFrame(votes).head(30).write_csv(path)  # chance cannot be told from a function by so few rows
    assert len(read_votes(path, "01").functions) == 4


def test_na_abstains_among_numbers_and_other_words_are_named(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b\nr0,1,NA\nr1,n/a,1\nr2,0,0.0\n")
    assert read_votes(path, "01").votes.tolist() == [[1, -1], [-1, 1], [0, 0]]


def test_numbers_are_names_of_classes_where_they_cannot_be_indices(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b\nr0,1,3\nr1,-1,2\nr2,3,\n")
    read = read_votes(path, ["1", "2", "3"])
    assert read.votes.tolist() == [[0, 2], [-1, 1], [2, -1]]
    assert read.notes == ("numbers are read as names of classes, 1, 2, 3",)
    path.write_text("row_id,a,b\nr0,0,2\nr1,0,1\n")
    assert read_votes(path, ["1", "2", "3"]).votes.tolist() == [[0, 2], [0, 1]]
    path.write_text("row_id,a,b\nr0,1,2\nr1,1,1\n")
    read = read_votes(path, ["1", "2", "3"])
    assert (read.votes.tolist(), len(read.notes)) == ([[1, 2], [1, 1]], 1)
    assert "indices of classes: 1 is class '2', not '1'" in read.notes[0]


def test_tolokas_columns_are_tasks_workers_and_labels(tmp_path):
    path = tmp_path / "votes.tsv"
    path.write_text("INPUT:image\tOUTPUT:result\tASSIGNMENT:worker_id\nt0\tyes\tw1\nt0\tno\tw0\nt1\tyes\tw0\n")
    found = read_votes(path, ["no", "yes"])
    assert (found.rows, found.functions) == (["t0", "t1"], ["w0", "w1"])
    assert found.votes.tolist() == [[0, 1], [1, -1]]
    told = r"votes\.tsv, line 2, column 'OUTPUT:result': 'yes' is no class; .*; other names of classes: --classes"
    with pytest.raises(DataError, match=told):
        read_votes(path, ["0", "1"])


def test_a_vote_that_is_no_class_names_the_file(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a\nr0,0\nr1,5\n")
    with pytest.raises(DataError, match=r"^votes\.csv: row 1 of votes, function a: vote 5 is neither"):
        read_votes(path, ["ham", "spam"])


def test_labels_are_written_in_the_format_of_their_suffix(tmp_path):
    path = str(write(tmp_path, "parquet"))
    tidemill("denoise", path, "--classes", "2", "--out", str(tmp_path / "l.csv"))
    assert (tmp_path / "l.csv").read_text().startswith("row_id,p_0,p_1")
    with pytest.raises(ConfigError, match=r"l\.xlsx: \.xlsx is not a format that is written"):
        tidemill("denoise", path, "--classes", "2", "--out", str(tmp_path / "l.xlsx"))


def test_names_of_classes_in_other_letter_case_are_votes_and_other_words_are_refused(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b\nr0,Ham,SPAM\nr1, ham ,Abstain\n")
    assert read_votes(path, ["ham", "spam"]).votes.tolist() == [[0, 1], [0, -1]]
    path.write_text("row_id,a,b\nr0,ham,maybe\nr1,ham,spam\n")
    with pytest.raises(DataError, match=r"votes\.csv, line 2: column 'b' is 'maybe', no class .* --not-columns b"):
        read_votes(path, ["ham", "spam"], options=VoteOptions(columns=["a", "b"]))
    path.write_text("row_id,a,b\nr0,1,0.7\nr1,0,1\n")
    with pytest.raises(DataError, match=r"line 2: column 'b' is 0\.7, no class"):
        read_votes(path, "01", options=VoteOptions(columns=["a", "b"]))


def test_where_zero_abstains_a_vote_below_zero_is_refused_not_turned_into_another(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b\nr0,-1,2\nr1,0,2\n")
    with pytest.raises(DataError, match="a vote of -1 is no class"):
        read_votes(path, "01", options=VoteOptions(abstain=0))
    with pytest.raises(DataError, match="a vote of -1 is no class"):
        read_votes(path, "012", options=VoteOptions(abstain=0))


def test_two_classes_may_be_minus_one_and_one_and_how_they_are_read_is_told(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b\nr0,-1,1\nr1,0,1\n")
    read = read_votes(path, ("ham", "spam"), options=VoteOptions(abstain=0))
    assert (read.votes.tolist(), read.notes) == ([[0, 1], [-1, 1]], ())
    usual = read_votes(path, ("ham", "spam"))
    assert usual.votes.tolist() == [[-1, 1], [0, 1]]
    assert any("-1 is read as an abstain, 0 as 'ham' and 1 as 'spam'; where 0 abstains" in note for note in usual.notes)
    assert not any("is read as" in note for note in read_votes(path, "012").notes)
    path.write_text("row_id,a,b\nr0,-1.0,1.0\nr1,0.0,NaN\n")  # as pandas writes numbers beside missing ones
    assert read_votes(path, ("ham", "spam")).notes == usual.notes
    path.write_text("row_id,a,b\nr0,,spam\nr1,ham,spam\n")
    assert read_votes(path, ("ham", "spam")).notes == ()


def test_a_column_of_other_numbers_is_named_with_the_way_to_leave_it_out(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,length\nr0,0,40\nr1,1,7\n")
    with pytest.raises(DataError, match="where it is no function, leave it out with --not-columns length"):
        read_votes(path, "01")


def of_mails(n_rows=400, **others):
    """Votes of three functions, and numbers about the rows that anything may count."""
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 2, n_rows)
    noted = {"has_attachment": chance.random(n_rows) < 0.5, "cluster": chance.integers(0, 2, n_rows)}
    votes = {name: np.where(chance.random(n_rows) < 0.6, truth, -1) for name in "abc"}
    return votes | noted | {"n_words": chance.integers(3, 91, n_rows)} | others


def test_all_doubtful_columns_are_asked_about_at_once(tmp_path):
    path = tmp_path / "votes.csv"
    pl.DataFrame(of_mails(gold=[0, 1] * 200)).write_csv(path)
    with pytest.raises(DataError, match=r"are these 3 columns functions' votes\?") as error:
        read_votes(path, ("ham", "spam"))
    for told in (
        "'has_attachment' holds truth values",
        "'gold' is named as gold or an index is",
        "'cluster' votes on every row and agrees with the others no more than chance would",
        "with --not-columns has_attachment,gold,cluster, or name all columns that are votes in --columns",
    ):
        assert told in str(error.value)
    read = read_votes(path, ("ham", "spam"), options=VoteOptions(left_out=["has_attachment", "gold", "cluster"]))
    assert read.functions == ["a", "b", "c"]
    assert read.notes[0] == "votes.csv: columns that are no votes are passed over: n_words"
    pl.DataFrame(of_mails(cluster=list(range(5)) * 80)).write_csv(path)  # not all others are votes
    with pytest.raises(
        DataError, match=r"'cluster' has 2, which is no class; 'n_words' has .*cluster,n_words, or name"
    ):
        read_votes(path, ("ham", "spam"))


@pytest.mark.parametrize(
    ("columns", "classes", "abstain", "told"),
    [
        (
            {"n": [-1, 2, 2, 2] * 25},
            2,
            -1,
            "leave it out with --not-columns n",
        ),  # a function of classes that are numbered from 1
        ({"n": [-1, 7, 7, 7] * 25}, 2, -1, "leave it out with --not-columns n"),  # or of a class that is not named
        ({"n": [0, 1, 1, 0, 1, 7, 8, 9] * 13}, 2, -1, "leave it out with --not-columns n"),  # typing errors
        ({"n": list(range(3, 103)), "b": None}, 2, -1, "leave it out with --not-columns n"),  # one function is left
        ({"n": list(range(3, 103))}, 2, 0, None),
        ({"n": list(range(3, 103))}, 2, -1, None),
        ({"n": [-1, 6, 7, 4] * 25}, 8, -1, "functions"),  # votes
    ],
)
def test_numbers_that_are_no_votes_are_passed_over_where_they_are_no_mistake(tmp_path, columns, classes, abstain, told):
    n_rows = len(columns["n"])
    one = [abstain, abstain + 1] * (n_rows // 2)
    path = tmp_path / "votes.csv"
    content = {"a": one, "b": one[::-1]} | columns
    pl.DataFrame({name: values for name, values in content.items() if values is not None}).write_csv(path)
    names, options = [f"c{k}" for k in range(classes)], VoteOptions(abstain=abstain)
    if told == "functions":
        assert read_votes(path, names, options=options).functions == ["a", "b", "n"]
    elif told:
        with pytest.raises(DataError, match=told):
            read_votes(path, names, options=options)
    else:
        read = read_votes(path, names, options=options)
        assert read.functions == ["a", "b"]
        assert "votes.csv: columns that are no votes are passed over: n" in read.notes


def test_names_of_rows_that_come_twice_or_are_missing_are_noted(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b\nr0,0,1\nr0,1,0\n,1,0\n")
    assert read_votes(path, "01").notes[:2] == (
        "votes.csv: 1 name in row_id comes more than once (r0), and each line is labeled by itself: join lines that are of one row",
        "votes.csv: 1 row has no row_id",
    )


def test_a_function_of_two_accuracies_is_refused(tmp_path):
    votes = tmp_path / "votes.csv"
    votes.write_text("row_id,a,b,c\nx,0,0,1\ny,1,1,1\n")
    with pytest.raises(ConfigError, match=r"--accuracies a=\.9,a=\.3: a function stands there twice"):
        tidemill("denoise", str(votes), "--classes", "2", "--accuracies", "a=.9,a=.3", "--out", str(tmp_path / "l.csv"))


@pytest.mark.parametrize("option", ["--out", "--explanations", "--report", "--save"])
def test_labels_are_not_written_over_the_votes(tmp_path, option):
    votes = tmp_path / "votes.csv"
    votes.write_text("row_id,a,b,c\nx,0,0,1\ny,1,1,1\n")
    before = votes.read_bytes()
    outs = {"--out": str(tmp_path / "l.csv"), option: str(votes)}
    with pytest.raises(ConfigError, match="is what is read: name another file to write"):
        tidemill("denoise", str(votes), "--classes", "2", *[word for pair in outs.items() for word in pair])
    assert votes.read_bytes() == before


@pytest.mark.parametrize("option", ["--out", "--explanations"])
def test_labels_are_not_written_over_those_of_people(tmp_path, option):
    votes, answers = tmp_path / "votes.csv", tmp_path / "answers.csv"
    votes.write_text("row_id,a,b,c\nx,0,0,1\ny,1,1,1\n")
    answers.write_text("row_id,label\nx,1\n")
    outs = {"--out": str(tmp_path / "l.csv"), option: str(answers)}
    with pytest.raises(ConfigError, match="holds labels that somebody gave"):
        tidemill("denoise", str(votes), "--classes", "2", *[word for pair in outs.items() for word in pair])
    assert answers.read_text() == "row_id,label\nx,1\n"


def test_two_results_are_not_written_into_one_file_nor_over_features(tmp_path):
    votes, features = str(write(tmp_path, "npy")), tmp_path / "f.npy"
    np.save(features, np.zeros((40, 2), dtype=np.float32))
    words = ["denoise", votes, "--classes", "2", "--out", str(tmp_path / "l.csv")]
    with pytest.raises(ConfigError, match="--out and --explanations are both"):
        tidemill(*words, "--explanations", str(tmp_path / "sub" / ".." / "l.csv"))
    with pytest.raises(ConfigError, match="is what is read"):
        tidemill(*words, "--features", str(features), "--save", str(features))


@pytest.mark.parametrize("cell", ["spma", "cafe", "0.5"])
def test_a_column_in_which_most_cells_are_votes_is_not_passed_over(tmp_path, cell):
    path = tmp_path / "votes.csv"
    path.write_text(f"row_id,a,b\nr0,ham,spam\nr1,ham,{cell}\nr2,,ham\n")
    with pytest.raises(
        DataError, match=rf"votes\.csv, line 3: column 'b' is '{cell}', where 2 other rows have votes: mend it"
    ):
        read_votes(path, ["ham", "spam"])
    assert read_votes(path, ["ham", "spam"], options=VoteOptions(left_out=["b"])).functions == ["a"]


def test_columns_that_are_passed_over_are_told_and_truth_values_asked_about(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,text,size\nr0,ham,see you,0.5\nr1,spam,ham,0.25\n")
    assert "columns that are no votes are passed over: text, size" in read_votes(path, ["ham", "spam"]).notes[0]
    for name in ("votes.csv", "votes.parquet"):
        table = pl.DataFrame({"a": [0, 1, -1], "b": [True, False, None]})
        (table.write_csv if name.endswith("csv") else table.write_parquet)(tmp_path / name)
        with pytest.raises(DataError, match="column 'b' holds truth values, which are no votes"):
            read_votes(tmp_path / name, ["ham", "spam"])


def test_names_of_classes_are_folded_as_labels_are(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b\nr0,cafe\u0301,NOT\u00a0 good\nr1,CAFÉ,unlabeled\n", encoding="utf-8")
    assert read_votes(path, ["café", "not good"]).votes.tolist() == [[0, 1], [0, -1]]


def test_words_that_say_that_nobody_knows_are_no_vote_unless_a_class_has_that_name(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b,state\nr0,ham,skip,todo\nr1,unsure,spam,todo\nr2,spam,unsure,skip\n")
    read = read_votes(path, ["ham", "spam"])
    assert (read.functions, read.votes.tolist()) == (["a", "b"], [[0, -1], [-1, 1], [1, -1]])
    assert "votes.csv: 'skip', 'unsure' are read as no vote (3 cells); a class is named in --classes" in read.notes
    named = VoteOptions(columns=["a", "b"])
    assert read_votes(path, ["ham", "spam"], options=named).votes.tolist() == read.votes.tolist()
    known = read_votes(path, ["ham", "spam", "unsure"], options=VoteOptions(left_out=["state"]))
    assert known.votes.tolist() == [[0, -1], [2, 1], [1, 2]]
    path.write_text("task,worker,label\nt0,ann,ham\nt0,bob,idk\nt1,ann,spam\nt1,bob,spam\n")
    read = read_votes(path, ["ham", "spam"])
    assert read.votes.tolist() == [[0, -1], [1, 1]]
    assert "votes.csv: 'idk' is read as no vote (1 cell); a class is named in --classes" in read.notes
    path.write_text("row_id,gold\nr0,ham\nr1,unsure\n")
    gold, notes = read_gold(path, ["r0", "r1"], ["ham", "spam"])
    assert gold.tolist() == [0, -1]
    assert any("'unsure' is read as no vote" in note for note in notes)


def test_where_zero_abstains_names_and_empty_cells_are_what_they_say(tmp_path):
    path = tmp_path / "votes.csv"
    zero = VoteOptions(abstain=0)
    path.write_text("row_id,a,b\nr0,0,ham\nr1,1,spam\nr2,2,ABSTAIN\n")
    assert read_votes(path, ["ham", "spam"], options=zero).votes.tolist() == [[-1, 0], [0, 1], [1, -1]]
    path.write_text("row_id,a,b\nr0,0,\nr1,1,0\nr2,1,1\n")
    assert read_votes(path, ["ham", "spam"], options=zero).votes.tolist() == [[-1, -1], [0, -1], [0, 0]]
    path.write_text("row_id,a,b\nr0,0,NA\nr1,1,-1\nr2,-1,1\n")
    assert read_votes(path, ["ham", "spam"], options=zero).votes.tolist() == [[-1, -1], [1, 0], [0, 1]]


def test_classes_that_are_named_minus_one_and_one_are_not_mistaken_for_abstains_or_indices(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b\nr0,-1,1\nr1,0,-1\n")
    with pytest.raises(DataError, match="-1 is a class and may be an abstain: say how an abstain is written"):
        read_votes(path, ["1", "-1"])
    assert read_votes(path, ["1", "-1"], options=VoteOptions(abstain=0)).votes.tolist() == [[1, 0], [-1, 1]]


def test_numbers_of_gold_and_of_workers_are_names_of_classes_as_votes_are(tmp_path):
    path, gold, stars = tmp_path / "votes.csv", tmp_path / "gold.csv", ["1", "2", "3"]
    path.write_text("task,worker,label\nt0,a,3\nt0,b,1\nt1,a,2\n")
    found = read_votes(path, stars)
    assert (found.votes.tolist(), found.by_name) == ([[2, 0], [1, -1]], True)
    gold.write_text("task,label\nt0,1\nt1,2\n")
    assert read_gold(gold, found.rows, stars, by_name=found.by_name)[0].tolist() == [0, 1]
    labels, notes = read_gold(gold, found.rows, stars)
    assert labels.tolist() == [1, 2]
    assert "1 is class '2', not '1'" in notes[0]
    path.write_text("task,worker,label\nt0,a,1\nt0,b,2\n")
    assert "1 is class '2', not '1'" in read_votes(path, stars).notes[0]


def test_text_and_numbers_that_are_names_of_classes_are_read_alike(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b\nr0,3,ABSTAIN\nr1,2,1\n")
    assert read_votes(path, ["1", "2", "3"]).votes.tolist() == [[2, -1], [1, 0]]
    path.write_text("row_id,a,b\nr0,1,ABSTAIN\nr1,2,1\n")
    assert read_votes(path, ["1", "2", "3"]).votes.tolist() == [[1, -1], [2, 1]]


def test_gold_of_rows_that_are_not_in_the_votes_is_told(tmp_path):
    gold = tmp_path / "gold.csv"
    gold.write_text("row_id,gold\na,no\nx,yes\ny,n/a\n")
    labels, notes = read_gold(gold, ["a", "b"], ["no", "yes"])
    assert labels.tolist() == [0, -1]
    assert notes == ["gold.csv: 2 of its 3 rows are not in the votes (x is the first)"]


def test_functions_of_which_other_votes_hold_nothing_are_told(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a\nr0,1\n")
    found = read_votes(path, "01", functions=["a", "b"])
    assert (found.votes.tolist(), found.notes) == ([[1, -1]], ("votes.csv: there are no votes of b, which abstain",))


WRENCH_ROW = '"data": {"text": "x"}'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f'{{"7": {{"weak_labels": [0, 0.9], {WRENCH_ROW}}}}}', r"row 7: vote 0\.9 is no class number"),
        (f'{{"7": {{"weak_labels": [0, true], {WRENCH_ROW}}}}}', "row 7: vote True is no class number"),
        (f'{{"7": {{"weak_labels": [0, null], {WRENCH_ROW}}}}}', "row 7: vote None is no class number"),
        (f'{{"7": {{"weak_labels": [0, 70000], {WRENCH_ROW}}}}}', "vote 70000 is neither ABSTAIN"),
        (
            f'{{"7": {{"weak_labels": [0], {WRENCH_ROW}}}, "7": {{"weak_labels": [1], {WRENCH_ROW}}}}}',
            "key '7' is there twice",
        ),
        ('{"7": {"weak_labels": [0, 1]}, "8": {"weak_labels": [1]}}', "row 8: it has another number of votes"),
        ('{"7": {"weak_labels": [0, 1]}, "8": [1, 0]}', "row 8: promised WRENCH's form"),
        ('{"7": {"weak_labels": [0, 1]', r"line 1"),
    ],
)
def test_wrench_files_whose_votes_cannot_be_meant_are_refused_with_the_row(tmp_path, content, message):
    path = tmp_path / "votes.json"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_votes(path, "01")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_wrench_files_are_decoded_as_other_text_is(tmp_path, encoding):
    path = tmp_path / "votes.json"
    path.write_text('{"7": {"weak_labels": [0, 1.0]}, "8": {"weak_labels": [1, -1]}}', encoding=encoding)
    found = read_votes(path, "01")
    assert (found.rows, found.votes.tolist(), found.texts) == (["7", "8"], [[0, 1], [1, -1]], None)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"row_id": ["a", "b", "b"], "feature": [[0.0], [1.0], [2.0]]}, "row b has features twice"),
        ({"row_id": ["a"], "feature": [[0.0]]}, "no feature of row b"),
        (
            {"row_id": ["a", "b"], "feature": [[0.0], [1.0, 2.0]]},
            r"row b has a feature of another length than row a \(1\)",
        ),
        ({"row_id": ["a", "b"], "vector": [[0.0], [1.0]]}, "promised Parquet with columns row_id and feature"),
        (None, "promised Parquet with columns row_id and feature"),
    ],
)
def test_features_that_are_not_of_the_rows_are_refused(tmp_path, table, message):
    path = tmp_path / "features.parquet"
    path.write_text("row_id,feature\na,1\n") if table is None else pl.DataFrame(table).write_parquet(path)
    with pytest.raises(DataError, match=message):
        read_features(path, ["a", "b"])


def test_features_in_lists_are_read_as_those_in_arrays(tmp_path):
    path = tmp_path / "features.parquet"
    pl.DataFrame({"row_id": ["b", "a"], "feature": [[2.0, 3.0], [0.0, 1.0]]}).write_parquet(path)
    assert read_features(path, ["a", "b"]).tolist() == [[0.0, 1.0], [2.0, 3.0]]


@pytest.mark.parametrize(
    ("votes", "told"),
    [
        ([[-1, 1], [0, 1]], "v.npy: -1 is read as an abstain, 0 as 'ham' and 1 as 'spam'; where 0 abstains"),
        ([[0, 1], [1, 0]], "v.npy: no function abstains anywhere, and 0 is read as 'ham'; where 0 abstains"),
    ],
)
def test_arrays_are_told_how_they_are_read_as_tables_are(tmp_path, votes, told):
    path = tmp_path / "v.npy"
    np.save(path, np.array(votes))
    (note,) = read_votes(path, ("ham", "spam")).notes
    assert note.startswith(told)
    assert read_votes(path, ("ham", "spam"), options=VoteOptions(abstain=0)).notes == ()
    assert not any("an abstain, 0" in one for one in read_votes(path, "012").notes)
    np.save(path, np.array([[-1, 1], [-1, 1]]))
    assert read_votes(path, ("ham", "spam")).notes == ("v.npy: 1 is 'spam', in the order of --classes",)


def test_votes_without_an_abstain_are_told_to_be_read_with_0_as_the_first_class(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("row_id,a,b\nr0,0,1\nr1,1,0\n")
    (told,) = read_votes(path, ("ham", "spam")).notes
    assert "no function abstains anywhere, and 0 is read as 'ham'; where 0 abstains" in told
    for content in ("row_id,a,b\nr0,0,1\nr1,1,\n", "row_id,a,b\nr0,0,1\nr1,1,ham\n"):
        path.write_text(content)
        assert read_votes(path, ("ham", "spam")).notes == (
            "votes.csv: 0 is 'ham', 1 is 'spam', in the order of --classes",
        )


@pytest.mark.parametrize("name", ["label_gold", "golden", "_golden", "answer_gold", "gold_label"])
def test_a_column_of_gold_by_any_name_is_asked_about(tmp_path, name):
    path = tmp_path / "votes.csv"
    path.write_text(f"row_id,a,b,{name}\nr0,ham,spam,ham\nr1,spam,spam,\n")
    with pytest.raises(DataError, match=f"{name}.*--not-columns"):
        read_votes(path, ("ham", "spam"))


def test_a_report_of_appen_is_a_vote_a_line(tmp_path):
    path = tmp_path / "full.csv"
    path.write_text(
        "_unit_id,_golden,_trust,_worker_id,kind,body,kind_gold\n7,false,0.9,w1,ham,a,\n7,false,0.8,w2,spam,a,\n8,false,1,w1,spam,b,\n9,true,1,w1,ham,c,ham\n"
    )
    read = read_votes(path, ("ham", "spam"))
    assert (read.rows, read.functions, read.votes.tolist()) == (["7", "8"], ["w1", "w2"], [[0, 1], [1, -1]])
    assert "full.csv: left out 1 answer to test questions (_golden)" in read.notes
    path.write_text("_unit_id,_worker_id,kind,body\n7,w1,ham,a\n7,w2,spam,a\n")
    with pytest.raises(DataError, match=r"report of Appen.*no single column of answers.*call it label"):
        read_votes(path, ("ham", "spam"))


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("video_id,coder,code", "video_id as task, coder as worker and code as label"),
        ("code,coder,clip", "clip as task"),
    ],
)
def test_a_vote_a_line_under_other_names_is_asked_about(tmp_path, header, named):
    path = tmp_path / "long.csv"
    rows = [(clip, coder, (clip + coder) % 2) for clip in range(20, 26) for coder in (7, 8, 9)]
    lines = [",".join(map(str, row if header.startswith("video") else row[::-1])) for row in rows]
    path.write_text("\n".join([header, *lines]) + "\n")
    with pytest.raises(DataError, match=named):
        read_votes(path, ("calm", "loud"))
    assert read_votes(path, ("calm", "loud"), options=VoteOptions(columns=["code"])).functions == ["code"]
    path.write_text("\n".join([header, *lines, lines[0]]) + "\n")  # a pair twice: no sign of such a table
    with pytest.raises(DataError, match="neither ABSTAIN"):
        read_votes(path, ("calm", "loud"))


def test_gold_of_a_name_that_several_rows_have_is_left_out_and_told(tmp_path):
    (tmp_path / "gold.csv").write_text("row_id,gold\na,ham\nb,spam\nc,\n")
    gold, notes = read_gold(tmp_path / "gold.csv", ["a", "b", "a", "c", "c"], ("ham", "spam"))
    assert gold.tolist() == [-1, 1, -1, -1, -1]
    assert notes == [
        "gold.csv: 1 label is left out, since the votes have several rows of that name (a is the first): give each row a name of its own, there and here"
    ]


def test_it_is_told_which_class_a_number_of_people_or_gold_is(tmp_path):
    order = "0 is 'ham', 1 is 'spam', in the order of --classes"
    long, gold = tmp_path / "long.csv", tmp_path / "gold.csv"
    long.write_text("task,worker,label\na,x,0\na,y,1\nb,x,1\n")
    gold.write_text("row_id,gold\na,0\nb,1\n")
    assert read_votes(long, ("ham", "spam")).notes == (f"long.csv: {order}",)
    assert read_gold(gold, ["a", "b"], ("ham", "spam"))[1] == [f"gold.csv: {order}"]
    assert read_gold(gold, ["a", "b"], ("0", "1"))[1] == []
    long.write_text("task,worker,label\na,x,ham\na,y,spam\n")
    assert read_votes(long, ("ham", "spam")).notes == ()


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_votes_of_functions_keep_the_names_of_classes_or_how_they_are_read_is_told(tmp_path, suffix):
    (tmp_path / "rows.csv").write_text("row_id,text\nr0,superb\nr1,awful\nr2,so so\n")
    (tmp_path / "f.yaml").write_text(
        "functions:\n  - {name: bad, kind: keywords, words: [awful], vote: bad}\n"
        "  - {name: good, kind: keywords, words: [superb], vote: good}\n  - {name: so, kind: keywords, words: [so], vote: not good}\n"
    )
    votes = tmp_path / f"votes{suffix}"
    words = ["label", str(tmp_path / "rows.csv"), "--functions", str(tmp_path / "f.yaml"), "--classes", "bad,good,fair"]
    tidemill(*words, "--out", str(votes))
    read = read_votes(votes, ("good", "fair", "bad"))
    if suffix == ".csv":  # which holds numbers alone
        assert read.votes.tolist() == [[-1, 1, -1], [0, -1, -1], [-1, -1, -3]]
        assert read.notes[-1] == "votes.csv: 0 is 'good', 1 is 'fair', in the order of --classes"
        return
    assert read.votes.tolist() == [[-1, 0, -1], [2, -1, -1], [-1, -1, -2]]
    assert read.notes[0].endswith(
        "numbers of votes count bad, good, fair, as the file says, and are put in the order of --classes"
    )
    assert read_votes(votes, ("bad", "good", "fair")).notes == ()
    with pytest.raises(DataError, match="holds votes for bad, good, fair, and --classes says bad, good, poor"):
        read_votes(votes, ("bad", "good", "poor"))


def test_votes_of_people_whose_columns_have_other_names_are_read_and_told(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("item,annotator,answer,seconds\n007,b,yes,4\n1,a,no,5\n1,b,yes,9\n")
    found = read_votes(path, ["no", "yes"])
    assert (found.rows, found.functions) == (["007", "1"], ["a", "b"])
    assert "long.csv: a vote a line, item as task, annotator as worker, answer as label" in found.notes
    path.write_text("item,annotator,answer\n1,b,yes\n2,b,no\n1,b,no\n")
    with pytest.raises(DataError, match=r"long\.csv, line 4: worker b labels task 1 twice; keep one"):
        read_votes(path, ["no", "yes"])


def test_columns_without_a_vote_are_shown_with_what_they_hold(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text('row_id,f0,f1\na,yes,"1,0"\nb,no,\n')
    with pytest.raises(DataError, match=r"\(ham, spam\), .* it has f0 with 'yes', 'no'; f1 with '1,0'.* --classes"):
        read_votes(path, ["ham", "spam"])


def test_a_table_with_more_functions_than_rows_is_asked_about(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text(
        f"row_id,{','.join(f'r{j}' for j in range(40))}\nf0,{','.join('01' * 20)}\nf1,{','.join('1' * 40)}\n"
    )
    assert "votes.csv: 40 functions vote on 2 rows: is it turned round?" in "; ".join(
        read_votes(path, ["no", "yes"]).notes
    )
    np.save(tmp_path / "votes.npy", np.array([[0, 1] * 20, [-1] * 40]))
    assert read_votes(tmp_path / "votes.npy", ["no", "yes"]).notes[-1].endswith("A line is a row, a column a function")


def test_names_of_annotators_are_workers_of_a_long_table(tmp_path):
    path = tmp_path / "votes.csv"
    for more in ("", ",7,a1"):
        header = "question_id,annotator_name,answer" + (",seconds,assignment_id" if more else "")
        path.write_text(f"{header}\nq1,Ann,yes{more}\nq1,Ben,no{more}\nq2,Ann,no{more}\n")
        found = read_votes(path, ["no", "yes"])
        assert (found.rows, found.functions, found.votes.tolist()) == (["q1", "q2"], ["Ann", "Ben"], [[1, 0], [0, -1]])


def test_gold_that_names_no_rows_is_in_the_order_of_the_votes_however_their_rows_are_called(tmp_path):
    gold = tmp_path / "gold.csv"
    gold.write_text("gold\nno\nyes\nyes\n")
    labels, notes = read_gold(gold, ["2", "1", "0"], ["no", "yes"])
    assert labels.tolist() == [0, 1, 1]
    assert notes == ["gold.csv: no column names its rows: they are taken for those of the votes, in their order"]
    with pytest.raises(DataError, match=r"gold\.csv: no column names its rows, and it has 3 where the votes have 4"):
        read_gold(gold, ["0", "1", "2", "3"], ["no", "yes"])


def test_a_column_that_is_gold_under_another_name_is_told_and_can_be_left_out(tmp_path, capsys):
    truth = [k % 2 for k in range(60)]
    lines = [f"r{k},{y if k % 5 else 1 - y},{y if k % 3 else ''},{y if k < 30 else ''}" for k, y in enumerate(truth)]
    (tmp_path / "wide.csv").write_text("\n".join(["row_id,a,b,qa", *lines]) + "\n")
    votes = [f"r{k},{worker},{y}" for k, y in enumerate(truth) for worker in ("w1", "w2")]
    votes += [f"r{k},qa,{y}" for k, y in enumerate(truth[:30])]
    (tmp_path / "long.csv").write_text("\n".join(["task,worker,label", *votes]) + "\n")
    (tmp_path / "gold.csv").write_text("row_id,gold\n" + "".join(f"r{k},{y}\n" for k, y in enumerate(truth[:30])))
    for name in ("wide.csv", "long.csv"):
        words = ["denoise", str(tmp_path / name), "--classes", "ham,spam", "--out", str(tmp_path / "labels.csv")]
        words += ["--gold", str(tmp_path / "gold.csv"), "--model", "majority"]
        tidemill(*words)
        assert "column 'qa' votes on 100% of the rows with gold and on 0% of the others" in capsys.readouterr().err
        tidemill(*words, "--not-columns", "qa")
        assert "'qa'" not in capsys.readouterr().err


def test_workers_and_functions_of_an_array_are_chosen_by_name(tmp_path):
    (tmp_path / "long.csv").write_text("task,worker,label\nt,a,ham\nt,b,spam\nt,human,spam\n")
    assert read_votes(tmp_path / "long.csv", ["ham", "spam"], options=VoteOptions(left_out=["b"])).functions == [
        "a",
        "human",
    ]
    found = read_votes(tmp_path / "long.csv", ["ham", "spam"], options=VoteOptions(columns=["b", "a"]))
    assert (found.functions, found.votes.tolist()) == (["b", "a"], [[1, 0]])
    np.save(tmp_path / "votes.npy", np.array([[0, 1, -1]]))
    assert read_votes(tmp_path / "votes.npy", "01", options=VoteOptions(left_out=["function_1"])).votes.tolist() == [
        [0, -1]
    ]
    with pytest.raises(DataError, match="nothing votes by the name 'bb'; did you mean b"):
        read_votes(tmp_path / "long.csv", ["ham", "spam"], options=VoteOptions(left_out=["bb"]))


def test_a_worker_named_as_gold_is_asked_about(tmp_path):
    (tmp_path / "long.csv").write_text("task,worker,label\nt,a,ham\nt,ground_truth,spam\n")
    with pytest.raises(DataError, match="is worker 'ground_truth' a function's votes, or gold"):
        read_votes(tmp_path / "long.csv", ["ham", "spam"])
    for options in (VoteOptions(left_out=["ground_truth"]), VoteOptions(columns=["a"])):
        assert read_votes(tmp_path / "long.csv", ["ham", "spam"], options=options).functions == ["a"]


def test_arrays_of_floats_and_of_bytes_without_a_sign_are_read_or_explained(tmp_path):
    path = tmp_path / "votes.npy"
    np.save(path, np.array([[0.0, np.nan], [1.0, 0.0]], dtype=np.float32))
    assert read_votes(path, "01").votes.tolist() == [[0, -1], [1, 0]]
    np.save(path, np.array([[1.0, np.nan], [2.0, 0.0]]))
    assert read_votes(path, "01", options=VoteOptions(abstain=0)).votes.tolist() == [[0, -1], [1, -1]]
    np.save(path, np.array([[0.0, 0.5]]))
    with pytest.raises(DataError, match=r"row 0, function 1: vote 0\.5 has a fraction"):
        read_votes(path, "01")
    np.save(path, np.array([[0, 255], [1, 0]], dtype=np.uint8))
    with pytest.raises(DataError, match="say --abstain 255"):
        read_votes(path, "01")
    assert read_votes(path, "01", options=VoteOptions(abstain=255)).votes.tolist() == [[0, -1], [1, 0]]


def test_votes_that_savetxt_wrote_are_read(tmp_path):
    path, votes = tmp_path / "votes.csv", np.array([[0, -1], [1, 10], [11, 0]] * 10)
    np.savetxt(path, votes, delimiter=",")
    assert read_votes(path, [str(k) for k in range(12)]).votes.tolist() == votes.tolist()
    path.write_text("1.000000000000000000e+00,0\n1.500000000000000000e+00,1\n" + "0.000000000000000000e+00,0\n" * 3)
    with pytest.raises(DataError, match=r"line 2: column 'column_1' is '1\.500000000000000000e\+00', where 4 other"):
        read_votes(path, "01")


def test_an_archive_of_one_array_is_read_and_others_are_told_what_to_write(tmp_path):
    path = tmp_path / "votes.npz"
    np.savez(path, VOTES)
    assert read_votes(path, "01").votes.tolist() == VOTES.tolist()
    np.savez(path, VOTES[:, 0].clip(0))
    assert read_gold(path, list(map(str, range(len(VOTES)))), "01")[0].tolist() == VOTES[:, 0].clip(0).tolist()
    np.savez(path, a=VOTES, b=VOTES)
    with pytest.raises(
        DataError, match=r'votes\.npz holds 2 arrays, a, b: keep one alone, `np\.save\("votes\.npy", L\)`'
    ):
        read_votes(path, "01")
    scipy.sparse.save_npz(path, scipy.sparse.csr_matrix(VOTES))
    with pytest.raises(
        DataError, match=r'write the whole one, `np\.save\("votes\.npy", L\.toarray\(\)\)`.* --abstain 0'
    ):
        read_votes(path, "01")
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"votes\.npz cannot be read as an array of numbers"):
        read_votes(path, "01")


def test_a_file_of_another_format_is_told_that_arrays_are_read(tmp_path):
    path = tmp_path / "votes.pkl"
    path.write_bytes(b"0")
    told = r'those are \.npy, \.npz, \.csv, .*an array is written by `np\.save\("votes\.npy", L\)`$'
    for read in (lambda: read_votes(path, "01"), lambda: read_gold(path, ["a"], "01")):
        with pytest.raises(DataError, match=told):
            read()


def test_gold_that_names_its_rows_in_a_column_of_another_name_is_not_taken_in_order(tmp_path):
    path, rows = tmp_path / "gold.csv", ["a", "b", "c"]
    path.write_text("item,label\nc,0\nb,1\na,1\n")
    gold, notes = read_gold(path, rows, "01")
    assert gold.tolist() == [1, 1, 0]
    assert "gold.csv: column 'item' names its rows, for 3 of its 3 values are rows of the votes" in notes
    path.write_text("code,label\n12,0\n11,1\n10,1\n")
    assert read_gold(path, ["10", "11", "12"], "01")[0].tolist() == [1, 1, 0]
    path.write_text("item,label\nx,0\ny,1\nz,1\n")
    for names in (rows, ["0", "1", "2"]):
        with pytest.raises(
            DataError, match=r"does column 'item' name its rows\? Of its values, such as 'x', none are rows"
        ):
            read_gold(path, names, "01")
    for text in ("label\n0\n1\n1\n", "text,label\none row,0\nother row,1\nlast row,1\n", "n,label\n7,0\n8,1\n9,1\n"):
        path.write_text(text)
        gold, notes = read_gold(path, rows, "01")
        assert gold.tolist() == [0, 1, 1]
        assert any("no column names its rows" in note for note in notes)
