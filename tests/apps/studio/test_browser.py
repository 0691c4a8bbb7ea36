"""The studio as a person meets it: a real server and a real browser."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml
from playwright.sync_api import expect

from tests.apps.studio.test_results import judged
from tests.apps.workbench.conftest import _run_stages
from tests.end_to_end.test_ui import CHROMIUM, FLAGS
from tidemill.label.conditions.registry import KINDS
from tidemill.project.gold_history import GoldHistory
from tidemill.project.project import Project
from tidemill.runs.git import git
from tidemill.runs.plan import Step
from tidemill.runs.run_progress import begin_progress, note_stage

pytestmark = pytest.mark.slow
PLANTED = "<img src=x onerror=planted=1>"


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Path:
    """Where the project of each test is, with one server for all of them."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture
def copied(project: Path, served: Path) -> Path:
    """A project that a test may change: it is what it was when the next test begins."""
    while left := list(served.iterdir()):  # the server may still ask git for a page that was closed
        for one in left:
            shutil.rmtree(one, ignore_errors=True) if one.is_dir() else one.unlink(missing_ok=True)
    shutil.copytree(project, served, dirs_exist_ok=True)
    return served


@pytest.fixture(scope="module")
def address(project: Path, served: Path) -> Iterator[str]:
    """A server of the copied project on a free port."""
    shutil.copytree(project, served, dirs_exist_ok=True)
    words = [sys.executable, "-m", "tidemill", "studio", "--port", "0", "--no-browser"]
    with subprocess.Popen(words, cwd=served, stderr=subprocess.PIPE, text=True, env=os.environ) as server:
        found = re.search(r"http://\S+", server.stderr.readline())
        yield found[0].rstrip(";")
        server.terminate()


@pytest.fixture(scope="module")
def browser():
    assert CHROMIUM is not None, "install chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield one
        one.close()


@pytest.fixture
def page(address, browser, copied):
    one = browser.new_page(viewport={"width": 1280, "height": 900})
    elsewhere, broken = [], []
    one.on("pageerror", lambda error: broken.append(str(error)))
    one.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else elsewhere.append(asked.url))
    one.goto(address)
    yield one
    assert (elsewhere, broken) == ([], [])
    one.close()


def test_a_function_is_edited_previewed_and_saved(page, copied):
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_role("button", name="says_prize").click()
    editor = page.get_by_role("region", name="Editor")
    editor.get_by_text("rows gained").wait_for()
    editor.get_by_label("Words, one on each line").fill("prize\nmoney")
    money = pl.read_parquet(copied / "data/mail/raw/b.parquet")["text"].str.contains("money").sum()
    editor.get_by_text(f"Gained: {money} rows").wait_for()
    assert "words: [prize, money]" in editor.get_by_label("YAML of the function").input_value().replace('"', "")
    editor.get_by_role("button", name="Save").click()
    page.get_by_text("Saved says_prize in src/problems/mail/f.yaml").wait_for()
    functions = yaml.safe_load((copied / "src/problems/mail/f.yaml").read_text())["functions"]
    assert functions[0] == {"name": "says_prize", "kind": "keywords", "words": ["prize", "money"], "vote": "spam"}
    waiting = page.get_by_role("region", name="Not committed")
    waiting.get_by_text("src/problems/mail/f.yaml").wait_for()
    waiting.get_by_label("Message").fill("money speaks too")
    waiting.get_by_role("button", name="Commit").click()
    waiting.wait_for(state="detached")
    assert git("log", "-1", "--format=%s", "--name-only", folder=copied).split("\n\n") == [
        "money speaks too",
        "src/problems/mail/f.yaml",
    ]
    page.set_viewport_size({"width": 640, "height": 450})  # 1280 pixels at 200%
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_rows_are_labeled_by_the_keyboard_skipped_and_taken_back(page, copied):
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_role("link", name="Label rows by hand").click()
    asked = page.get_by_role("region", name="Row to label")
    given: dict[str, str] = {}
    for place in range(20):
        row = asked.get_attribute("data-row")
        if place == 3:
            page.keyboard.press("s")
        else:
            given[row] = ("ham", "spam")[place % 2]
            page.keyboard.press(str(place % 2 + 1))
        page.locator(f"[data-row={row}]").wait_for(state="detached")
    page.get_by_text("19 of 240 rows have a label").wait_for()
    history = copied / "data/mail/gold_history.jsonl"
    assert {row: one.label for row, one in GoldHistory.read(history).counting.items()} == given
    page.keyboard.press("u")
    page.get_by_text("18 of 240 rows have a label").wait_for()
    given.popitem()
    assert {row: one.label for row, one in GoldHistory.read(history).counting.items()} == given


