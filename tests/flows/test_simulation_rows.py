import csv
from pathlib import Path

import pytest

from tidemill.errors import ConfigError, DataError
from tidemill.flows.simulation.checks import fresh_file
from tidemill.flows.simulation.plan import plan_days
from tidemill.flows.simulation.rows import Rows


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    sms, email = tmp_path / "sms-1.csv", tmp_path / "email-1.jsonl"
    rows = [["id", "text", "channel", "label"]]
    rows += [[f"s{k}", f"text {k}", "sms", "spam" if k % 4 == 0 else "ham"] for k in range(400)]
    with sms.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    lines = ['{"id": "e%d", "text": "mail", "channel": "email", "label": "ham"}\n' % k for k in range(40)]  # noqa: UP031
    email.write_text("".join(lines))
    return [sms, email]


def of(files: list[Path], seed: int = 1) -> Rows:
    return Rows.of("spam", files, "label", seed=seed)


def test_the_same_seed_draws_the_same_rows_and_no_row_comes_twice(files: list[Path]):
    days = plan_days(3)

    def drawn(seed: int) -> list[str]:
        rows = of(files, seed)
        taken = rows.first_batch(140, rare=0.1)
        for day in days:
            taken += rows.day(day, 20, rare=0.1)
        return [row["id"] for row in taken]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert len(set(drawn(1))) == len(drawn(1)) == 140 + 3 * 20


def test_weekends_have_more_of_the_rarer_class_and_say_that_they_are_weekends(files: list[Path]):
    rows = of(files)
    days = plan_days(9)
    week, weekend = rows.day(days[0], 20, rare=0.1), rows.day(days[4], 20, rare=0.1)
    assert [sum(row["label"] == "spam" for row in one if row["channel"] == "sms") for one in (week, weekend)] == [2, 1]
    assert ({row["weekend"] for row in week}, {row["weekend"] for row in weekend}) == ({"no"}, {"yes"})


def test_from_the_drift_on_most_rows_are_of_the_later_source(files: list[Path]):
    rows, days = of(files), plan_days(3)
    shares = [sum(row["channel"] == "email" for row in rows.day(day, 20, rare=0.1)) for day in days]
    assert shares == [0, 18, 18]


def test_too_few_days_or_rows_are_refused(files: list[Path]):
    with pytest.raises(ConfigError, match="1 days are too few"):
        plan_days(1)
    with pytest.raises(DataError, match="too few rows for so many days"):
        of(files).day(plan_days(3)[2], 100, rare=0.1)


def test_fresh_rows_lie_where_the_images_of_batches_are_found_from(tmp_path: Path):
    batch = tmp_path / "data" / "incoming" / "solar" / "day-01.csv"
    images = "../../packages/images"
    assert (fresh_file(tmp_path, "solar").parent / images).resolve() == (batch.parent / images).resolve()
