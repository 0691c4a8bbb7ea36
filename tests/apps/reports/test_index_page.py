import json
import re
import shutil
from html.parser import HTMLParser

import pytest

from tests.apps.reports.factories import fabricate
from tidemill.apps.reports.index_page import render, summary
from tidemill.project.project import Project
from tidemill.project.refused_sources import Refusal, Refusals
from tidemill.reports.evaluate import Verdict
from tidemill.reports.facts import FactsReport, PrecisionAt
from tidemill.runs.git import git
from tidemill.runs.model_registry import tag_object

pytestmark = pytest.mark.slow


class Page(HTMLParser):
    """Collects what a page would fetch, its words, and whether its tags close."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.words, self.tags = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    fabricate(folder)
    git("init", "-q", folder=folder)
    git("-c", "user.name=T", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", "m", folder=folder)
    commit = git("rev-parse", "HEAD", folder=folder)
    for name in ("spam@v1.0.0", "spam#prod#1"):
        git("update-ref", f"refs/tags/{name}", tag_object(name, commit, f"{name}: promote", folder), folder=folder)
    return folder


@pytest.fixture(scope="module")
def page(root):
    path = render(Project.open(root), ["spam", "solar"])
    return path.read_text(encoding="utf-8")


def test_the_page_is_whole_html_that_fetches_nothing(page):
    found = Page(page)
    assert found.open == []
    assert "script" not in found.tags
    assert "link" not in found.tags
    outside = [link for link in found.links if not link.startswith(("data:image/png;base64,", "#", "data_docs/"))]
    assert outside == []
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]*", "", page)


def test_the_page_tells_every_part_of_a_problem(page):
    words = " ".join("".join(Page(page).words).split())
    for said in (
        "1,200",
        "rows in 3 batches",
        "gold-trained ceiling",
        "majority class (floor)",
        "group=hard-ham",
        "not judged",
        "since same, faxes arrive",
        "channel is fax0.0%20.0%r7, r9",
        "lf_3: decayed (contradicted)5.0%52.0%",
        "Promised: few false alarms",
        "retrain",
        "promote",
        "harm: the champion agrees less",
        "lf_7",
        "expect_column_values_to_be_between on lf_0 (3 rows)",
        "Data Docs",
        "dawid_skene",
    ):
        assert said in words, said


def test_the_page_holds_all_pictures(page):
    assert len(re.findall(r'src="data:image/png;base64,', page)) == 6


def test_the_page_shows_the_cards_that_are_there(page):
    card = page.split("<summary>Label card</summary>")[1].split("</details>")[0]
    assert "<h3>Label card</h3>" in card
    assert "&lt;b&gt;lf_1&lt;/b&gt;" in card
    assert ">0.250</td>" in card
    assert "<summary>Model card</summary>" not in page


def test_a_problem_without_any_report_has_its_place_too(page):
    words = page.split('id="solar"')[1]
    assert "No batch has arrived yet." in words
    assert "Not judged yet." in words


def test_the_champion_is_marked_among_the_versions(page):
    assert "spam@v1.0.0 (champion)" in page


def test_what_comes_from_data_is_escaped(root, tmp_path):
    shutil.copytree(root, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "reports" / "spam" / "verdict.json"
    verdict = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(verdict | {"reasons": ["a <b>bold</b> reason"]}), encoding="utf-8")
    assert "a &lt;b&gt;bold&lt;/b&gt; reason" in render(Project.open(tmp_path), ["spam"]).read_text(encoding="utf-8")


def test_it_lists_the_rows_whose_labels_decide_harm(page):
    words = " ".join("".join(Page(page).words).split())
    assert "Since batch-0, 600 rows: undecided" in words
    assert re.search(r"rows to label, in this order: \d+ drawn at random, 20 that teach most and decide nothing", words)


def test_the_same_reports_give_the_same_page(root, page):
    path = render(Project.open(root), ["spam", "solar"])
    assert path.read_text(encoding="utf-8") == page


def test_the_closing_words_tell_rows_functions_scores_drift_verdict_and_where_to_look(root):
    text = summary(Project.open(root), "spam")
    assert "1,200 in 3 batches: sms-1 400, sms-2 300, email-1 500" in text
    assert "8, coverage" in text
    assert "balanced accuracy on 600 test rows, with 95% intervals" in text
    assert re.search(r"gold-trained ceiling +0\.\d{3} \[0\.\d{3}, \d\.\d{3}\]", text)
    assert re.search(r"majority class \(floor\) +0\.500", text)
    assert "RETRAIN: drift, email-1 harms the champion (monitor.actions.harm)" in text
    assert "PROMOTE: the candidate beats the majority-class floor" in text
    assert "FAILED CHECKS of votes" in text
    assert "reports/index.html" in text
    assert max(len(line) for line in text.splitlines()) < 320


def test_the_closing_words_name_the_files_that_were_set_aside_and_the_command_that_shows_why(root, tmp_path):
    shutil.copytree(root, tmp_path, dirs_exist_ok=True, symlinks=True)
    project = Project.open(tmp_path)
    assert "set aside" not in summary(project, "spam")
    refusals = {f"data/incoming/spam/{name}.csv": Refusal(reason="row 2: no text", stamp=None) for name in ("b", "a")}
    Refusals(sources=refusals).write(project.paths("spam"))
    line = "  set aside  2 incoming files, a.csv, b.csv: `tidemill arrive spam` shows the reasons\n"
    assert line in summary(project, "spam")


def test_a_question_that_has_been_answered_is_not_asked_again(root, tmp_path):
    shutil.copytree(root, tmp_path, dirs_exist_ok=True, symlinks=True)
    project = Project.open(tmp_path)
    file = project.paths("spam").reports / "verdict.json"
    asked = Verdict.read(file).model_copy(update={"verdict": "ask", "champion": "spam@v1.0.0"})
    asked.write(file)
    assert "ASK: " in summary(project, "spam")
    commit = git("rev-parse", "HEAD", folder=tmp_path)
    for name in ("spam@v1.1.0", "spam#prod#2"):
        git("update-ref", f"refs/tags/{name}", tag_object(name, commit, f"{name}: promote", tmp_path), folder=tmp_path)
    text = summary(project, "spam")
    assert "ANSWERED: spam@v1.1.0 is the champion since" in text
    assert "ASK: " not in text
    assert "A person was asked: spam@v1.1.0 is the champion since." in render(project, ["spam"]).read_text()


def test_the_closing_words_of_a_problem_without_reports_say_so(root):
    assert "none yet" in summary(Project.open(root), "solar")


def test_the_page_of_labeling_functions_is_linked_once_it_is_there(root):
    page = root / "reports/spam/lf.html"
    before = render(Project.open(root), ["spam"]).read_text(encoding="utf-8")
    assert "spam/lf.html" not in before
    assert "tidemill lf report spam" in before
    page.write_text("a page", encoding="utf-8")
    try:
        assert "spam/lf.html" in Page(render(Project.open(root), ["spam"]).read_text(encoding="utf-8")).links
    finally:
        page.unlink()
        render(Project.open(root), ["spam"])


def test_the_page_tells_of_a_search_once_one_was_made_and_of_none_before(root):
    from tests.apps.reports.factories import search_report

    folder = root / "reports/spam/search"
    search_report(folder, minutes=0)
    assert "Search" not in Page(render(Project.open(root), ["spam"]).read_text(encoding="utf-8")).words
    search_report(folder, minutes=10)
    try:
        page = render(Project.open(root), ["spam"]).read_text(encoding="utf-8")
        assert "Search" in Page(page).words
        assert "nothing surely better" in page
        assert 'alt="loss along each setting of spam"' in page
        assert "hidden [64, 32]" in page
        assert "0.0100 [-0.0200, 0.0400]" in page
        assert "  search     nothing surely better: by chance" in summary(Project.open(root), "spam")
    finally:
        shutil.rmtree(folder)
        render(Project.open(root), ["spam"])


def test_curves_and_label_errors_are_shown_once_they_are_there(root, page, tmp_path):
    assert "tidemill label-errors spam ranks labels" in page
    shutil.copytree(root, tmp_path, dirs_exist_ok=True)
    (tmp_path / "reports" / "spam" / "curves.png").write_bytes(b"\x89PNG")
    (tmp_path / "reports" / "spam" / "label_errors.html").write_text("<p>one</p>", encoding="utf-8")
    after = render(Project.open(tmp_path), ["spam", "solar"]).read_text(encoding="utf-8")
    assert after.count('src="data:image/png;base64,') == 7
    assert 'href="spam/label_errors.html"' in after


def test_facts_of_a_relation_problem_are_shown_once_they_are_there(root, page, tmp_path):
    assert "held-out facts from" not in page
    copy = shutil.copytree(root, tmp_path / "copy")
    at = PrecisionAt(threshold=0.9, facts=40, true=38, precision=0.95, interval=(0.835, 0.986), expected=0.94)
    numbers = dict.fromkeys(
        ("published", "broken", "withheld", "alone", "exact", "sampled", "fitted_to", "held_out"), 0
    )
    more = {"candidates": 90, "facts": 70, "publish": 0.9, "further": 0.5, "slope": 1.0, "offset": 0.0}
    report = FactsReport(**numbers, **more, calibration_error=None, precision=[at], errors=[])
    report.write(copy / "reports/spam/facts.json")
    told = render(Project.open(copy), ["spam"]).read_text(encoding="utf-8")
    assert "0 of 70 facts are published, from 0.9 on" in told
    assert "Too few facts of valid" in told
    assert re.search(r"<td>0\.9</td><td class=\"n\">40</td><td class=\"n\">38</td>", told)
