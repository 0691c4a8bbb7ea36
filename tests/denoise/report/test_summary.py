"""A report in a few words: what it holds is said, what it does not hold is left out."""

from tests.denoise.factories import report_of
from tidemill.denoise.report.summary import facts
from tidemill.reports.denoise import (
    CalibrationChoice,
    ClassShare,
    Dependences,
    GoldComparison,
    GoldScores,
    Identifiability,
    LabelValue,
    MajorityVote,
    ModelChoice,
    RowGroup,
    RowGroups,
    RowShares,
)


def told(**fields):
    return dict(facts(report_of(**fields)))


def choice(**fields):
    given = {
        "chosen": "joint",
        "reason": "why",
        "effective_functions": 2.0,
        "groups": (),
        "held_out_agreement": {},
        "gold": {},
    }
    return ModelChoice(**given | fields)


def test_a_report_of_the_majority_vote_is_short():
    assert told() == {
        "label model": "majority",
        "class balance": "ham 90.0%, spam 10.0%",
        "not identifiable": "10.0% of rows have no votes, 0.0% are tied",
    }
    assert told(fallback_reason="EM left")["label model"] == "majority; EM left"


def test_the_choice_of_auto_is_said_with_its_evidence():
    bare = told(model="auto", choice=choice())
    assert bare["label model"] == "auto chose joint: why"
    assert "evidence" not in bare
    whole = choice(
        votes_only="smoothed",
        misfit=1.234,
        held_out_agreement={"majority": 0.5, "smoothed": None},
        feature_fit={"majority": 0.25},
        stability=0.987,
    )
    found = told(model="auto", choice=whole)
    assert found["label model"] == "auto chose joint on top of smoothed: why"
    assert found["evidence"] == (
        "misfit of the pairs 1.23 (chance is 1); left-out functions agree with majority 0.500; features predict majority 0.250; "
        "98.7% of rows keep their class under resampling"
    )


def test_the_balance_has_its_interval_where_there_is_one_and_names_six_classes():
    assert told(class_balance_interval={"ham": (0.8, 0.95)})["class balance"] == "ham 90.0% [80.0%, 95.0%], spam 10.0%"
    many = told(class_balance=dict.fromkeys("abcdefgh", 0.125))["class balance"]
    assert many == ", ".join(f"{name} 12.5%" for name in "abcdef") + ", and 2 more"


def test_agreement_with_the_majority_vote_is_said_where_some_row_is_covered():
    majority = MajorityVote(label_shares={"ham": 0.75, "spam": 0.25}, agreement_where_covered=0.5)
    assert told(majority_vote=majority)["majority vote"] == (
        "gives the same class on 50.0% of the covered rows; its shares: ham 75.0%, spam 25.0%"
    )


def test_functions_that_repeat_one_another_are_named():
    known = Dependences(voting=3, effective_functions=2.04, groups=(("a", "b"),), pairs=(), weights={})
    assert told(dependences=known)["repetition"] == (
        "3 functions that vote, effective number 2.0; these repeat one another: a + b"
    )
    assert told(dependences=known.model_copy(update={"groups": ()}))["repetition"].endswith("; none repeats another")


def test_scores_on_gold_have_their_intervals():
    scores = GoldScores(
        rows=1200, accuracy=0.9, log_loss=0.3, squared_error=0.2, calibration_error=0.05, accuracy_interval=(0.85, 0.95)
    )
    found = told(gold=GoldComparison(label_model=scores, majority_vote=scores))["against gold"]
    assert found.startswith("1,200 rows that it did not learn from; label model: accuracy 0.900 [0.850, 0.950]")
    assert "majority vote: accuracy 0.900 [0.850, 0.950], calibration error 0.050" in found


def test_a_calibration_is_said_to_be_used_or_why_not():
    few = CalibrationChoice(rows=9, used=False, reason="9 gold rows")
    assert told(choice=choice(calibration=few))["calibrated by gold"] == "no: 9 gold rows"
    for used, word in ((True, "yes"), (False, "no")):
        tried = CalibrationChoice(rows=1000, used=used, reason="r", log_loss=0.5, calibrated_log_loss=0.4)
        assert told(choice=choice(calibration=tried))["calibrated by gold"] == (
            f"{word}, on 1,000 gold rows: log loss 0.500 without, 0.400 with, out of fold"
        )


def test_classes_that_differ_beyond_chance_are_named_and_the_others_are_not():
    shares = {
        "ham": ClassShare(gold=0.5, labels=0.6, differs=True),
        "spam": ClassShare(gold=0.5, labels=0.4, differs=False),
    }
    assert told(class_shares_on_gold=shares)["class shares"] == (
        "differ beyond chance on the gold rows: ham 60.0% of the labels, 50.0% of the gold"
    )
    assert "class shares" not in told(class_shares_on_gold={"spam": shares["spam"]})


def test_groups_of_rows_with_gold_are_said():
    empty = RowGroup(rows=0, accuracy=None, accuracy_interval=(0.0, 1.0), confidence=None)
    some = RowGroup(rows=4, accuracy=0.75, accuracy_interval=(0.3, 0.95), confidence=0.8)
    found = told(row_groups_on_gold=RowGroups(without_votes=empty, tied=empty, determined=some))["rows by votes"]
    assert found == "the others: 4 gold rows, accuracy 0.750 [0.300, 0.950], mean confidence 0.800"


def test_what_is_not_identifiable_is_said_of_the_data_set_and_of_six_classes():
    rows = RowShares(without_votes=0.25, tied=0.5)
    known = Identifiability(data_set=("all",), classes=dict.fromkeys("abcdefg", "few"), rows=rows)
    found = told(identifiability=known)["not identifiable"]
    classes = "; ".join(f"class {name}: few" for name in "abcdef")
    assert found == f"all; {classes}; and 1 more classes; 25.0% of rows have no votes, 50.0% are tied"
    six = known.model_copy(update={"classes": dict.fromkeys("abcdef", "few")})
    assert "more classes" not in told(identifiability=six)["not identifiable"]


def test_the_value_of_the_functions_and_the_next_step_are_said_where_they_could_be_measured():
    unknown = told(label_value=LabelValue(gold_rows=None, next="label", reason="cannot be measured"))
    assert unknown["worth"] == "cannot be measured"
    assert "next" not in unknown
    known = LabelValue(gold_rows=1234.0, interval=(900.0, 1500.0), at_least=False, next="write", reason="room")
    found = told(label_value=known)
    assert found["worth"] == "about 1,234 hand labels (90% interval 900 to 1,500)"
    assert found["next"] == "write a function: room"


def test_what_gold_is_too_few_to_measure_is_said_and_has_no_upper_end():
    known = LabelValue(
        gold_rows=49.0, interval=(49.0, 49.0), at_least=True, curve={"10": 0.6, "49": 0.7}, next="write", reason="room"
    )
    assert told(label_value=known)["worth"].startswith("at least 49 hand labels, as many as there is gold")
    open_end = known.model_copy(update={"gold_rows": 30.0, "interval": (12.0, 49.0), "at_least": False})
    assert told(label_value=open_end)["worth"] == "about 30 hand labels (90% interval 12 to 49 or more)"
