import json
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.apps.workbench.conftest import YAML
from tidemill.apps.workbench import list_functions
from tidemill.apps.workbench.contradicted_functions import contradicted_functions
from tidemill.apps.workbench.formatting import columns, row_line
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.contracts import ABSTAIN, NO_GOLD, ConfigError, DataError
from tidemill.label.analysis.suggestions import Evidence, suggest
from tidemill.label.analysis.summary import conflicts, lf_summary
from tidemill.label.functions.declared import declare
from tidemill.project.gold_history import Answer, GoldHistory
from tidemill.project.project import Project


@pytest.fixture
def edited(project):
    """Edits the YAML file for one test."""
    path = project / "src/problems/mail/f.yaml"
    yield lambda old, new: path.write_text(YAML.replace(old, new), encoding="utf-8")
    path.write_text(YAML, encoding="utf-8")


def function(told, name):
    return next(one for one in told["functions"] if one["function"] == name)


@pytest.mark.slow
def test_the_list_has_snorkels_figures_and_what_was_learned(lf, project):
    told = lf("list", "mail", "--json")[0]
    look = ProblemView(Project.open(Path()), "mail")
    table = lf_summary(look.votes, look.names, n_classes=2, gold=look.gold)
    for line in table.to_dicts():
        one = function(told, line["function"])
        assert (one["coverage"], one["overlaps"], one["conflicts"]) == (
            line["Coverage"],
            line["Overlaps"],
            line["Conflicts"],
        )
        assert one["dev_correct"] == line["Correct"]
        assert one["learned_interval"][0] <= one["learned_accuracy"] <= one["learned_interval"][1]
        assert one["ms_per_1000"] > 0
    assert told["dev_rows"] == 120
    assert told["label_model"] == "dawid_skene"


@pytest.mark.slow
def test_labels_and_label_model_of_other_classes_are_none_yet(lf, project):
    text = (project / "params.yaml").read_text(encoding="utf-8")
    try:
        (project / "params.yaml").write_text(text.replace("- spam\n", "- spam\n    - phish\n"), encoding="utf-8")
        look = ProblemView(Project.open(Path()), "mail")
        assert look.classes == ("ham", "spam", "phish")
        assert (look.labels, look.model) == (None, None)
        assert lf("list", "mail", "--json")[0]["label_model"] is None
    finally:
        (project / "params.yaml").write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_gold_outside_dev_is_never_read(lf, project):
    assert (ProblemView(Project.open(Path()), "mail").gold != NO_GOLD).sum() == 120
    for words in (["list"], ["try", "shouts"], ["suggest"], ["explain", "r001"]):
        lf(*words)  # data/mail/gold cannot be read as Parquet
    assert set(
        np.array(ProblemView(Project.open(Path()), "mail").voted["split"])[
            ProblemView(Project.open(Path()), "mail").gold != NO_GOLD
        ]
    ) == {"dev"}


def test_worth_is_the_bits_that_the_truth_loses_without_the_function(project, monkeypatch):
    monkeypatch.chdir(project)
    look = ProblemView(Project.open(Path()), "mail")
    j = look.names.index("says_prize")
    bits, points = list_functions.values(look)
    known = np.flatnonzero(look.gold != NO_GOLD)
    without = look.votes[known].copy()
    without[:, j] = -1
    chances = [look.probabilities(votes, known) for votes in (look.votes[known], without)]
    of_truth = [np.log2(np.clip(one[np.arange(120), look.gold[known]], 1e-3, 1)) for one in chances]
    assert bits[j] == pytest.approx(100 * (of_truth[0] - of_truth[1]).mean())
    right = [(one.argmax(axis=1) == look.gold[known]).mean() for one in chances]
    assert points[j] == pytest.approx(100 * (right[0] - right[1]))


def test_lost_votes_are_those_that_the_label_model_contradicts(lf, project):
    told = lf("list", "--json")[0]
    look = ProblemView(Project.open(Path()), "mail")
    answer = look.labels.argmax(axis=1)
    for j, name in enumerate(look.names):
        spoke = look.votes[:, j] >= 0
        assert function(told, name)["outvoted"] == pytest.approx((look.votes[spoke, j] != answer[spoke]).mean())


@pytest.mark.slow
def test_the_list_can_be_sorted_and_a_wrong_column_names_the_nearest(lf):
    covered = [one["coverage"] for one in lf("list", "--sort", "coverage", "--no-cost", "--json")[0]["functions"]]
    assert covered == sorted(covered, reverse=True)
    with pytest.raises(ConfigError, match="no such column; did you mean value"):
        lf("list", "--sort", "vlaue")
    with pytest.raises(ConfigError, match="--sort worth: the column is called value now"):
        lf("list", "--sort", "worth")


