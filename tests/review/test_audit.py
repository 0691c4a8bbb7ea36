"""Which rows are checked in which order, which answers confirm a label, and a certificate in words."""

from __future__ import annotations

import numpy as np
import polars as pl

from tests.review.factories import answers_of
from tidemill.reports.review import AuditTarget, Certificate, ReviewersError
from tidemill.review.audit import CheckedLabels, audit_state
from tidemill.review.certificate import card_section, certificate_lines

CLASSES = ("ham", "spam")


def labels_of(sure: list[float], names: str = "abcdefgh") -> pl.DataFrame:
    """Probability of spam of each row."""
    return pl.DataFrame({"row_id": list(names[: len(sure)]), "p_ham": [1 - p for p in sure], "p_spam": sure})


def test_the_hash_is_of_rows_and_labels_and_not_of_their_order_or_probabilities() -> None:
    first = CheckedLabels.of(labels_of([0.9, 0.2, 0.7]), CLASSES, sure=0.0)
    same = CheckedLabels.of(labels_of([0.8, 0.6, 0.1], "acb"), CLASSES, sure=0.0)
    other = CheckedLabels.of(labels_of([0.9, 0.7, 0.7]), CLASSES, sure=0.0)
    assert first.sha256 == same.sha256 != other.sha256
    assert CheckedLabels.of(labels_of([0.9, 0.2, 0.7]), CLASSES, sure=0.8).row_id == ("a", "b")


def test_the_order_is_a_new_draw_for_other_labels_and_other_plans() -> None:
    names = [f"r{n}" for n in range(60)]
    table = pl.DataFrame({"row_id": names, "p_ham": [0.1] * 60, "p_spam": [0.9] * 60})
    labels = CheckedLabels.of(table, CLASSES, sure=0.0)
    order = labels.order("2%")
    changed = CheckedLabels(labels.row_id, labels.label, "other")
    assert sorted(order.tolist()) == list(range(60))
    assert (order == labels.order("2%")).all()
    assert (order != labels.order("1%")).any()
    assert (order != changed.order("2%")).any()


def test_a_label_is_confirmed_by_more_than_half_and_nothing_counts_behind_a_row_without_answer() -> None:
    """In order: confirmed; denied by one, so in dispute; denied by three; denied by one of three; by one of two; by two of four; by three of five; no answer; confirmed."""
    labels = CheckedLabels(tuple("abcdefghi"), np.ones(9, dtype=np.int64), "")
    said = {0: [1], 1: [0], 2: [0, 0, 0], 3: [0, 1, 1], 4: [0, 1], 5: [0, 1, 0, 1], 6: [0, 1, 0, 1, 0], 8: [1]}
    table = [(row, who, label) for row, names in said.items() for who, label in enumerate(names)]
    state = audit_state(labels, np.arange(9), answers_of(table, rows=9, people=5, classes=2))
    assert state.checked.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert state.errors.tolist() == [1, 2, 4, 5, 6]
    assert state.disputed.tolist() == [1, 4, 5]
    assert state.denied.tolist() == [1, 2, 3, 4, 5, 6]
    assert state.waiting.tolist() == [7]


def certificate(*, met: bool = True) -> Certificate:
    target = AuditTarget(
        labels_sha256="abc", rows=5000, error=0.02, confidence=0.95, expected=0.01, sure=0.0, trusted=False
    )
    return Certificate(
        problem="spam",
        target=target,
        met=met,
        checked=700,
        errors=3,
        bound=0.019 if met else 0.031,
        reviewers=ReviewersError(wrong=4, asked=200, bound=0.061),
        newest_answer="2026-11-03T10:00:00.000000Z",
        disputed=0 if met else 2,
        rows_to_go=None if met else 120,
    )


def test_a_certificate_says_what_is_proven_by_whom_and_when() -> None:
    lines = certificate_lines(certificate())
    assert lines[0].endswith("at most 1.90% of 5000 labels are wrong, at 95% confidence: the target of 2.00% is met")
    assert "4 of 200 test questions, so in 6.1% at most; newest answer 2026-11-03T10:00Z" in lines[1]


def test_a_target_that_is_not_met_says_what_it_would_cost() -> None:
    assert "about 120 rows more" in certificate_lines(certificate(met=False))[-1]
    never = certificate(met=False).model_copy(update={"rows_to_go": None})
    assert "no number of rows would prove it" in certificate_lines(never)[-1]


def test_it_is_expired_for_other_labels() -> None:
    found = certificate()
    assert (found.state("abc"), found.state("abd"), Certificate.none("spam").state("abc")) == (
        "valid",
        "expired",
        "none",
    )
    assert card_section(Certificate.none("spam"), "abc") == []
    assert "expired" not in "\n".join(card_section(found, "abc"))
    assert "It is expired" in "\n".join(card_section(found, "abd"))
