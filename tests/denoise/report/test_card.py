from pathlib import Path

import polars as pl
import yaml

from tests.denoise.factories import report_of, settings, votes_table
from tidemill.denoise.report.card import label_card
from tidemill.denoise.report.summary import facts
from tidemill.denoise.run import denoise

FUNCTIONS = pl.DataFrame(
    [
        {"function": "short", "j": 0, "Coverage": 0.25, "Conflicts": 0.0, "Emp. Acc.": 0.9, "Learned Weight": 0.8},
        {"function": "a|b", "j": 1, "Coverage": 0.5, "Conflicts": 0.125, "Emp. Acc.": None, "Learned Weight": 0.7},
    ]
)


def test_a_label_card_tells_functions_label_model_and_limits():
    report = denoise(votes_table(), ("ham", "spam"), settings("dawid_skene")).report
    text = label_card("mail", report, FUNCTIONS)
    assert "200 rows, 2 functions" in text
    assert "| function | Coverage | Conflicts | Emp. Acc. | Learned Weight |" in text
    assert "| short | 0.250 | 0.000 | 0.900 | 0.800 |" in text
    assert "| a\\|b | 0.500 | 0.125 | - | 0.700 |" in text
    assert all(f"- **{name}**: {told}" in text for name, told in facts(report))
    assert "Nothing here was held against labels by people" in text


def test_people_are_named_where_they_labeled():
    scores = {"rows": 40, "accuracy": 0.9, "log_loss": 0.1, "squared_error": 0.1, "calibration_error": 0.1}
    report = report_of(gold={"label_model": scores, "majority_vote": scores})
    text = label_card("mail", report, FUNCTIONS)
    assert "People labeled 40 rows of dev, by which they are checked." in text


def test_the_same_labels_give_the_same_card():
    once, again = (denoise(votes_table(), ("ham", "spam"), settings("dawid_skene")).report for _ in range(2))
    assert label_card("mail", once, FUNCTIONS) == label_card("mail", again, FUNCTIONS)


def test_a_card_of_nothing_is_a_card():
    assert "0 rows, 0 functions; coverage 0.0%." in label_card("mail", report_of(rows=0, coverage=0.0), pl.DataFrame())


def test_dvc_keeps_both_cards_in_git():
    stages = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for stage, name in (("denoise", "label_card"), ("evaluate", "model_card")):
        assert {f"reports/${{item.problem}}/{name}.md": {"cache": False}} in stages[stage]["outs"]
