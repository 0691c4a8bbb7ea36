"""The studio as an expert meets it who has never seen YAML: from an empty project to models in production, in a browser alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.end_to_end.conftest import BIN, prefect_settings, run
from tests.end_to_end.test_ui import CHROMIUM, FLAGS
from tidemill.project.gold_history import GoldHistory
from tidemill.project.project import Project
from tidemill.runs.git import git
from tidemill.runs.model_registry import read_registry

pytestmark = pytest.mark.slow
MINUTE = 60_000
"""A limit to wait until, never a speed that is asked for."""
QUICK = "train=head"
"""Of a whole run: it trains for seconds, which is no less a model."""
SELECT_WORD = """(word) => {
  const row = [...document.querySelectorAll('[data-row] .text')].find((one) => one.textContent.toLowerCase().includes(word));
  row.scrollIntoView({block: 'center'});
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.data.toLowerCase().indexOf(word);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(walker.currentNode, at);
    range.setEnd(walker.currentNode, at + word.length);
    const box = range.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  }
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Path:
    """A project without a problem, as `tidemill init` makes it, with the backbones at hand; each test makes a problem of its own."""
    outside = tmp_path_factory.mktemp("studio")
    run("tidemill", "init", "mine", folder=outside)
    made = outside / "mine"
    (made / "data/packages").mkdir(parents=True, exist_ok=True)
    for name in ("minilm", "efficientnet-lite0"):
        (made / "data/packages" / name).symlink_to(packages / name)
    return made