@pytest.mark.slow
@pytest.mark.parametrize("words", [["list"], ["try", "says_you"], ["diff"], ["explain", "r001"], ["suggest"]])
def test_lines_fit_a_terminal_of_100_columns_and_json_is_json(lf, words):
    assert max(map(len, lf(*words).split("\n"))) <= 100
    assert lf(*words, "--json")


def test_three_hundred_functions_with_long_names_fit(lf, project, monkeypatch):
    told = list_functions.function_table(ProblemView(Project.open(Path()), "mail"), cost=False)
    named = (
        told.functions[0].model_copy(update={"function": f"{'a_long_name_' * 5}{number}"}) for number in range(300)
    )
    lines = list_functions.printed(told.model_copy(update={"functions": tuple(named)}))
    assert len([line for line in lines if line.startswith("a_long")]) == 300
    assert max(map(len, lines)) <= 100


def test_a_long_text_is_shown_from_where_the_function_found_what_it_looks_for():
    row = {"row_id": "r1", "text": "nothing " * 40 + "you won a prize", "matched": (330, 335)}
    line = row_line(row)
    assert line.endswith("you won a prize")
    assert len(line) <= 100
    assert row_line({**row, "matched": (0, 7)}).startswith("r1    nothing nothing")


def test_try_tells_where_a_function_fires_is_outvoted_and_nearly_fires(lf):
    told = lf("try", "says_cash", "--json", "--show", "100")
    assert {row["text"].rsplit(" ", 1)[0] for row in told["fires_on"]} == {"cash and money for free"}
    assert {row["text"].rsplit(" ", 1)[0] for row in told["nearly_on"]} == {"money for you"}  # one word of two
    assert told["dev_correct"] == told["dev_votes"] > 0
    wrong = lf("try", "says_you", "--json", "--show", "100")
    assert wrong["outvoted"] + len(wrong["fires_on"]) == round(wrong["coverage"] * wrong["rows"])
    assert all(row["answer"] == "spam" for row in wrong["outvoted_on"])


def test_near_misses_of_a_python_function_are_like_the_rows_it_fires_on(lf):
    told = lf("try", "shouts", "--json", "--show", "5")
    assert {row["gold"] for row in told["nearly_on"] if row["gold"]} == {"spam"}


def test_a_function_that_is_not_in_the_votes_yet_can_be_tried(lf, edited):
    edited("says_prize", "says_prize_anew")
    assert lf("try", "says_prize_anew", "--json")["answer"] == "majority of the functions"
    with pytest.raises(ConfigError, match="no problem has a labeling function 'says_prizes'; did you mean says_prize"):
        lf("try", "says_prizes")


def test_a_function_that_fails_is_told_and_not_hidden(lf, project):
    path = project / "src/problems/mail/bad.py"
    path.write_text(
        "from tidemill.label import labeling_function\n@labeling_function()\ndef bad(row):\n    return row.txt\n"
    )
    try:
        assert "FAILED on" in lf("try", "bad")
    finally:
        path.unlink()


def test_diff_names_rows_gained_lost_and_flipped(lf, edited):
    assert "no vote has changed" in lf("diff", "mail")
    edited("words: [prize], vote: spam", "words: [refinance], vote: spam")
    told = lf("diff", "--json", "--show", "100")[0]
    (one,) = told["functions"]
    assert (one["function"], one["kind"], told["unchanged"]) == ("says_prize", "edited", 5)
    assert {row["text"].rsplit(" ", 1)[0].lower() for row in one["lost"]["examples"]} == {
        "win a prize",
        "win a prize now",
    }
    assert {row["text"].rsplit(" ", 1)[0] for row in one["gained"]["examples"]} == {"refinance today"}
    assert one["gained"]["dev_correct"] == one["gained"]["dev_votes"] > 0
    edited("words: [prize], vote: spam", "words: [prize], vote: ham")
    flipped = lf("diff", "--json")[0]["functions"][0]["flipped"]
    assert flipped["rows"] > 0
    assert flipped["dev_correct"] == 0


def test_diff_tells_functions_added_and_removed_and_revisions_that_are_none(lf, edited):
    edited("name: says_lunch", "name: eats")
    told = {one["function"]: one["kind"] for one in lf("diff", "--json")[0]["functions"]}
    assert told == {"says_lunch": "removed", "eats": "added"}
    with pytest.raises(ConfigError, match="git knows no such revision, nor mail such a version"):
        lf("diff", "--against", "v9.9.9")


def test_diff_against_a_version_reads_the_functions_of_its_tag(lf, edited, project):
    subprocess.run(["git", "tag", "mail@v1.0.0"], cwd=project, check=True)
    edited("prize", "prizes")
    assert "since mail@v1.0.0" in lf("diff", "--against", "v1.0.0")