def opened(page, address):
    """The label page of the problem mail, in a tab of its own."""
    page.goto("about:blank")
    page.goto(f"{address.rstrip('/')}/#/mail/label")
    return page.get_by_role("region", name="Row to label")


def said(copied) -> list[tuple[str, str | None, str | None]]:
    answers = GoldHistory.read(copied / "data/mail/gold_history.jsonl").answers
    return [(one.row_id, one.label, one.who) for one in answers]


def test_a_key_that_is_held_and_a_double_click_answer_one_row(page, copied, address):
    asked = opened(page, address)
    asked.wait_for()
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_text("240 of 240 rows").wait_for()
    page.go_back()
    skipped = asked.get_attribute("data-row")
    page.get_by_role(
        "button", name="Skip", exact=False
    ).click()  # where the page that was left is, which listens to no key
    page.locator(f"[data-row={skipped}]").wait_for(state="detached")
    rows = []
    for key in ("2", "Enter"):  # a class, and the button of the first class
        rows.append(asked.get_attribute("data-row"))
        for _ in range(3):
            page.keyboard.down(key)  # from the second time on as of a key that is held
            page.locator(f"[data-row={rows[-1]}]").wait_for(state="detached")
        page.keyboard.up(key)
    clicks = """([time, place]) => {
        const event = new MouseEvent("click", { detail: 1, bubbles: true, clientX: 9, clientY: 9 });
        Object.defineProperty(event, "timeStamp", { value: time });
        document.querySelectorAll(".classes button")[place].dispatchEvent(event);
    }"""
    for time, place in ((0, 1), (100, 0), (1000, 1)):  # the second is the second half of a double click
        if time != 100:
            rows.append(asked.get_attribute("data-row"))
        page.evaluate(clicks, [time, place])
        page.locator(f"[data-row={rows[-1]}]").wait_for(state="detached")
    page.get_by_text("4 labels given on this page").wait_for()
    labels = ("spam", "ham", "spam", "spam")
    assert [(row_id, label) for row_id, label, _ in said(copied)] == list(zip(rows, labels, strict=True))


def test_a_page_that_is_loaded_again_and_a_studio_that_is_started_again_lose_nothing(page, copied, address):
    asked = opened(page, address)
    first = asked.get_attribute("data-row")
    page.get_by_label("Your id").fill("r07")
    page.get_by_label("Your id").blur()
    page.keyboard.press("1")
    page.locator(f"[data-row={first}]").wait_for(state="detached")
    skipped = asked.get_attribute("data-row")
    page.keyboard.press("s")
    page.reload()
    page.get_by_text("1 labels given on this page").wait_for()
    assert asked.get_attribute("data-row") not in {first, skipped}
    page.keyboard.press("u")
    page.locator(f"[data-row={first}]").wait_for()
    assert said(copied)[-1][1] is None
    page.get_by_label("Note").fill("kept")
    page.get_by_label("Note").blur()
    page.route("**/labels", lambda route: route.abort())
    page.keyboard.press("2")
    page.get_by_text("does not answer").wait_for()
    assert page.get_by_label("Note").input_value() == "kept"
    page.unroute("**/labels")
    stale = iter([True])

    def of_an_earlier_start(route) -> None:
        headers = route.request.headers | ({"x-tidemill-csrf": "old"} if next(stale, False) else {})
        route.continue_(headers=headers)

    page.route("**/labels", of_an_earlier_start)
    page.keyboard.press("2")
    page.locator(f"[data-row={first}]").wait_for(state="detached")
    [given] = GoldHistory.read(copied / "data/mail/gold_history.jsonl").valid
    assert (given.row_id, given.label, given.who, given.note) == (first, "spam", "r07", "kept")


