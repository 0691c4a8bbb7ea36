"""New files get into the manifest, and from the manifest into raw batches."""

from __future__ import annotations

import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from tests.ingest.factories import SPAM, settings
from tests.monitor.factories import settings as monitor_settings
from tidemill.contracts import DataError, SuiteError
from tidemill.ingest.batch import Batch, build_batch
from tidemill.ingest.settings import IngestSettings
from tidemill.project import arrivals, batches
from tidemill.project.arrivals import arrive, batch_name, natural, scan
from tidemill.project.batches import _settings_mark, add_batches
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.ingest import IngestReport
from tidemill.reports.project import Manifest
from tidemill.runs.git import git

PATHS = Paths.within("spam")
CHOSEN = settings(incoming="data/incoming/spam", batch_order=("sms-*",), meta={}, slices=("group",))


def put(name: str, *texts: str, start: int = 0) -> None:
    path = Path("data/incoming/spam") / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"id": f"{name}-{n + start}", "text": text, "label": "ham", "group": name} for n, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def project(inside: Path) -> Path:
    PATHS.data.mkdir(parents=True)
    PATHS.manifest.write_text('{"batches": []}')
    content = {
        "problem": SPAM.model_dump(mode="json"),
        "ingest": CHOSEN.model_dump(mode="json"),
        "monitor": monitor_settings().model_dump(mode="json"),
    }
    Path("params.yaml").write_text(yaml.safe_dump({"problems": ["spam"], "spam": content}))
    put("email-1", "hello from a long way off", "buy these watches at once")
    put("sms-2", "where are you my friend")
    put("sms-10", "call me when you get home")
    return inside


def files() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(PATHS.data.rglob("*.parquet"))}


def test_files_arrive_in_the_order_that_was_asked_and_only_once(project: Path) -> None:
    assert arrive(Project.open(project), "spam").batches == ["sms-2", "sms-10", "email-1"]
    assert arrive(Project.open(project), "spam").batches == []
    put("sms-3", "one more text")
    assert scan(SPAM, CHOSEN, PATHS).batches == ["sms-3"]
    assert arrive(Project.open(project), "spam").batches == ["sms-3"]
    assert [entry.batch for entry in Manifest.read(PATHS.manifest).batches] == ["sms-2", "sms-10", "email-1", "sms-3"]


def test_a_row_that_cannot_be_read_is_told_with_the_setting_that_sets_it_aside(project: Path) -> None:
    told = r"sms-3\.jsonl, line 2: not JSON .*, or set such rows aside with ingest\.bad_rows: quarantine in conf/problem/spam\.yaml and `tidemill compose`$"
    put("sms-3", "one more text", "and another")
    arrive(Project.open(project), "spam")
    broken = Path("data/incoming/spam/sms-3.jsonl")
    broken.write_text(broken.read_text().splitlines()[0] + "\n{\n")
    known = Manifest.read(PATHS.manifest).batches
    others = [entry for entry in known if entry.batch != "sms-3"]
    (entry,) = (entry for entry in known if entry.batch == "sms-3")
    sha256 = hashlib.sha256(broken.read_bytes()).hexdigest()
    Manifest(batches=(*others, entry.model_copy(update={"sha256": sha256}))).write(PATHS.manifest)
    with pytest.raises(DataError, match=told):
        add_batches(SPAM, CHOSEN, PATHS)
    Manifest(batches=tuple(others)).write(PATHS.manifest)
    (refused,) = arrive(Project.open(project), "spam").refused
    assert re.search(told, refused.reason)


def test_two_files_of_one_name_are_told_and_the_others_are_taken(project: Path) -> None:
    Path("data/incoming/spam/sms-2.csv").write_text("id,text,label,group\n9,x y z,ham,a\n")
    found = arrive(Project.open(project), "spam")
    assert found.batches == ["sms-2", "sms-10", "email-1"]
    assert [one.source for one in found.refused] == ["data/incoming/spam/sms-2.jsonl"]
    assert "a batch 'sms-2' came from data/incoming/spam/sms-2.csv; rename the new file" in found.refused[0].reason


