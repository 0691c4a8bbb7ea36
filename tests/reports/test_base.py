import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from tidemill.contracts import DataError
from tidemill.reports.base import Estimate, Report
from tidemill.reports.evaluate import Gain, GuardResult, Verdict
from tidemill.reports.ingest import BatchCounts
from tidemill.reports.project import Arrival, ChampionPin, Manifest, SuiteResult

VERDICT = Verdict(
    verdict="promote",
    blessing="BLESSED",
    reasons=("there is no champion yet",),
    metric="balanced_accuracy",
    rows=300,
    champion=None,
    guards=(
        GuardResult(slice="group=hard-ham", metric="accuracy", tolerance=0.05, rows=9, passed=None, reason="few rows"),
    ),
    scores={"floor": Estimate(score=0.5, low=None, high=None)},
    gain_over_floor=Gain(score=0.25, low=0.2, high=0.3, probability=1.0),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    VERDICT.write(tmp_path / "verdict.json")
    return tmp_path / "verdict.json"


def tampered(path: Path, *keys: str | int, value: object) -> None:
    content = json.loads(path.read_text())
    place = content
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    path.write_text(json.dumps(content))


def test_what_is_written_is_read_back_and_written_again_byte_for_byte(path: Path):
    first = path.read_bytes()
    read = Verdict.read(path)
    read.write(path)
    assert read == VERDICT
    assert path.read_bytes() == first


def test_a_file_names_its_format_and_leaves_out_what_it_has_nothing_to_say_of(path: Path):
    content = json.loads(path.read_text())
    assert content["format"] == 2
    assert content["champion"] is None  # a promise of every verdict
    assert "gain_over_champion" not in content
    assert "gain" not in content["guards"][0]
    assert path.read_text().endswith("}\n")


@pytest.mark.parametrize(
    ("keys", "value", "told"),
    [
        (("rows",), "many", "field rows: 'many', input should be a valid integer"),
        (("rows",), -1, "field rows: -1, input should be greater than or equal to 0"),
        (("rows",), "300", "field rows: '300', input should be a valid integer"),
        (("verdict",), "maybe", "field verdict: 'maybe', input should be 'promote', 'keep' or 'ask'"),
        (("guards", 0, "passed"), 2, "field guards.0.passed: 2, input should be a valid boolean"),
        (("scores", "floor", "low"), [], "field scores.floor.low: [], input should be a valid number"),
        (("gain_over_floor", "probability"), 1.5, "field gain_over_floor.probability: 1.5, input should be less than"),
        (("extra",), 1, "field extra: 1, there is no such field"),
    ],
)
def test_a_tampered_file_is_told_by_file_field_value_and_remedy(path: Path, keys, value, told):
    tampered(path, *keys, value=value)
    with pytest.raises(DataError) as raised:
        Verdict.read(path)
    assert f"{path}, {told}" in str(raised.value)
    assert str(raised.value).endswith("`tidemill run` makes it again")


def test_a_field_that_is_missing_is_named(path: Path):
    content = json.loads(path.read_text())
    del content["metric"], content["reasons"]
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"field reasons is missing; 2 such fields: `tidemill run`"):
        Verdict.read(path)


def test_both_sides_of_a_merge_are_told_with_what_belongs_in_the_file(path: Path):
    text = path.read_text()
    for report, remedy in (
        (Verdict, "take one, `git checkout --ours` or `--theirs`"),
        (Manifest, "the batches of both belong in it"),
        (ChampionPin, "take the side whose version is to be the champion"),
    ):
        path.write_text(f"{text[:-2]}\n<<<<<<< HEAD\n=======\n>>>>>>> theirs\n}}\n")
        with pytest.raises(DataError, match=rf"verdict\.json, line \d+: a merge has left both sides here: {remedy}"):
            report.read(path)


def test_a_torn_file_a_lost_one_and_one_of_another_kind_are_told_with_the_remedy(path: Path):
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    with pytest.raises(DataError, match=r"verdict\.json is not JSON .*: `tidemill run` makes it again"):
        Verdict.read(path)
    path.write_text("[1, 2]")
    with pytest.raises(DataError, match=r"holds \[1, 2\] in place of keys and values: `tidemill run`"):
        Verdict.read(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="cannot be read"):
        Verdict.read(path)
    path.unlink()
    with pytest.raises(DataError, match=r"verdict\.json is missing: `tidemill run` makes it again"):
        Verdict.read(path)
    assert Verdict.read_if_there(path) is None


@pytest.mark.parametrize(
    ("found", "remedy"), [(None, "tidemill run"), (0, "tidemill run"), (3, "newer Tidemill"), (True, "tidemill run")]
)
def test_a_file_of_another_format_is_refused_with_what_to_do(path: Path, found, remedy):
    tampered(path, "format", value=found)
    with pytest.raises(DataError, match=rf"field format: {found}, this Tidemill reads 2: .*{remedy}"):
        Verdict.read(path)


def test_an_older_format_is_read_where_a_report_knows_how():
    class Old(Report):
        FILE = "old.json"
        FORMAT = 2
        covered: int

        @classmethod
        def upgraded(cls, content, found):
            return {"covered": content["heard"]} if found == 1 else None

    assert Old.parse('{"format": 1, "heard": 3}', where="old.json").covered == 3
    assert Old.parse('{"format": 2, "covered": 3}', where="old.json").covered == 3
    with pytest.raises(DataError, match="field format: None"):
        Old.parse('{"heard": 3}', where="old.json")


def test_a_manifest_and_a_pin_of_version_0_1_0_mean_what_they_meant():
    batch = {"batch": "sms-1", "source": "data/incoming/spam/sms-1.csv", "sha256": "b999"}
    assert Manifest.parse(json.dumps({"batches": [batch]}), where="batches.json").batches == (Arrival(**batch),)
    assert ChampionPin.parse('{"version": "spam@v1.4.0"}', where="champion.json").version == "spam@v1.4.0"
    assert ChampionPin.parse('{"version": null}', where="champion.json").version is None


def test_a_manifest_that_names_a_batch_twice_is_refused_in_its_own_words():
    batch = {"batch": "a", "source": "x", "sha256": "y"}
    with pytest.raises(
        DataError, match=r"batches\.json, batch 'a' is there twice; remove one of the two: `git checkout"
    ):
        Manifest.parse(json.dumps({"batches": [batch, batch]}), where="batches.json")


def test_a_suites_result_that_great_expectations_itself_wrote_is_read():
    result = {
        "success": False,
        "expectation_config": {"type": "expect_x", "kwargs": {"column": "lf_0"}},
        "result": {"unexpected_count": 3, "partial_unexpected_list": [7]},
        "exception_info": {},
    }
    content = {"success": False, "results": [result], "suite_name": "s", "statistics": {}}
    (line,) = SuiteResult.parse(json.dumps(content), where="votes.json").expectations
    assert (line.type, line.column, line.success, line.unexpected) == ("expect_x", "lf_0", False, 3)


def test_a_report_is_made_of_its_fields_alone_and_does_not_change():
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Arrival(batch="a", source="x", sha256="y", size=3)  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        BatchCounts(read=-1, kept=0, same_content=0, near_duplicates=0, quarantined=0, train=0, dev=0, valid=0, test=0)
    with pytest.raises(ValidationError, match="frozen"):
        VERDICT.rows = 5