def test_two_people_are_asked_different_rows_and_undo_their_own_answers(page, browser, copied, address):
    one, other = opened(page, address), browser.new_page()
    asked = opened(other, address)
    rows = one.get_attribute("data-row"), asked.get_attribute("data-row")
    assert rows[0] != rows[1]
    for place, at in enumerate((page, other)):
        at.get_by_label("Your id").fill(f"r0{place}")
        at.get_by_label("Your id").blur()
        at.keyboard.press("12"[place])
        at.locator(f"[data-row={rows[place]}]").wait_for(state="detached")
    page.keyboard.press("u")
    page.locator(f"[data-row={rows[0]}]").wait_for()
    assert said(copied)[:2] == [(rows[0], "ham", "r00"), (rows[1], "spam", "r01")]
    assert [answer.who for answer in GoldHistory.read(copied / "data/mail/gold_history.jsonl").valid] == ["r01"]
    other.close()


def test_odd_texts_are_shown_as_they_are_and_a_page_that_was_left_is_not_drawn_again(page, address):
    texts = ["<b>bold</b><script>window.planted = 1</script>", "مرحبا بالعالم", "x" * 20_000, ""]
    held = []

    def odd(route) -> None:
        content = route.fetch().json()
        content["rows"] = [row | {"text": text} for row, text in zip(content["rows"], texts, strict=False)]
        held.append(lambda: route.fulfill(json=content))

    page.route("**/labels/next", odd)
    with page.expect_request("**/labels/next"):
        opened_again = opened(page, address)
    while not held:
        page.wait_for_timeout(20)
    held.pop()()
    for text in texts:
        shown = opened_again.locator(".text")
        expect(shown).to_have_text(text or "(no text)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        direction = shown.evaluate("(node) => getComputedStyle(node).direction")
        assert direction == ("rtl" if text.startswith("م") else "ltr")
        page.keyboard.press("s")
    assert page.evaluate("window.planted") is None
    while not held:
        page.wait_for_timeout(20)
    page.get_by_role("link", name="Skip to the content").press("Enter")
    assert page.evaluate("document.activeElement.id") == "page"
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_role("heading", name="mail", exact=True).wait_for()
    held.pop()()
    page.keyboard.press("1")  # a class on the page that was left
    page.get_by_text("240 of 240 rows").wait_for()
    assert page.get_by_role("heading", name="Label mail").count() == 0


def test_a_suggestion_is_opened_in_the_editor_and_saved_by_a_person_alone(page, copied):
    before = (copied / "src/problems/mail/f.yaml").read_text()
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_role("button", name="Suggest functions").click()
    page.get_by_role("button", name="Open in the editor").first.click()
    editor = page.get_by_role("region", name="Editor")
    editor.get_by_text("Gained:").wait_for()
    assert (copied / "src/problems/mail/f.yaml").read_text() == before
    editor.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text("in src/problems/mail/f.yaml").wait_for()
    assert (copied / "src/problems/mail/f.yaml").read_text().startswith(before.rstrip())


@pytest.fixture
def planted(copied):
    """Markup in texts, and in the names of a class, a file, functions and a batch."""
    params = (copied / "params.yaml").read_text()
    content = yaml.safe_load(params)
    content["mail"]["problem"]["classes"] = ["ham", PLANTED]
    (copied / "params.yaml").write_text(yaml.safe_dump(content))
    raw, batches = copied / "data/mail/raw/b.parquet", copied / "data/mail/batches.json"
    marked = pl.when(pl.col("links") > 0).then(pl.lit(f"prize {PLANTED}<script>planted=1</script>")).otherwise("text")
    texts = pl.read_parquet(raw).with_columns(marked.alias("text"), pl.lit(PLANTED).alias("batch"))
    functions = copied / "src/problems/mail"
    for table in ("raw", "dev", "features", "seen"):
        (copied / f"data/mail/{table}/b.parquet").rename(copied / f"data/mail/{table}/{PLANTED}.parquet")
    texts.write_parquet(raw.with_name(f"{PLANTED}.parquet"))
    batches.write_text(batches.read_text().replace('"b"', f'"{PLANTED}"'))
    (functions / "f.py").unlink()
    (functions / "f.yaml").unlink()
    whole = [
        {"name": PLANTED, "kind": "keywords", "words": ["prize", PLANTED], "vote": PLANTED},
        {"name": "b", "kind": "threshold", "column": "links", "below": 1, "vote": "ham"},
        {"name": "c", "kind": "keywords", "words": ["lunch"], "vote": "ham"},
    ]
    (functions / f"{PLANTED}.yaml").write_text(yaml.safe_dump({"functions": whole}, width=1000))
    _run_stages(copied)
    return copied


@pytest.fixture
def reported(planted):
    """Markup in what a run says too: in its error, in reasons of the gate, and beside a file on the server."""
    project = Project.open(planted)
    begin_progress(project, "mail", [Step("label@mail", (), changed=True)], flow_run=PLANTED)
    note_stage(project, "label@mail", "failed", error=f"row 1: {PLANTED}")
    judged(planted, 0.5, reason=PLANTED)
    (planted / "data/incoming" / PLANTED).mkdir(parents=True)
    return planted


def seen(page) -> str:
    """Text of the page, in which nothing has become an element or has run."""
    assert page.evaluate("window.planted") is None
    assert page.locator("main img, main script").count() == 0
    return page.inner_text("body")


def edit_what_is_planted(page) -> str:
    page.get_by_role("button", name=PLANTED, exact=True).first.click()
    page.get_by_role("region", name="Editor").get_by_text("rows gained").wait_for()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name=f"Delete {PLANTED}").wait_for()
    shown = seen(page)
    page.get_by_label("YAML of the function").fill(f"name: '{PLANTED}'\nkind: '{PLANTED}'")
    page.get_by_text("unknown kind").wait_for()
    return shown + seen(page)