def test_explain_tells_every_vote_and_what_would_flip_the_label(lf, project):
    look = ProblemView(Project.open(Path()), "mail")
    place = int(np.flatnonzero((look.votes >= 0).sum(axis=1) >= 2)[0])
    row = look.voted["row_id"][place]
    told = lf("explain", row, "--json")
    said = {one["function"]: one["vote"] for one in told["votes"]}
    assert said == {n: look.classes[v] for n, v in zip(look.names, look.votes[place], strict=True) if v >= 0}
    assert sorted(told["abstaining"] + list(said)) == sorted(look.names)
    without = told["flips_without"]
    changed = look.votes[[place]].copy()
    changed[0, [look.names.index(name) for name in without["functions"]]] = -1
    answer = look.classes[look.probabilities(changed, np.array([place]))[0].argmax()]
    assert answer == without["label"] != told["label"]


def test_explain_names_what_is_wrong_with_a_row_id(lf):
    with pytest.raises(DataError, match="no row's id begins with 'x'"):
        lf("explain", "x")
    with pytest.raises(DataError, match="begins the id of more than one row, such as r000"):
        lf("explain", "r")


def test_suggestions_cover_rows_that_have_no_answer_and_are_right_on_dev(lf, edited):
    told = lf("suggest", "--json")[0]
    assert told["candidates"]
    for one in told["candidates"]:
        assert one["dev_correct"] / one["dev_votes"] > 0.8
        assert one["adds"] >= 5


def test_what_a_suggestion_adds_is_what_the_offered_function_votes_on(lf, project):
    look = ProblemView(Project.open(Path()), "mail")
    told = lf("suggest", "mail", "--batch", "b", "--json")[0]
    declared = [one for one in told["candidates"] if one["entry"]["kind"] != "prototype"]
    assert declared
    rows = look.sample(batch="b")
    voted = (look.votes[rows] != ABSTAIN).any(axis=1)
    open_rows = ~voted | conflicts(look.votes[rows], n_classes=2)
    for one in declared:
        entry = {key: value for key, value in one["entry"].items() if key not in {"name", "vote"}}
        made = declare("one", vote=0, **entry)
        fires = look.table(rows).select(made.expression().alias("v"))["v"].to_numpy() == 0
        assert fires.sum() == one["fires"]
        assert 5 <= one["adds"] <= (fires & open_rows).sum()
    with pytest.raises(ConfigError, match="--batch c: no such batch has arrived"):
        lf("suggest", "mail", "--batch", "c")


def test_words_that_only_an_ngram_puts_side_by_side_are_not_offered():
    texts = [f"prize, now {n}" if n % 2 else f"meet me {n}" for n in range(60)]  # no "prize now" as a phrase
    gold = np.array([n % 2 for n in range(60)], dtype=np.int16)
    rows = pl.DataFrame({"row_id": [str(n) for n in range(60)], "text": texts})
    found = suggest(Evidence(rows, gold, np.ones(60, dtype=np.bool_), ["ham", "spam"]), most=5, seed=0)
    assert found
    for one in found:
        word = one.entry["words"][0]
        assert one.gains == sum(word in text for text in texts) >= 5


@pytest.mark.slow
def test_the_list_says_which_functions_are_not_those_of_its_figures(lf, project, edited):
    assert lf("list", "mail", "--no-cost", "--json")[0]["changed"] == []
    edited("words: [prize]", "words: [prize, award]")
    python = project / "src/problems/mail/f.py"
    before = python.read_text()
    python.write_text(before.replace("row.text.isupper()", "row.text.istitle()"))
    added = project / "src/problems/mail/g.yaml"
    added.write_text("functions: [{name: says_late, kind: keywords, words: [late], vote: ham}]")
    try:
        assert lf("list", "mail", "--no-cost", "--json")[0]["changed"] == ["shouts", "says_prize", "says_late (new)"]
        assert "changed since these figures: shouts, says_prize, says_late (new)" in lf("list", "mail", "--no-cost")
        python.unlink()
        assert "shouts (removed)" in lf("list", "mail", "--no-cost", "--json")[0]["changed"]
    finally:
        python.write_text(before)
        added.unlink()
    edited("words: [lunch]", "wrods: [lunch]")
    assert "none can be loaded" in lf("list", "mail", "--no-cost", "--json")[0]["changed"][0]
    edited("# no change", "")
    python.write_text("# a comment is no change\n" + before)
    try:
        assert lf("list", "mail", "--no-cost", "--json")[0]["changed"] == []
    finally:
        python.write_text(before)


