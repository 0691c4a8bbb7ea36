"""What `review pull` and `review import` say of the answers that they have fetched."""

from __future__ import annotations

from tidemill.apps.review.label_studio_sync import PulledAnswers
from tidemill.cli.review.new_answers import answers_content, answers_lines
from tidemill.project.gold_history import Answer


def pulled(refused: int) -> PulledAnswers:
    """A new answer, one that withdraws another, and so many that cannot be one."""
    when = "2026-11-29T10:00:00.000000Z"
    new = Answer(row_id="a", label="spam", when=when, source="s")
    gone = Answer(row_id="b", label=None, when=when, source="s", replaces="0")
    return PulledAnswers(1, (new, gone), 3, 1, 2, tuple(f"task {number}" for number in range(refused)))


def test_counts_come_first_then_ten_refusals_and_what_to_do_next() -> None:
    lines = answers_lines("spam", pulled(12), "2 rows were skipped", dry_run=False)
    assert lines[0] == "spam: 1 answer is new, 3 are known already, 1 is withdrawn, 2 rows were skipped"
    assert lines[1:11] == [f"  refused: task {number}" for number in range(10)]
    assert lines[11] == "  and 2 more are refused"
    assert lines[12] == "next: git commit -m 'Labels of spam' data/spam, then: tidemill run problem=spam"


def test_a_dry_run_says_so_and_has_no_next_step() -> None:
    (line,) = answers_lines("spam", pulled(0), "none", dry_run=True)
    assert line.endswith(" (dry run: nothing is written)")
    assert answers_content("spam", pulled(0), dry_run=True)["added"] == 1