def pick_what_is_planted(page) -> str:
    page.get_by_role("button", name="Why this label?").first.click()
    page.get_by_text("moves the label by").first.wait_for()
    page.get_by_text("Other columns of the rows").click()
    page.locator("select[name=shown_column]").select_option("links")
    page.locator("svg.chart").first.wait_for()
    page.get_by_label(re.compile("^Pick row")).first.check()
    page.get_by_role("button", name="New function of rows like these").wait_for()
    page.evaluate("document.getSelection().selectAllChildren(document.querySelector('[data-row] .text'))")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name=re.compile("New function of the words")).click()
    page.get_by_role("region", name="Editor").get_by_text("rows gained").wait_for()
    return seen(page)


def make_what_is_planted(page, folder) -> str:
    page.get_by_role("link", name="New problem").click()
    file = folder / f"{PLANTED}.csv"
    lines = [f'"a text {n} {PLANTED}",{("ham", PLANTED)[n % 2]},{PLANTED}' for n in range(40)]
    file.write_text("\n".join([f"body {PLANTED},label,{PLANTED}", *lines]))
    page.get_by_label("File on this computer").set_input_files(file)
    page.locator("[data-taken]").wait_for()
    page.get_by_label("Name").fill(PLANTED)
    page.get_by_text("cannot be a problem's name").wait_for()
    return seen(page)


