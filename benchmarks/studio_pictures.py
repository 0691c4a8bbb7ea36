"""Makes the pictures of docs/studio.md again: a project of packaged messages and solar cells, its studio, and a browser.

Run: python benchmarks/studio_pictures.py [--out docs] [--project FOLDER]
Without --project a project is made for the pictures, with a run of the messages (some minutes), and removed. A FOLDER that is there is used
as it is, so that pictures are made again in seconds; one that is not is made and kept. Needs Chromium and the packaged data (`tidemill fetch`).
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import polars as pl
from PIL import Image
from playwright.sync_api import Page

from studio_server import browsing, serving

PACKAGES: Final = Path(__file__).parents[1] / "data/packages"
WIDTH: Final = 1280
COLOURS: Final = 128
FUNCTIONS: Final = """# What people who sell something write in a short message.
functions:
  - {name: wins_a_prize, kind: keywords, words: [prize, won, winner, claim, award], vote: spam}
  - {name: sells_for_phones, kind: keywords, words: [ringtone, camera, mobile, nokia, polyphonic], at_least: 2, vote: spam}
  - {name: paid_number, kind: regex, pattern: '\\b0[89]\\d{8,9}\\b', vote: spam}
  - {name: short_code, kind: regex, pattern: '\\b(?:to|on)\\s?\\d{4,6}\\b', flags: [ignore_case], vote: spam}
  - {name: talks_of_meeting, kind: keywords, words: [home, later, tonight, lunch, dinner, sleep, class], vote: ham}
  - {name: talks_to_a_friend, kind: keywords, words: [lol, haha, dear, sorry, hey, "i'm", "i'll"], vote: ham}
  - {name: is_short, kind: threshold, column: characters, below: 45, vote: ham}
"""


def main() -> None:
    """Make the project where it is not there, and the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--project", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (asked.project or Path(temporary, "project")).resolve()
        if not folder.exists():
            make_project(folder)
        with studio(folder) as page:
            for name, take in PICTURES.items():
                page.goto(page.url.partition("#")[0])
                page.set_viewport_size({"width": WIDTH, "height": HEIGHTS.get(name, 900)})
                take(page)
                shot = Image.open(io.BytesIO(page.screenshot(full_page=name in WHOLE)))
                shot.convert("RGB").quantize(COLOURS).save(asked.out / name, optimize=True)
                print(f"{asked.out / name}: {shot.width} x {shot.height}")


def make_project(folder: Path) -> None:
    """Problems `messages`, with a version in production and a newer result, and `cells`, up to its labels."""
    tidemill("init", str(folder), where=folder.parent)
    (folder / "data/packages").mkdir(parents=True, exist_ok=True)
    for name in ("minilm", "efficientnet-lite0"):
        (folder / "data/packages" / name).symlink_to(PACKAGES / name)
    write_messages(folder / "data/incoming/messages/june.csv")
    write_cells(folder / "data/incoming/cells")
    source = "data/incoming/messages/june.csv"
    tidemill(
        "new", "messages", "--from", source, "--text", "text", "--label", "label", "--meta", "characters", where=folder
    )
    (folder / "src/problems/messages/functions.yaml").write_text(FUNCTIONS, encoding="utf-8")
    tidemill("new", "cells", "--images", "data/incoming/cells", where=folder)
    commit(folder, "Two problems")
    tidemill("run", "problem=messages", "train=head", where=folder)
    file = folder / "src/problems/messages/functions.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("award]", "award, cash, free]"), encoding="utf-8")
    commit(folder, "cash and free speak too")
    tidemill("run", "problem=messages", "train=head", where=folder)
    in_place = [sys.executable, "-P", "-m", "tidemill.runs.in_place", str(folder), "cells", "denoise"]
    subprocess.run(in_place, cwd=folder, check=True)
    commit(folder, "labels of cells")


def tidemill(*words: str, where: Path) -> None:
    """Run a command of Tidemill's."""
    subprocess.run([sys.executable, "-P", "-m", "tidemill", *words], cwd=where, check=True)


def commit(folder: Path, message: str) -> None:
    """Commit all that git would take."""
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    who = ["-c", "user.name=Maria", "-c", "user.email=maria@localhost"]
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", message], cwd=folder, check=True)


