"""Demo data: mails as a reader sees them, messages as they were sent."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from tests.ingest.factories import image_settings, settings, write
from tidemill.contracts import DataError
from tidemill.ingest.demo import convert, sms_messages
from tidemill.ingest.mail import count_links, read_mail, readable
from tidemill.ingest.source import Source
from tidemill.project.batches import arrivals
from tidemill.project.layout import shared_root_of


def test_an_email_is_read_without_delivery_headers_and_in_its_own_encoding() -> None:
    mail = read_mail(
        b"Received: from relay\nSubject: =?iso-8859-1?Q?Caf=E9?=\nPrecedence: list\n"
        b'Content-Type: text/plain; charset="koi8-r"\nContent-Transfer-Encoding: base64\n\n8NLJ18XU\n'
    )
    assert (mail.subject, mail.body, mail.lists, mail.html) == ("Café", "Привет", True, False)


def test_the_plain_part_is_preferred_and_attachments_are_left_out() -> None:
    mail = read_mail(
        b'Subject: x\nContent-Type: multipart/mixed; boundary="B"\n\n--B\nContent-Type: text/plain\n\nplain words\n'
        b"--B\nContent-Type: text/html\n\n<p>rich words</p>\n"
        b'--B\nContent-Type: text/plain; name="a.txt"\nContent-Disposition: attachment; filename="a.txt"\n\nattached\n--B--\n'
    )
    assert mail.body == "plain words"


def test_html_gives_its_visible_text_links_and_a_mark() -> None:
    mail = read_mail(
        b"Subject: x\nContent-Type: text/html\n\n<html><head><title>t</title></head><style>p{}</style><!-- no -->"
        b"<p>Dear <b>friend</b>&amp;co</p><a href='http://x.y'>here</a></html>"
    )
    assert (mail.body, mail.html, mail.links) == ("Dear friend &co\nhere", True, 1)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"Subject: \xff\xfe\n\n\xff", b"Content-Type: text/plain; charset=nonsense\n\nx"]
)
def test_odd_emails_are_read_too(data: bytes) -> None:
    assert isinstance(read_mail(data).body, str)


def test_a_torn_tag_ends_at_the_end() -> None:
    assert readable("a < b <i>c</i> <img src='x").split() == ["a", "<", "b", "c"]


@pytest.mark.parametrize("part", ["<br ", "<a ", "<a href ", "</p ", "<script ", "<!-- ", "< ", "https:", "href= "])
def test_what_begins_again_and_again_and_never_ends_takes_time_in_proportion(part: str) -> None:
    text = part * (2_000_000 // len(part))  # a quadratic search would take hours
    readable(text)
    count_links(text)
    count_links(text + ">")


def test_links_are_anchors_with_targets_and_addresses_outside_attributes() -> None:
    html = '<A class=x HREF = "http://a.b" href=c>http://d.e</a> <a>no</a> see https://f.g <img src="http://h.i">'
    assert count_links(html) == 3
    assert count_links("http://a.b <a x href=y <a href=z") == 2


def test_messages_swallowed_by_a_quote_are_set_free_with_their_own_labels() -> None:
    content = ',spam,text\n0,0,hello\n1,0,"first "" of\nspam\tWIN cash\nham\tok lor"\n'
    assert [(row["text"], row["label"]) for row in sms_messages(content)] == [
        ("hello", "ham"),
        ('first " of', "ham"),
        ("WIN cash", "spam"),
        ("ok lor", "ham"),
    ]


@pytest.fixture
def small_packages(tmp_path: Path) -> Path:
    folder = tmp_path / "packages"
    lines = "".join(f"{n},{int(n % 5 == 0)},message number {n}\n" for n in range(9))
    write(folder / "sms" / "sms-spam.csv", f",spam,text\n{lines}")
    for group in ("easy-ham-1", "easy-ham-2", "hard-ham-1", "spam-1", "spam-2"):
        for n in range(2):
            write(
                folder / "spam-assassin" / "data" / group / f"0000{n}.{hash_of(group, n)}.txt",
                f"Subject: {group}\n\n{n}\n",
            )
    write(
        folder / "elpv" / "labels.csv", "".join(f"images/cell{n}.png  {n % 4 / 3}  {c}\n" for n, c in enumerate(CELLS))
    )
    return folder


CELLS = ("mono", "poly", "mono", "poly", "mono", "mono")


def hash_of(group: str, n: int) -> str:
    return hashlib.md5(f"{group}{n}".encode(), usedforsecurity=False).hexdigest()


def test_demo_files_are_the_same_each_time_and_made_once(small_packages: Path, tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in convert("spam", small_packages, tmp_path / "a")}
    second = {path.name: path.read_bytes() for path in convert("spam", small_packages, tmp_path / "b")}
    assert first == second
    before = (tmp_path / "a" / "sms-1.csv").stat().st_mtime_ns
    convert("spam", small_packages, tmp_path / "a")
    assert (tmp_path / "a" / "sms-1.csv").stat().st_mtime_ns == before
    (tmp_path / "a" / "sms-1.csv").unlink()
    convert("spam", small_packages, tmp_path / "a")
    assert (tmp_path / "a" / "sms-1.csv").read_bytes() == first["sms-1.csv"]


def test_no_key_and_no_order_of_emails_tells_their_group(small_packages: Path, tmp_path: Path) -> None:
    files = convert("spam", small_packages, tmp_path / "spam")
    emails = [json.loads(line) for path in files if path.suffix == ".jsonl" for line in path.read_text().splitlines()]
    assert len(emails) == 10
    assert not any(group in email["id"] for email in emails for group in ("ham", "spam"))
    assert {email["group"] for email in emails} == {"easy-ham-1", "easy-ham-2", "hard-ham", "spam-1", "spam-2"}
    assert all((email["label"] == "spam") == email["group"].startswith("spam") for email in emails)


def test_cells_are_defective_from_a_probability_of_one_half(small_packages: Path, tmp_path: Path) -> None:
    files = convert("solar", small_packages, tmp_path / "incoming" / "solar")
    rows = [row for path in files for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())]
    assert [path.name for path in files] == ["mono-1.csv", "mono-2.csv", "poly-1.csv"]
    assert {row["id"]: row["label"] for row in rows if row["label"] == "defective"} == {
        "cell2": "defective",
        "cell3": "defective",
    }
    assert all(row["path"] == f"../../packages/elpv/images/{row['id']}.png" for row in rows)


def test_other_names_are_no_demo(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="packaged are solar, spam"):
        convert("fruit", tmp_path, tmp_path)


@pytest.mark.slow
def test_the_packaged_messages_are_the_published_5574_of_which_747_are_spam(packages: Path) -> None:
    rows = sms_messages((packages / "sms" / "sms-spam.csv").read_text(encoding="utf-8"))
    assert (len(rows), sum(row["label"] == "spam" for row in rows)) == (5574, 747)


@pytest.mark.slow
def test_the_committed_manifests_name_what_is_made_here(packages: Path, root: Path) -> None:
    shared = shared_root_of(root)
    for problem, used in (("spam", settings()), ("solar", image_settings(image_folder="../../packages/elpv"))):
        convert(problem, packages, shared / "data" / "incoming" / problem)
        arrived = arrivals(root / "data" / problem / "batches.json")
        assert arrived
        for one in arrived:
            assert Source(str(shared / one.source)).fingerprint(used) == one.sha256