def test_what_is_no_batch_is_told_and_not_passed_over(project: Path) -> None:
    incoming = Path("data/incoming/spam")
    (incoming / "april").mkdir()
    put("april/sms-7", "in a folder of its own")
    for name in ("old.tar.gz", "notes.txt", ".gitkeep", "photo.png", ".may.csv", "._may.csv"):
        (incoming / name).write_text("x")
    found = arrive(Project.open(project), "spam")
    assert found.batches == ["sms-2", "sms-10", "email-1"]
    assert found.notes[0].startswith(
        "data/incoming/spam: .may.csv, april, notes.txt, old.tar.gz: not read, for a batch is a file"
    )


@pytest.mark.parametrize(
    ("name", "batch"),
    [
        ("april 2024.csv", "april-2024"),
        ("what now?.csv", "what-now"),
        ("new.csv.gz", "new"),
        ("v1.2.csv", "v1.2"),
        ("данные март.csv", "данные-март"),
        ("日本.csv", "日本"),
        ("cafe\u0301.csv", "caf\u00e9"),
        ("_a_.csv", "_a_"),
    ],
)
def test_a_batch_has_its_files_name_without_suffixes_and_odd_characters(name: str, batch: str) -> None:
    assert batch_name(f"data/incoming/spam/{name}") == batch


def test_a_long_name_is_cut_where_files_named_after_it_would_not_fit_and_stays_one_of_its_own() -> None:
    names = [batch_name(f"in/{'é' * 110}{end}.csv") for end in "ab"]
    assert names[0] != names[1]
    assert all(len(f".{name}.parquet.1234567.part".encode()) < 255 for name in names)
    assert names[0].startswith("é" * 60 + "-")


def test_a_batch_whose_name_differs_in_case_alone_is_refused(project: Path) -> None:
    put("SMS-2", "another text")
    found = arrive(Project.open(project), "spam")
    assert "'SMS-2' would be the same file where case does not count" in found.refused[0].reason


def test_a_name_of_odd_characters_alone_is_refused() -> None:
    with pytest.raises(DataError, match="no letter or digit"):
        batch_name("data/incoming/spam/???.csv")


def test_a_file_that_cannot_be_taken_is_refused_and_taken_once_it_is_mended(project: Path) -> None:
    put("sms-3", "fine and well", "")
    put("sms-4", "another fine one")
    found = arrive(Project.open(project), "spam")
    assert found.batches == ["sms-2", "sms-4", "sms-10", "email-1"]
    assert "sms-3.jsonl, line 2: column 'text' is ''" in found.refused[0].reason
    add_batches(SPAM, CHOSEN, PATHS)
    assert arrive(Project.open(project), "spam").batches == []
    put("sms-3", "fine and well", "no more holes")
    assert arrive(Project.open(project), "spam").batches == ["sms-3"]


def test_keys_of_earlier_batches_are_known_when_a_file_arrives(project: Path) -> None:
    arrive(Project.open(project), "spam")
    add_batches(SPAM, CHOSEN, PATHS)
    rows = '{"id": "sms-2-0", "text": "something else", "label": "ham", "group": "x"}\n'
    Path("data/incoming/spam/sms-5.jsonl").write_text(rows)
    found = arrive(Project.open(project), "spam")
    assert found.batches == []
    assert "key 'sms-2-0' came in an earlier batch with other content" in found.refused[0].reason