def write_messages(path: Path) -> None:
    """CSV of 600 short messages, of which two in three have a label."""
    read = pl.read_csv(PACKAGES / "sms/sms-spam.csv").unique("text", maintain_order=True)
    mixed = read.sample(600, seed=3, shuffle=True).with_row_index("place")
    name = pl.when(pl.col("spam") == 1).then(pl.lit("spam")).otherwise(pl.lit("ham"))
    path.parent.mkdir(parents=True)
    label = pl.when(pl.col("place") % 3 != 0).then(name).alias("label")
    mixed.select("text", label, pl.col("text").str.len_chars().alias("characters")).write_csv(path)


def write_cells(folder: Path) -> None:
    """Folder of 200 pictures of solar cells, in a folder for each class."""
    lines = [line.split() for line in (PACKAGES / "elpv/labels.csv").read_text(encoding="utf-8").splitlines()]
    for probability, name in (("0.0", "functional"), ("1.0", "defective")):
        (folder / name).mkdir(parents=True)
        for file, *_ in [line for line in lines if line[1] == probability][:100]:
            shutil.copy(PACKAGES / "elpv" / file, folder / name / Path(file).name)


@contextmanager
def studio(folder: Path) -> Iterator[Page]:
    """The studio of a project in a browser."""
    size = {"width": WIDTH, "height": 900}
    with serving(folder) as server, browsing(viewport=size, color_scheme="light") as page:
        page.goto(server.address)
        yield page


def take_functions(page: Page) -> None:
    """A function of words being edited: its rows are marked, and what it would change is counted."""
    page.get_by_role("link", name="messages", exact=True).click()
    page.get_by_role("button", name="wins_a_prize", exact=True).click()
    editor = page.get_by_role("region", name="Editor")
    editor.get_by_text("rows gained").wait_for()
    words = editor.get_by_label("Words, one on each line")
    words.fill(f"{words.input_value()}\nurgent")
    editor.get_by_text(re.compile("Gained: ")).wait_for()
    page.locator("mark").first.wait_for()
    page.evaluate("window.scrollTo(0, 0)")


def take_new(page: Page) -> None:
    """A table looked at before a problem is made of it."""
    with tempfile.TemporaryDirectory() as folder:
        write_messages(file := Path(folder, "new", "july.csv"))
        page.get_by_role("link", name="New problem").click()
        page.get_by_label("File on this computer").set_input_files(file)
        page.locator("[data-taken]").wait_for()
        page.get_by_label("Use of characters").select_option("meta")
        page.get_by_label("Name").fill("july")
        page.wait_for_timeout(1500)
        page.locator("[data-taken]").wait_for()


def take_runs(page: Page) -> None:
    """Stages of the last run, the newest result beside the one before, and versions."""
    page.get_by_role("link", name="messages", exact=True).click()
    page.get_by_role("region", name="Rows").wait_for()
    page.get_by_role("link", name="Runs and versions").click()
    page.locator("[data-version]").first.wait_for()


def take_images(page: Page) -> None:
    """A limit on a statistic of images, as a line in its distribution."""
    page.get_by_role("link", name="cells", exact=True).click()
    page.get_by_role("button", name="New function").click()
    editor = page.get_by_role("region", name="Editor")
    editor.get_by_label("Name").fill("glows_enough")
    editor.get_by_label("number in column").select_option("image.dark_level")
    editor.get_by_text("200 rows. Colours").wait_for()  # once all have been measured
    bars = editor.get_by_label("Distribution of image.dark_level").locator("g[role=button]")
    bars.nth(14).click()
    editor.locator("[data-limit=above]").wait_for()
    editor.get_by_text(re.compile("Gained: ")).wait_for()
    page.locator("[data-row] img").first.wait_for()
    page.evaluate("window.scrollTo(0, 0)")


def take_label(page: Page) -> None:
    """A row that is asked about."""
    page.get_by_role("link", name="messages", exact=True).click()
    page.get_by_role("region", name="Rows").wait_for()
    page.get_by_role("link", name="Label rows by hand").click()
    page.get_by_role("region", name="Row to label").wait_for()


PICTURES: Final = {
    "studio.png": take_functions,
    "studio_new.png": take_new,
    "studio_runs.png": take_runs,
    "studio_images.png": take_images,
    "studio_label.png": take_label,
}
HEIGHTS: Final = {"studio.png": 1080, "studio_images.png": 1080, "studio_label.png": 440}
WHOLE: Final = {"studio_new.png", "studio_runs.png"}


if __name__ == "__main__":
    main()
