"""Packaged demo data as incoming files, in the formats that users bring, so that the ordinary reader reads them.

The same bytes come out on every machine: plain Python writes them, in file order or in an order by hash.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tidemill.common.files import atomic_write
from tidemill.common.progress import progress
from tidemill.contracts import DataError
from tidemill.ingest.mail import read_mail

DEMOS: Final[Mapping[str, tuple[str, ...]]] = {"spam": ("sms", "spam-assassin"), "solar": ("elpv",)}
"""Demo problem → the packages it is made of."""

TEXT_LIMIT: Final = 4000
"""Characters kept of one message; the longest emails are digests of hundreds of thousands."""

VERSION: Final = "1"
"""Raised when a conversion changes, so that files of an older one are made again."""

_SMS_BATCHES: Final = 4
_EMAIL_BATCHES: Final = 2
_DEFECTIVE: Final = 0.5  # the dataset's own convention: probabilities 0, 1/3, 2/3, 1 are cut in the middle
_MESSAGE_COLUMNS: Final = ("id", "text", "subject", "channel", "lists", "html", "links", "group", "label")
_CELL_COLUMNS: Final = ("id", "path", "cell", "label")
_GROUPS: Final = {"hard-ham-1": "hard-ham"}  # there is one such group
_SWALLOWED = re.compile(r"\r?\n(ham|spam)\t")

Message = dict[str, Any]


def convert(problem: str, packages: Path, incoming: Path) -> list[Path]:
    """Convert packaged demo data.

    Parameters
    ----------
    problem
        Demo problem.
    packages
        Folder of extracted packages.
    incoming
        Folder of incoming files.

    Returns
    -------
    list of Path
        The files, made once.

    Raises
    ------
    DataError
        There is no such demo, or a package is not what it was.
    """
    makers: dict[str, Callable[[Path, Path], dict[str, bytes]]] = {"spam": _spam, "solar": _solar}
    if problem not in makers:
        raise DataError(f"{problem!r} is not packaged demo data; packaged are {', '.join(sorted(makers))}")
    marker = incoming / ".made"
    made = marker.read_text(encoding="utf-8").split("\n") if marker.exists() else []
    if made[:1] != [VERSION] or not all((incoming / name).exists() for name in made[1:]):
        files = makers[problem](packages, incoming)
        for name, content in files.items():
            with atomic_write(incoming / name) as path:
                path.write_bytes(content)
        made = [VERSION, *files]
        with atomic_write(marker) as path:
            path.write_bytes("\n".join(made).encode())
    return [incoming / name for name in made[1:]]


def _spam(packages: Path, _incoming: Path) -> dict[str, bytes]:
    files = {}
    messages = sms_messages((packages / "sms" / "sms-spam.csv").read_text(encoding="utf-8"))
    size = -(-len(messages) // _SMS_BATCHES)
    for part in range(_SMS_BATCHES):
        files[f"sms-{part + 1}.csv"] = _csv(messages[part * size : (part + 1) * size], _MESSAGE_COLUMNS)
    emails = list(_emails(packages / "spam-assassin" / "data"))
    for part in range(_EMAIL_BATCHES):
        mine = [email for email in emails if int(email["id"][-1], 16) % _EMAIL_BATCHES == part]
        files[f"email-{part + 1}.jsonl"] = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in mine).encode()
    return files


def sms_messages(text: str) -> list[Message]:
    r"""Read the messages of sms-spam.csv.

    Eight of its 4,837 rows swallowed 737 neighbours behind an unpaired quote, labels and all; they are set free here:
    a label inside a text would be gold that labeling functions can read.

    Parameters
    ----------
    text
        Content of the file.

    Returns
    -------
    list of dict
        In file order.

    Examples
    --------
    >>> [(row["id"], row["label"]) for row in sms_messages(',spam,text\n7,0,"ok\nspam\tWIN"\n')]
    [('sms-00007-000', 'ham'), ('sms-00007-001', 'spam')]
    """
    messages = []
    for row in csv.DictReader(io.StringIO(text, newline="")):
        label = "spam" if row["spam"] == "1" else "ham"
        parts = _SWALLOWED.split(row["text"])
        for number, (one, content) in enumerate(zip([label, *parts[1::2]], parts[0::2], strict=True)):
            if content.strip():
                messages.append(_message(f"sms-{int(row['']):05d}-{number:03d}", content.strip(), one))
    return messages


def _message(key: str, text: str, label: str) -> Message:
    links = len(re.findall(r"https?://|\bwww\.", text, re.IGNORECASE))
    facts = {"subject": None, "channel": "sms", "lists": False, "html": False, "links": links}
    return {"id": key, "text": text[:TEXT_LIMIT], **facts, "group": "sms", "label": label}


def _emails(folder: Path) -> Iterable[Message]:
    """In the order of their names' hashes, which tell nothing of the group."""
    paths = sorted(folder.glob("*/*.txt"), key=lambda path: path.name.split(".")[1])
    if not paths:
        raise DataError(f"{folder} holds no emails: delete it and run `tidemill fetch spam-assassin`")
    for path in progress(paths, total=len(paths), name="reading emails", unit="emails"):
        mail = read_mail(path.read_bytes())
        text = f"{mail.subject}\n{mail.body}".strip()
        if text:
            group = path.parent.name
            facts = {"subject": mail.subject or None, "channel": "email", "lists": mail.lists}
            marks = {"html": mail.html, "links": mail.links, "group": _GROUPS.get(group, group)}
            label = "spam" if group.startswith("spam") else "ham"
            key = f"email-{path.name.split('.')[1][:16]}"
            yield {"id": key, "text": text[:TEXT_LIMIT], **facts, **marks, "label": label}


def _solar(packages: Path, incoming: Path) -> dict[str, bytes]:
    """ELPV photographs (CC BY-NC-SA 4.0: not for commercial use) stay in place; lists of their paths are written."""
    cells = [line.split() for line in (packages / "elpv" / "labels.csv").read_text(encoding="utf-8").splitlines()]
    images = os.path.relpath(packages / "elpv", incoming).replace(os.sep, "/")
    rows = [
        {
            "id": Path(path).stem,
            "path": f"{images}/{path}",
            "cell": cell,
            "label": "defective" if float(chance) >= _DEFECTIVE else "functional",
        }
        for path, chance, cell in cells
    ]
    rows.sort(key=lambda row: hashlib.sha256(row["id"].encode()).hexdigest())  # neighbours come from one module
    mono = [row for row in rows if row["cell"] == "mono"]
    poly = [row for row in rows if row["cell"] == "poly"]
    half = -(-len(mono) // 2)
    parts = {"mono-1": mono[:half], "mono-2": mono[half:], "poly-1": poly}
    return {f"{name}.csv": _csv(part, _CELL_COLUMNS) for name, part in parts.items()}


def _csv(rows: Iterable[Mapping[str, Any]], columns: tuple[str, ...]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[name]) for name in columns] for row in rows)
    return file.getvalue().encode()


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