def test_a_file_is_compared_with_earlier_batches_by_the_key_that_the_settings_have_now(project: Path) -> None:
    put("sms-3", "a third one")
    rows = '{"id": "7", "text": "%s", "label": "ham", "group": "x"}\n'
    for name, text in (("sms-4", "seven"), ("sms-5", "seven here too")):
        Path(f"data/incoming/spam/{name}.jsonl").write_text(rows % text)
    refused = "key '7' came in an earlier batch with other content"
    found = scan(SPAM, CHOSEN, PATHS)
    assert [refused in item.reason for item in found.refused] == [True]
    by_file = CHOSEN.model_copy(update={"key": ("source", "id")})
    entries = scan(SPAM, by_file, PATHS).entries
    assert [entry.batch for entry in entries] == ["sms-2", "sms-3", "sms-4", "sms-5", "sms-10", "email-1"]
    Manifest(batches=tuple(entry for entry in entries if entry.batch != "sms-5")).write(PATHS.manifest)
    assert [refused in item.reason for item in scan(SPAM, CHOSEN, PATHS).refused] == [True]  # before any was made
    add_batches(SPAM, by_file, PATHS)  # whose keys are 'sms-4/7'
    assert scan(SPAM, by_file, PATHS).batches == ["sms-5"]
    assert [refused in item.reason for item in scan(SPAM, CHOSEN, PATHS).refused] == [True]
    Path("data/incoming/spam/sms-4.jsonl").unlink()
    with_old_keys = scan(SPAM, CHOSEN, PATHS, retry=True)
    assert with_old_keys.batches == ["sms-5"]
    assert "batch 'sms-4' is not as the settings have it, and cannot be read again" in "\n".join(with_old_keys.notes)