@pytest.fixture(scope="module")
def page(folder: Path) -> Iterator[Page]:
    """The studio of that project in a browser, which asks no other machine for anything."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PREFECT", "DVC"))}
    environment |= {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **prefect_settings()}
    words = [sys.executable, "-P", "-m", "tidemill", "studio", "--port", "0", "--no-browser"]
    with (
        subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, text=True, env=environment) as server,
        sync_playwright() as playwright,
    ):
        assert server.stderr is not None
        found = re.search(r"http://\S+", server.stderr.readline())
        assert found is not None
        address = found[0].rstrip(";")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        one = browser.new_page(viewport={"width": 1280, "height": 900})
        one.set_default_timeout(2 * MINUTE)
        expect.set_options(timeout=2 * MINUTE)
        elsewhere, broken = [], []
        one.on("pageerror", lambda error: broken.append(str(error)))
        one.on(
            "request", lambda asked: None if asked.url.startswith((address, "data:")) else elsewhere.append(asked.url)
        )
        one.goto(address)
        yield one
        assert (elsewhere, broken) == ([], [])
        browser.close()
        server.terminate()


def write_messages(path: Path, packages: Path) -> Path:
    """CSV of 200 short messages, of which three in four have a label."""
    read = pl.read_csv(packages / "sms/sms-spam.csv").unique("text", maintain_order=True)
    both = pl.concat([read.filter(pl.col("spam") == is_spam).head(100) for is_spam in (0, 1)])
    mixed = both.sample(fraction=1, shuffle=True, seed=1).with_row_index("place")
    name = pl.when(pl.col("spam") == 1).then(pl.lit("spam")).otherwise(pl.lit("ham"))
    label = pl.when(pl.col("place") % 4 != 0).then(name).alias("label")
    mixed.select("text", label, pl.col("text").str.len_chars().alias("characters")).write_csv(path)
    return path


def make_problem(page: Page, name: str, file: Path, metadata: str | None = None) -> None:
    """Upload a file, look at what will be taken, and make the problem."""
    page.goto(page.url.partition("#")[0])
    page.get_by_text("No problem yet").or_(page.get_by_text("Waiting for a person")).first.wait_for()
    page.get_by_role("link", name="New problem").click()
    page.get_by_label("File on this computer").set_input_files(file)
    page.locator("[data-taken]").wait_for()
    if metadata:
        page.get_by_label(f"Use of {metadata}").select_option("meta")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create the problem").click()
    page.get_by_role("heading", name=f"{name} is made").wait_for()


def start(page: Page, button: str, settings: str = "") -> Locator:
    """Start a run and follow it to its end; each stage was seen to do something."""
    if settings:
        page.get_by_text("Settings of this run only").click()
        page.get_by_label("KEY=VALUE").fill(settings)
    page.get_by_role("button", name=button, exact=True).click()
    page.locator("[data-run=running]").wait_for()
    ended = page.locator("[data-run]:not([data-run=running])")
    ended.or_(page.locator("[data-stage=label]")).first.wait_for()
    ended.wait_for(timeout=12 * MINUTE)
    assert ended.get_attribute("data-run") == "done", ended.inner_text()
    return ended


def commit(page: Page, message: str) -> None:
    """Commit what the page lists as not committed."""
    waiting = page.get_by_role("region", name="Not committed")
    waiting.get_by_label("Message").fill(message)
    waiting.get_by_role("button", name="Commit").click()
    waiting.wait_for(state="detached")


def editor(page: Page) -> Locator:
    return page.get_by_role("region", name="Editor")


def save(page: Page) -> str:
    """Save the function of the editor once its preview is there; give its name."""
    expect(editor(page).locator("[aria-live]")).to_have_attribute("aria-busy", "false")
    editor(page).get_by_text("rows gained").wait_for()
    name = editor(page).get_by_label("Name").input_value()
    editor(page).get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text(f"Saved {name} in").wait_for()
    return name


def select_word(page: Page, word: str) -> None:
    """Double-click a word in the text of a row, as one does to select it."""
    page.get_by_label("Search", exact=True).fill(word)
    page.locator("[data-row] .text").filter(has_text=re.compile(rf"\b{word}\b", re.IGNORECASE)).first.wait_for()
    page.mouse.dblclick(*page.evaluate(SELECT_WORD, word))


def write_functions(page: Page) -> list[str]:
    """Write functions of selected words, of a suggestion and of a bar, each looked at before it is saved."""
    select_word(page, "claim")
    page.get_by_role("button", name=re.compile("New function of the words")).click()
    editor(page).get_by_label("Votes for").select_option("spam")
    select_word(page, "prize")
    page.get_by_role("button", name="Add them to says_claim").click()
    expect(editor(page).get_by_label("Words, one on each line")).to_have_value("claim\nprize")
    names = [save(page)]
    page.get_by_role("button", name="Suggest functions").click()
    page.get_by_role("button", name="Open in the editor").first.click()
    names.append(save(page))
    page.get_by_text("Other columns of the rows").click()
    page.locator("select[name=shown_column]").select_option("characters")
    page.locator("svg.chart g[role=button]").first.click()
    editor(page).get_by_role("spinbutton", name="less than").fill("40")
    editor(page).get_by_role("spinbutton", name="at least").fill("")
    editor(page).get_by_label("Votes for").select_option("ham")
    expect(editor(page).get_by_label("YAML of the function")).to_have_value(re.compile(r"below: 40[\s\S]*vote: .?ham"))
    names.append(save(page))
    return names


def promote(page: Page) -> None:
    """See the newest model into production: the gate decides, or a person with a reason."""
    decision = page.get_by_role("region", name="Decision")
    kept = page.get_by_text("Put the newest model into production all the same")
    promoted = page.locator("[data-version='v1.1.0']")
    decision.or_(kept).or_(promoted).first.wait_for()
    if promoted.count():
        return
    if kept.count():
        kept.click()
    asked = decision if decision.count() else page.locator("details[aria-label=Promote]")
    asked.get_by_label("Reason").fill("it knows short messages")
    asked.get_by_role("button", name=re.compile("Approve|Promote")).click()
    promoted.get_by_text("in production").wait_for()


def roll_back(page: Page) -> None:
    """Compare the two versions, and put the first into production again."""
    page.get_by_label("Compare").select_option("v1.0.0")
    page.get_by_role("button", name="Show what differs").click()
    page.locator("[data-diff]").get_by_text("From sms@v1.0.0 to sms@v1.1.0").or_(
        page.locator("[data-diff]").get_by_text("From v1.0.0 to v1.1.0")
    ).first.wait_for()
    assert "functions.yaml" in page.locator("[data-diff]").inner_text()
    page.locator("[data-version='v1.0.0']").get_by_role("button", name="Roll back to it").click()
    asked = page.get_by_role("region", name="Versions")
    asked.get_by_text("Put v1.0.0 into production again?").wait_for()
    asked.get_by_label("Reason").fill("the new one is too strict")
    asked.get_by_role("button", name="Roll back", exact=True).click()
    page.locator("[data-version='v1.0.0']").get_by_text("in production", exact=False).first.wait_for()


def label(page: Page, count: int) -> dict[str, str]:
    """Label rows by keys alone; give the labels by row."""
    asked = page.get_by_role("region", name="Row to label")
    given = {}
    for place in range(count):
        row = asked.get_attribute("data-row") or ""
        given[row] = ("ham", "spam")[place % 2]
        page.keyboard.press(str(place % 2 + 1))
        page.locator(f"[data-row='{row}']").wait_for(state="detached")
    return given


def test_from_a_csv_to_a_champion_a_rollback_and_labels(page: Page, folder: Path, packages: Path, tmp_path: Path):
    page.get_by_text("No problem yet").wait_for()
    make_problem(page, "sms", write_messages(tmp_path / "messages.csv", packages), metadata="characters")
    page.get_by_role("link", name="let its functions vote").click()
    start(page, "Up to the labels")
    page.get_by_role("link", name="sms", exact=True).click()
    names = write_functions(page)
    commit(page, "words of prizes; short messages are ham")
    page.get_by_role("link", name="Runs and versions").click()
    start(page, "Run", QUICK)
    page.locator("[data-version='v1.0.0']").get_by_text("in production").wait_for()

    page.get_by_role("link", name="sms", exact=True).click()
    page.get_by_role("button", name="says_claim", exact=True).first.click()
    editor(page).get_by_label("Words, one on each line").fill("claim\nprize\nfree\ncash")
    editor(page).get_by_text(re.compile("Gained: ")).wait_for()
    save(page)
    commit(page, "free and cash speak too")
    page.get_by_role("link", name="Runs and versions").click()
    start(page, "Run", QUICK)
    promote(page)
    roll_back(page)

    page.get_by_role("link", name="sms", exact=True).click()
    page.get_by_role("link", name="Label rows by hand").click()
    given = label(page, 20)
    page.get_by_text("20 labels given on this page").wait_for()
    expect_in_gold(folder, given)
    functions = yaml.safe_load((folder / "src/problems/sms/functions.yaml").read_text(encoding="utf-8"))["functions"]
    assert {one["name"] for one in functions} >= set(names)
    registry = read_registry(Project.open(folder), "sms")
    assert (registry.champion, list(registry.versions)) == ("sms@v1.0.0", ["sms@v1.0.0", "sms@v1.1.0"])
    assert git("log", "--format=%s", "--grep=speak too", folder=folder) == "free and cash speak too"


def expect_in_gold(folder: Path, given: dict[str, str]) -> None:
    """The labels count, each with who gave it and when."""
    counting = GoldHistory.read(folder / "data/sms/gold_history.jsonl").counting
    assert {row: one.label for row, one in counting.items()} == given
    assert len({one.who for one in counting.values()} - {""}) == 1
    assert all(one.when for one in counting.values())


def write_pictures(path: Path, packages: Path) -> Path:
    """ZIP archive of 40 pictures of solar cells, in a folder for each class."""
    lines = [line.split() for line in (packages / "elpv/labels.csv").read_text(encoding="utf-8").splitlines()]
    with zipfile.ZipFile(path, "w") as packed:
        for probability, name in (("0.0", "functional"), ("1.0", "defective")):
            for file, *_ in [line for line in lines if line[1] == probability][:20]:
                packed.write(packages / "elpv" / file, f"cells/{name}/{Path(file).name}")
    return path


def drag_a_limit(page: Page) -> float:
    """Set a limit by a click into the distribution, drag its line to the middle, and move it on by a key."""
    page.get_by_role("button", name="New function").click()
    editor(page).get_by_text("40 rows. Colours").wait_for()  # all have been measured
    editor(page).locator("svg.chart g[role=button]").nth(4).click()
    handle = editor(page).locator("[data-limit=above]")
    limit = editor(page).get_by_role("spinbutton", name="greater than")
    begun = float(limit.input_value())
    chart, line = editor(page).locator("svg.chart").bounding_box(), handle.bounding_box()
    assert chart is not None
    assert line is not None
    page.mouse.move(line["x"] + line["width"] / 2, line["y"] + line["height"] / 2)
    page.mouse.down()
    page.mouse.move(chart["x"] + chart["width"] / 2, line["y"] + 20, steps=5)
    page.mouse.up()
    dragged = float(limit.input_value())
    handle.press("ArrowRight")
    moved = float(limit.input_value())
    assert begun < dragged < moved
    return moved


def test_from_pictures_to_the_votes_of_a_limit_that_was_dragged(
    page: Page, folder: Path, packages: Path, tmp_path: Path
):
    make_problem(page, "cells", write_pictures(tmp_path / "cells.zip", packages))
    page.get_by_role("link", name="let its functions vote").click()
    start(page, "Up to the labels")
    page.get_by_role("link", name="cells", exact=True).click()
    limit = drag_a_limit(page)
    editor(page).get_by_label("Name").fill("glows")
    editor(page).get_by_label("Votes for").select_option("functional")
    expect(editor(page).get_by_label("YAML of the function")).to_have_value(re.compile(r"name: glows[\s\S]*functional"))
    save(page)
    functions = yaml.safe_load((folder / "src/problems/cells/functions.yaml").read_text(encoding="utf-8"))["functions"]
    glows = {"name": "glows", "kind": "threshold", "column": "image.mean", "vote": "functional", "above": limit}
    assert functions[-1] == glows
    page.get_by_role("link", name="Runs and versions").click()
    start(page, "Up to the labels")
    page.get_by_role("link", name="cells", exact=True).click()
    page.get_by_role("button", name="glows", exact=True).first.click()
    row = page.locator("[data-row]").filter(has_text=re.compile(r"image\.mean \d")).first
    row.locator("img").wait_for()
    shown = re.search(r"image\.mean (\S+?)(,|$|\s)", row.inner_text())
    assert shown is not None
    assert float(shown[1]) >= round(limit, 3)
    row.get_by_role("button", name="Why this label?").click()
    row.get_by_role("cell", name="glows", exact=True).wait_for()