@pytest.mark.filterwarnings("ignore:constrained_layout not applied")  # a plot of denoise has a short name's width
def test_planted_markup_runs_nowhere(reported, page, tmp_path):
    page.get_by_role("link", name="mail", exact=True).wait_for()
    shown = [seen(page), make_what_is_planted(page, tmp_path)]
    page.get_by_role("link", name="All problems").click()
    page.get_by_role("link", name="mail", exact=True).click()
    shown += [pick_what_is_planted(page), edit_what_is_planted(page)]
    page.get_by_role("link", name="Label rows by hand").click()
    page.get_by_role("button", name=f"1{PLANTED}").or_(page.get_by_role("button", name=f"2{PLANTED}")).first.wait_for()
    shown.append(seen(page))
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_role("link", name="Runs and versions").click()
    page.locator("[data-stage]").first.wait_for()
    shown.append(seen(page))
    assert [text.count(PLANTED) > 0 for text in shown] == [True] * 6
    assert sum(text.count(PLANTED) for text in shown) > 50


def test_a_template_is_edited_as_yaml_above_a_line_for_each_of_its_functions(page, copied):
    file = copied / "src/problems/mail/f.yaml"
    file.write_text(
        file.read_text() + "  # what sells\n  - {name: 'sells_*', kind: keywords, each: {b: [b]}, vote: spam}\n"
    )
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_text("Saved and not run yet:").get_by_role("button", name="sells_*").click()
    editor = page.get_by_role("region", name="Editor")
    editor.get_by_text("This is a template").wait_for()
    editor.get_by_text("what sells", exact=True).wait_for()
    yaml_text = editor.get_by_label("YAML of the function")
    yaml_text.fill("{name: 'sells_*', kind: keywords, each: {prizes: [prize], money: [money]}, vote: spam}")
    money = pl.read_parquet(copied / "data/mail/raw/b.parquet")["text"].str.contains("money").sum()
    line = editor.get_by_role("row", name=re.compile("^sells_money"))
    line.wait_for()
    assert line.get_by_role("cell").all_inner_texts()[3:] == [str(money), "0", "0"]
    above = "(two) => two[0].getBoundingClientRect().bottom <= two[1].getBoundingClientRect().top"
    assert page.evaluate(above, [yaml_text.element_handle(), line.element_handle()])
    editor.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text("Saved sells_* in").wait_for()
    editor.get_by_role("button", name="Delete", exact=True).click()
    editor.get_by_text("The comment right above it goes too.").wait_for()
    editor.get_by_role("button", name="Delete sells_*").click()
    page.get_by_role("status").get_by_text("Deleted sells_*").wait_for()
    assert "sells" not in file.read_text()


def test_figures_of_a_sample_say_so_until_all_rows_are_counted(page):
    """Of a million rows, or of images that are still being measured; the form is not drawn anew under the hands."""
    measured = iter([0.25, 0.5])

    def of_a_sample(route) -> None:
        answer = route.fetch()
        content = answer.json()
        if not route.request.post_data_json["quick"]:
            content["functions"][0] |= {"rows": 6, "measured": next(measured, None)}
        route.fulfill(response=answer, json=content)

    page.route("**/preview", of_a_sample)
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_role("button", name="few_links").click()
    editor = page.get_by_role("region", name="Editor")
    editor.get_by_text("Counted on a sample of 6 rows. All 240 images are being measured (25% done)").wait_for()
    limit = editor.get_by_role("spinbutton", name="less than")
    limit.focus()
    editor.get_by_text("(50% done)").wait_for()
    editor.get_by_text("are being counted").wait_for()
    assert page.evaluate("document.activeElement.name") == "below"