def test_a_refused_file_is_read_again_when_it_or_the_settings_have_changed_or_on_request(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Path("data/incoming/spam/sms-7.csv")
    broken.write_text("id,text,label,group\n1,hello,mixed,a\n")
    read: list[str] = []

    def counted(name: str, *rest: Any, **more: Any) -> Batch:
        read.extend([name] if name == "sms-7" else [])
        return build_batch(name, *rest, **more)

    monkeypatch.setattr(arrivals, "build_batch", counted)
    first = arrive(Project.open(project), "spam")
    assert (first.batches, read) == (["sms-2", "sms-10", "email-1"], ["sms-7"])
    read.clear()
    assert arrive(Project.open(project), "spam").refused == first.refused
    again = arrive(Project.open(project), "spam")
    assert (again.refused, read) == (first.refused, ["sms-7"])  # once: the batches before it had changed
    assert arrive(Project.open(project), "spam", retry=True).refused == first.refused
    assert read == ["sms-7", "sms-7"]
    params = yaml.safe_load(Path("params.yaml").read_text())
    Path("params.yaml").write_text(
        yaml.safe_dump(params | {"spam": params["spam"] | {"ingest": params["spam"]["ingest"] | {"max_pixels": 7}}})
    )
    assert arrive(Project.open(project), "spam").refused == first.refused
    assert read == ["sms-7"] * 3
    broken.write_text("id,text,label,group\n1,hello,spam,a\n")
    assert arrive(Project.open(project), "spam").batches == ["sms-7"]
    assert not list((PATHS.state / "refused").iterdir())


def test_what_is_guessed_of_a_file_is_told_when_it_arrives(project: Path) -> None:
    Path("data/incoming/spam/sms-6.csv").write_text("id;text;group\n1;hello;a\n2;you;b\n")
    found = arrive(Project.open(project), "spam")
    assert "sms-6.csv: cells are separated by ';'; another with --delimiter (ingest.delimiter)" in found.notes
    assert "sms-6.csv has no column 'label' (ingest.gold): its rows have no labels by people" in found.notes


def test_names_are_sorted_as_people_count() -> None:
    assert sorted(["m²", "²"], key=natural)  # a power is no number
    assert sorted(["b-10", "b-9", "a-11", "b", "9"], key=natural) == ["9", "a-11", "b", "b-9", "b-10"]


@pytest.mark.slow
def test_batches_that_are_there_are_left_alone_and_the_result_is_that_of_a_run_from_scratch(project: Path) -> None:
    arrive(Project.open(project), "spam")
    add_batches(SPAM, CHOSEN, PATHS)
    before = {path: Path(path).stat().st_mtime_ns for path in files()}
    put("sms-30", "a new text of today", "where are you my friend!")
    arrive(Project.open(project), "spam")
    add_batches(SPAM, CHOSEN, PATHS)
    assert {path: Path(path).stat().st_mtime_ns for path in before} == before
    step_by_step = files()
    for path in step_by_step:
        Path(path).unlink()
    add_batches(SPAM, CHOSEN, PATHS)
    assert files() == step_by_step
    report = IngestReport.read(PATHS.reports / "ingest.json")
    assert report.batches["sms-30"].near_duplicates == 1
    assert report.rows == 5


def test_sources_of_batches_that_are_there_are_not_needed_any_more(project: Path) -> None:
    arrive(Project.open(project), "spam")
    add_batches(SPAM, CHOSEN, PATHS)
    Path("data/incoming/spam/sms-2.jsonl").unlink()
    add_batches(SPAM, CHOSEN, PATHS)


def test_a_batch_out_of_the_manifest_goes_and_those_after_it_are_made_again(project: Path) -> None:
    put("sms-2", "call me when you get home!", "where are you my friend")
    put("sms-10", "call me when you get home", "nobody is here but me")
    arrive(Project.open(project), "spam")
    add_batches(SPAM, CHOSEN, PATHS)
    assert pl.read_parquet(PATHS.raw / "sms-10.parquet")["text"].to_list() == ["nobody is here but me"]
    Manifest(batches=Manifest.read(PATHS.manifest).batches[1:]).write(PATHS.manifest)
    add_batches(SPAM, CHOSEN, PATHS)
    assert sorted(path.name for path in PATHS.raw.iterdir()) == ["email-1.parquet", "sms-10.parquet"]
    assert pl.read_parquet(PATHS.raw / "sms-10.parquet").height == 2


def test_a_source_that_changed_since_it_arrived_is_refused(project: Path) -> None:
    arrive(Project.open(project), "spam")
    put("sms-10", "call me never again")
    with pytest.raises(DataError, match=r"sms-10.jsonl changed since it arrived as batch 'sms-10'"):
        add_batches(SPAM, CHOSEN, PATHS)
    assert files() == {}


def test_other_settings_make_every_batch_again_but_where_files_come_from_does_not_matter(project: Path) -> None:
    arrive(Project.open(project), "spam")
    add_batches(SPAM, CHOSEN, PATHS)
    before = files()
    add_batches(SPAM, CHOSEN.model_copy(update={"incoming": "elsewhere", "batch_order": ()}), PATHS)
    assert files() == before
    add_batches(SPAM, CHOSEN.model_copy(update={"near_similarity": 0.9}), PATHS)
    assert files() != before


def test_a_torn_or_lost_file_is_made_again(project: Path) -> None:
    arrive(Project.open(project), "spam")
    add_batches(SPAM, CHOSEN, PATHS)
    before = files()
    (PATHS.raw / "sms-2.parquet").write_bytes(b"PAR1 torn")
    (PATHS.gold / "sms-10.parquet").unlink()
    (PATHS.raw / ".sms-2.parquet.77.part").write_bytes(b"torn")
    add_batches(SPAM, CHOSEN, PATHS)
    assert files() == before
    assert not list(PATHS.raw.glob(".*"))


def test_a_bad_row_or_a_failed_suite_leaves_what_was_there(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(Project.open(project), "spam")
    add_batches(SPAM, CHOSEN, PATHS)
    before = files()
    put("sms-11", "fine and well", "nothing amiss")
    arrive(Project.open(project), "spam")
    demanding = CHOSEN.model_copy(update={"meta": {"label": "int"}, "gold": None})
    with pytest.raises(DataError, match=r"line 1: column 'label' is 'ham', not int"):
        add_batches(SPAM, demanding, PATHS)
    assert files() == before

    def fails(*_: Any, **__: Any) -> None:
        raise SuiteError("raw: column 'text'")

    monkeypatch.setattr(batches, "check_expectations", fails)
    Manifest(batches=Manifest.read(PATHS.manifest).batches[:3]).write(PATHS.manifest)
    (PATHS.raw / "sms-2.parquet").unlink()
    with pytest.raises(SuiteError):
        add_batches(SPAM, CHOSEN, PATHS)
    assert not (PATHS.raw / "sms-2.parquet").exists()


def test_an_empty_or_doubled_manifest_is_told(project: Path) -> None:
    with pytest.raises(DataError, match="no batch has arrived; run `tidemill arrive spam`"):
        add_batches(SPAM, CHOSEN, PATHS)
    entry = {"batch": "a", "source": "x", "sha256": "y"}
    PATHS.manifest.write_text(json.dumps({"batches": [entry, entry]}))
    with pytest.raises(DataError, match="batch 'a' is there twice"):
        add_batches(SPAM, CHOSEN, PATHS)
    PATHS.manifest.write_text('{"batches": [{"name": "a"}]}')
    with pytest.raises(DataError, match=r"field batches\.0\.batch is missing.*git checkout"):
        add_batches(SPAM, CHOSEN, PATHS)


def put_links(name: str, *links: int | None) -> None:
    rows = [
        {"id": f"{name}-{n}", "text": f"{name} text {n} with words", "label": "ham", "group": name, "links": link}
        for n, link in enumerate(links)
    ]
    Path("data/incoming/spam", f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def with_links(actions: dict[str, str]) -> None:
    """The project with a metadata column, and what is done about broken data."""
    chosen = settings(incoming="data/incoming/spam", meta={"links": "int"}, slices=("group",))
    content = {
        "problem": SPAM.model_dump(mode="json"),
        "ingest": chosen.model_dump(mode="json"),
        "monitor": monitor_settings(actions=actions).model_dump(mode="json"),
    }
    Path("params.yaml").write_text(yaml.safe_dump({"problems": ["spam"], "spam": content}))
    for file in Path("data/incoming/spam").iterdir():
        file.unlink()
    put_links("day-1", *range(30))
    assert arrive(Project.open(Path.cwd()), "spam").batches == ["day-1"]
    add_batches(SPAM, chosen, Paths("spam", Path.cwd(), Path.cwd()))


def test_a_batch_that_lost_its_metadata_is_set_aside_whole_the_others_go_on_and_a_mended_one_is_taken(project: Path):
    with_links({"data_broken": "stop"})
    put_links("day-2", *[None] * 25, *range(5))
    put_links("day-3", *range(30))
    here = Project.open(project)
    first = arrive(here, "spam")
    assert first.batches == ["day-3"]
    assert [one.source for one in first.refused] == ["data/incoming/spam/day-2.jsonl"]
    assert "day-2: column links is null in 83% of 30 rows" in first.refused[0].reason
    assert [one.is_new for one in first.refused] == [True]
    again = arrive(here, "spam", retry=True)
    assert (again.batches, [one.is_new for one in again.refused]) == ([], [False])
    put_links("day-2", *range(30))
    assert arrive(here, "spam").batches == ["day-2"]


def test_of_looks_at_once_one_takes_a_source_in(project: Path) -> None:
    arrive(Project.open(project), "spam")
    for number in range(6):
        put(f"more-{number}", f"the text of number {number} and no other", start=number)
    with ThreadPoolExecutor(4) as pool:
        done = [looked.result() for looked in [pool.submit(arrive, Project.open(project), "spam") for _ in range(4)]]
    assert sorted(name for result in done for name in result.batches) == [f"more-{number}" for number in range(6)]
    assert len(Manifest.read(PATHS.manifest).batches) == 9


def test_what_is_allowed_or_not_asked_about_is_taken(project: Path):
    with_links({"data_broken": "stop"})
    put_links("day-2", *[None] * 15, *range(15))  # half, as is allowed
    put_links("day-4", *[None] * 19)  # too few rows to tell
    here = Project.open(project)
    assert arrive(here, "spam").batches == ["day-2", "day-4"]
    put_links("day-5", *[None] * 30)
    assert arrive(here, "spam").batches == []
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["spam"]["monitor"]["actions"] = {"data_broken": "nothing"}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    assert arrive(here, "spam", retry=True).batches == ["day-5"]


def test_a_file_that_is_in_the_main_checkout_alone_is_named_where_it_is(project: Path) -> None:
    arrive(Project.open(project), "spam")
    Path("dvc.yaml").touch()
    Path(".gitignore").write_text("/data/incoming/\n")
    own = project.with_name("feature")
    git("init", "-q", folder=project)
    git("add", ".gitignore", "dvc.yaml", "params.yaml", str(PATHS.manifest), folder=project)
    git("-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-q", "-m", "x", folder=project)
    git("worktree", "add", "-q", "-b", "feature", str(own), folder=project)
    here, there = own / "data/incoming/spam", project / "data/incoming/spam"
    problem, chosen, paths = Project.open(own).load("spam", "ingest", IngestSettings)
    with pytest.raises(DataError) as error:
        add_batches(problem, chosen, paths)
    assert f"the main checkout has it as {there / 'sms-2.jsonl'}: `mkdir -p {here} && cp -r" in str(error.value)
    for name in ("sms-2", "sms-10", "email-1"):
        here.mkdir(parents=True, exist_ok=True)
        (here / f"{name}.jsonl").write_bytes((there / f"{name}.jsonl").read_bytes())
    add_batches(problem, chosen, paths)


@pytest.mark.parametrize("linked", ["data/incoming/spam", "data/incoming"])
def test_sources_behind_a_link_keep_their_names_in_the_project(project: Path, linked: str) -> None:
    here = Project.open(project)
    before = arrive(here, "spam").batches
    share = project.with_name(f"{project.name}-share")
    Path(linked).rename(share)
    Path(linked).symlink_to(share)
    put("sms-11", "another friend of mine")
    done = arrive(here, "spam")
    assert (len(before), done.batches, done.refused) == (3, ["sms-11"], [])
    assert [entry.source for entry in done.entries] == ["data/incoming/spam/sms-11.jsonl"]


def test_sources_that_an_earlier_version_took_in_by_the_absolute_path_of_a_link_are_known(project: Path) -> None:
    here, share = Project.open(project), project.with_name(f"{project.name}-share")
    arrive(here, "spam")
    Path("data/incoming/spam").rename(share)
    Path("data/incoming/spam").symlink_to(share)
    PATHS.manifest.write_text(PATHS.manifest.read_text().replace("data/incoming/spam", str(share)))
    done = arrive(here, "spam")
    assert (done.batches, done.refused) == ([], [])


def test_links_in_a_circle_and_pipes_are_refused_and_the_others_are_taken(project: Path) -> None:
    Path("data/incoming/spam/circle.csv").symlink_to("circle.csv")
    os.mkfifo("data/incoming/spam/pipe.csv")
    found = arrive(Project.open(project), "spam")
    assert found.batches == ["sms-2", "sms-10", "email-1"]
    reasons = {Path(one.source).name: one.reason for one in found.refused}
    assert "circle.csv is missing" in reasons["circle.csv"]
    assert "pipe.csv is no file but a pipe or a device" in reasons["pipe.csv"]


def test_batches_that_were_made_before_there_were_candidates_are_not_made_again() -> None:
    """What marks them is as it was: a setting that is not there is no part of it."""
    assert "candidates" not in _settings_mark(SPAM, CHOSEN)