def test_examples_are_written_for_prototypes_and_replaced_by_row(lf, project):
    path = project / "src/problems/mail/e.jsonl"
    lf("examples", "mail", "e.jsonl", "--class", "spam", "r000", "r001")
    assert "caution" not in lf("examples", "mail", "e.jsonl", "--class", "ham", "r001", "r002")
    written = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(one["row_id"], one["class"]) for one in written] == [("r000", "spam"), ("r001", "ham"), ("r002", "ham")]
    assert len(written[0]["feature"]) == 2
    told = lf("examples", "mail", "e.jsonl", "--class", "ham", "k003")  # by its key
    assert "caution: 1 row is of valid or test, such as r003" in told
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[-1])["row_id"] == "r003"
    for text in ('{"my": "notes"}\n', "a note\n"):
        other = project / "src/problems/mail/notes.jsonl"
        other.write_text(text)
        with pytest.raises(DataError, match=r"notes\.jsonl, line 1: .* is no example, which has a row_id"):
            lf("examples", "mail", "notes.jsonl", "--class", "spam", "r000")
        assert other.read_text() == text
    (project / "src/problems/mail/e.yaml").write_text(
        "functions: [{name: alike, kind: prototype, file: e.jsonl, of: spam, at_least: 0.9, vote: spam}]"
    )
    try:
        assert lf("try", "alike", "--json")["dev_correct"] > 0
    finally:
        path.unlink()
        (project / "src/problems/mail/e.yaml").unlink()


def test_the_schema_can_be_written_for_a_problem(lf, tmp_path):
    lf("schema", "mail", "--out", str(tmp_path / "s.json"))
    schema = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert schema["definitions"]["function_regex"]["properties"]["vote"]["enum"] == [
        "ham",
        "spam",
        "not ham",
        "not spam",
    ]


def test_a_long_first_column_gives_way():
    lines = columns([["name", "x"], ["n" * 200, "y"]])
    assert lines[1].endswith("…  y")
    assert len(lines[1]) == 100


def test_votes_of_other_functions_than_the_label_models_are_listed_without_it(lf, project):
    path = project / "data/mail/votes.parquet"
    before = path.read_bytes()
    pl.read_parquet(path).drop("shouts").write_parquet(path)
    try:
        assert "no label model of these functions yet: dvc repro denoise@mail" in lf("list")
        with pytest.raises(DataError, match="is of other functions or classes: run `dvc repro denoise@mail`"):
            lf("explain", "r001")
    finally:
        path.write_bytes(before)


@pytest.mark.slow
def test_functions_that_people_contradict_are_listed_with_their_rows_and_what_mends_them(lf, project):
    """says_you takes "money for you" for ham, of which people say spam; all other functions are right on dev."""
    told = lf("contradicted", "mail", "--json", "--show", "2")
    assert [one["function"] for one in told["functions"]] == ["says_you"]
    only = told["functions"][0]
    texts = pl.read_parquet("data/mail/raw/b.parquet").filter(pl.col("split") == "dev")["text"]
    assert only["wrong"] == texts.str.contains("money for you").sum()
    assert only["votes"] == texts.str.contains("you").sum()
    assert only["fix"] == "let it abstain where the text has 'money'"
    assert [(row["vote"], row["gold"], "money for you" in row["text"]) for row in only["rows"]] == [
        ("ham", "spam", True)
    ] * 2
    assert "says_you (src/problems/mail/f.yaml:5): wrong in" in lf("contradicted", "mail")


@pytest.mark.slow
def test_answers_that_came_since_the_last_run_contradict_functions_too(project, monkeypatch):
    """On rows of dev alone: r001 and r002 are, r007 is of test."""
    monkeypatch.chdir(project)
    look = ProblemView(Project.open(Path()), "mail")
    before = {one.function: one.wrong for one in contradicted_functions(look, shown=0).functions}
    when = "2026-01-01T00:00:00.000000Z"
    said = [Answer(row_id=row, label="spam", who="r07", when=when, source="s") for row in ("r001", "r002", "r007")]
    monkeypatch.setattr("tidemill.project.gold_history.GoldHistory.read", lambda _: GoldHistory(tuple(said)))
    after = {one.function: one.wrong for one in contradicted_functions(look, shown=0).functions}
    ham = look.votes[[1, 2, 7], look.names.index("few_links")] == 0
    assert ham.all()
    assert after["few_links"] == before.get("few_links", 0) + 2


@pytest.mark.slow
def test_a_function_that_people_nearly_always_contradict_is_to_vote_as_they_do(project, monkeypatch):
    monkeypatch.chdir(project)
    look = ProblemView(Project.open(Path()), "mail")
    turned = look.votes.copy()
    place = look.names.index("says_prize")
    turned[turned[:, place] == 1, place] = 0
    look.__dict__["votes"] = turned
    first = contradicted_functions(look, shown=0).functions[0]
    assert first.function == "says_prize"
    assert first.fix == f"let it vote spam, as people say on {first.wrong} of these {first.votes} rows"
    look.__dict__["votes"] = np.full_like(turned, ABSTAIN)
    assert contradicted_functions(look, shown=0).functions == ()