def test_a_message_that_is_being_written_outlives_a_save(page):
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_role("button", name="says_prize").click()
    editor = page.get_by_role("region", name="Editor")
    for words, message in (("prize\nmoney", ""), ("prize\nmoney\ncash", "money speaks")):
        editor.get_by_label("Words, one on each line").fill(words)
        editor.get_by_role("button", name="Save").click()
        page.get_by_role("status").get_by_text("Saved says_prize").wait_for()
        waiting = page.get_by_role("region", name="Not committed")
        waiting.get_by_label("Message").wait_for()
        assert waiting.get_by_label("Message").input_value() == message
        waiting.get_by_label("Message").fill("money speaks")
        page.evaluate("document.getElementById('status').replaceChildren()")


def test_fields_that_are_entered_while_an_answer_is_under_way_are_kept(page, copied):
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_role("button", name="says_prize").click()
    editor = page.get_by_role("region", name="Editor")
    editor.get_by_text("rows gained").wait_for()
    held = []

    def hold(route) -> None:
        held.append(route)

    page.route("**/preview", hold)
    with page.expect_request("**/preview"):
        editor.get_by_label("Words, one on each line").fill("prize\nmoney")
    editor.get_by_label("Votes for").select_option("not ham")
    while len(held) < 2:
        page.wait_for_timeout(20)
    for route in held:
        route.continue_()
    page.unroute("**/preview")
    editor.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text("Saved says_prize").wait_for()
    saved = yaml.safe_load((copied / "src/problems/mail/f.yaml").read_text())["functions"][0]
    assert (saved["words"], saved["vote"]) == (["prize", "money"], "not ham")


def test_a_function_is_deleted_once_a_person_has_confirmed(page, copied):
    held = []
    page.route("**/preview", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no built-in function
    page.get_by_role("link", name="mail", exact=True).click()
    with page.expect_request("**/preview"):
        page.get_by_role("button", name="says_prize").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    for route in held:
        route.continue_()
    page.unroute("**/preview")
    page.get_by_text("rows gained").wait_for()  # figures that come meanwhile leave the question alone
    page.get_by_role("button", name="Keep it").click()
    assert "says_prize" in (copied / "src/problems/mail/f.yaml").read_text()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete says_prize").click()
    page.get_by_role("status").get_by_text("Deleted says_prize").wait_for()
    assert "says_prize" not in (copied / "src/problems/mail/f.yaml").read_text()


def test_every_kind_has_a_form_that_fits_the_page(page):
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_role("button", name="New function").click()
    page.set_viewport_size({"width": 640, "height": 450})  # 1280 pixels at 200%
    editor = page.get_by_role("region", name="Editor")
    for kind in KINDS:
        editor.locator("select[name=kind]").first.select_option(kind)
        expect(editor.get_by_label("YAML of the function")).to_have_value(re.compile(rf"\bkind: {kind}$", re.MULTILINE))
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, kind
    editor.get_by_role("button", name="Add a case").click()
    words = editor.get_by_label("Words, one on each line")
    words.fill("prize")
    editor.get_by_text("rows gained").wait_for()
    assert "{kind: keywords, words: [prize]}" in editor.get_by_label("YAML of the function").input_value()


def test_picked_rows_become_a_function_of_rows_like_them(page, copied):
    page.get_by_role("link", name="mail", exact=True).click()
    page.get_by_text("240 of 240 rows").wait_for()
    page.locator("select[name=label]").select_option("spam")
    page.get_by_text("240 of 240 rows").wait_for(state="detached")
    for box in page.get_by_label(re.compile("^Pick row")).all()[:6]:
        box.check()
    page.get_by_role("button", name="New function of rows like these").click()
    editor = page.get_by_role("region", name="Editor")
    editor.get_by_text("rows gained").wait_for()
    editor.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_text("Saved like_spam_1").wait_for()
    saved = yaml.safe_load((copied / "src/problems/mail/f.yaml").read_text())["functions"][-1]
    assert (saved["kind"], saved["file"], saved["of"]) == ("prototype", "like_spam_1.jsonl", "spam")
