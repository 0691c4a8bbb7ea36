import pytest

from tests.label.conditions.factories import CLASSES, refusal, votes
from tidemill.label.functions.loading import load_file


def test_another_models_scores_are_looked_up_by_row_and_a_row_without_one_has_no_vote(folder):
    scores = "row_id,p_spam\na,0.95\nb,0.2\nd,0.9\nelse,1.0\n"
    entry = "kind: scores, file: s.csv, column: p_spam, at_least: 0.9, vote: spam"
    assert votes(folder, entry, s__csv=scores) == [1, -1, -1, 1]
    inverse = "kind: not, of: {kind: scores, file: s.csv, column: p_spam, at_least: 0.9}, vote: ham"
    assert votes(folder, inverse) == [-1, 0, -1, -1]


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ("row_id,spam\na,1\n", "there is no column 'p_spam'; did you mean spam?"),
        ("row_id,p_spam\na,0.1\na,0.2\n", "row a is there twice"),
        ("row_id,p_spam\na,high\n", "column 'p_spam' is not of numbers"),
    ],
)
def test_a_table_of_scores_that_cannot_be_used_is_refused_with_its_line(folder, scores, reason):
    message = refusal(folder, "kind: scores, file: s.csv, column: p_spam, above: 0, vote: spam", s__csv=scores)
    assert "/f.yaml:1: f: " in message
    assert reason in message


def test_new_contents_of_a_file_make_another_condition_and_nobody_gives_the_digest_by_hand(folder):
    digests = []
    for score in ("0.1", "0.2"):
        path = folder(
            f__yaml="functions: [{name: f, kind: scores, file: s.csv, column: p, above: 0, vote: spam}]",
            s__csv=f"row_id,p\na,{score}\n",
        )
        digests.append(load_file(path / "f.yaml", classes=CLASSES)[0].condition.digest)
    assert digests[0] != digests[1]
    assert "digest is not for you to give" in refusal(
        folder, "kind: scores, file: s.csv, column: p, above: 0, digest: x, vote: spam"
    )


def test_an_annotators_column_votes_for_the_class_it_names(folder):
    assert votes(folder, "kind: annotator, column: ann") == [1, 0, -1, -1]
    assert votes(folder, "kind: annotator, column: ann, votes: {unsure: not spam, ham: ham}") == [-1, 0, -3, -1]
    assert votes(folder, "kind: annotator, column: who, file: w.csv", w__csv="row_id,who\nb,spam\n") == [-1, 1, -1, -1]


@pytest.mark.parametrize("answer", [" Spam ", "SPAM", "s\u00adpam", "\uff33pam"])
def test_an_annotators_answer_is_the_class_it_means_however_it_is_spelled(folder, answer):
    table = f"row_id,who\nb,{answer}\na,spma\n"
    assert votes(folder, "kind: annotator, column: who, file: w.csv", w__csv=table) == [-1, 1, -1, -1]
    given = "kind: annotator, column: who, file: w.csv, votes: {spam: not spam}"
    assert votes(folder, given, w__csv=table) == [-1, -3, -1, -1]


def test_an_annotators_numbers_are_answers_with_and_without_a_fraction_of_zeros(folder):
    given = "kind: annotator, column: who, file: w.csv, votes: {'1': spam, '0': ham}"
    assert votes(folder, given, w__csv="row_id,who\na,1.0\nb,0.0\nc,0.5\n") == [1, 0, -1, -1]


def test_an_annotator_has_no_vote_of_ours_and_names_classes_that_there_are(folder):
    assert "annotator votes itself; take `vote` away here" in refusal(
        folder, "kind: annotator, column: ann, vote: spam"
    )
    assert "there is no class 'spma'; did you mean spam?" in refusal(
        folder, "kind: annotator, column: ann, votes: {'yes': spma}"
    )
    assert "put it in quotes" in refusal(folder, "kind: annotator, column: ann, votes: {yes: spam}")
