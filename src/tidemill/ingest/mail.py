"""What a reader sees of a raw email: subject, readable text, and whether a mailing list sent it.

Delivery headers are left out. HTML is read with expressions of our own: the standard library's parser changes between
patch releases, and a converted file must be the same bytes on every machine.
"""

from __future__ import annotations

import email
import html
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from typing import Final

_LIST_HEADERS: Final = ("List-Id", "List-Post", "X-Mailing-List", "Mailing-List", "X-BeenThere")
_HIDDEN = re.compile(r"<!--.*?(?:-->|$)|<(script|style|head|title)\b.*?(?:</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_BLOCK = re.compile(r"</?(?:br|p|div|tr|table|li|ul|ol|h[1-6]|hr|blockquote|center)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[/!?a-z][^>]*(?:>|$)", re.IGNORECASE)
_ANCHOR = re.compile(r"<a\b", re.IGNORECASE)
_TARGET = re.compile(r"\bhref\s*=", re.IGNORECASE)
_ADDRESS = re.compile(r"""(?<!["'=])\bhttps?://""", re.IGNORECASE)
_LOOKS_HTML = re.compile(r"<(?:html|body|table|font)\b", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff\ud800-\udfff]")


@dataclass(frozen=True)
class Mail:
    """What a reader sees of one email."""

    subject: str
    body: str
    html: bool
    links: int
    lists: bool


def read_mail(data: bytes) -> Mail:
    r"""Read an email.

    Parameters
    ----------
    data
        Content of the file.

    Returns
    -------
    Mail

    Examples
    --------
    >>> read_mail(b"Subject: Hi\nList-Id: <x>\nContent-Type: text/html\n\n<p>Dear&nbsp;all<br>bye</p>")
    Mail(subject='Hi', body='Dear all\nbye', html=True, links=0, lists=True)
    """
    message = email.message_from_bytes(data)
    text, is_html = _content(message)
    return Mail(
        subject=strip_mail_artifacts(_header(message.get("Subject", ""))),
        body=strip_mail_artifacts(readable(text) if is_html else text),
        html=is_html,
        links=count_links(text),
        lists=_from_list(message),
    )


def readable(text: str) -> str:
    """Extract the visible text of HTML, a line per block.

    Parameters
    ----------
    text
        HTML.

    Returns
    -------
    str
        Text without tags.

    Examples
    --------
    >>> readable("<style>p {}</style><p>1 &lt; 2</p>").strip()
    '1 < 2'
    """
    visible = _HIDDEN.sub(" ", text)
    closed = (
        visible.rfind(">") + 1
    )  # no tag ends beyond, and looking for its end from each that begins would be quadratic
    lines = _BLOCK.sub("\n", visible[:closed]) + visible[closed:]
    return html.unescape(_TAG.sub(" ", lines))


def count_links(text: str) -> int:
    """Count the links of HTML or plain text: anchors with a target, and addresses outside attributes.

    Parameters
    ----------
    text
        HTML or plain text.

    Returns
    -------
    int
        An anchor counts once, whatever targets it names.

    Examples
    --------
    >>> count_links('<a href="http://a.example">http://b.example</a>')
    2
    """
    return sum(map(_links_of_part, text.split(">")))


def _links_of_part(text: str) -> int:
    """Between two ends of tags, so that no anchor is followed beyond its own end."""
    anchor = _ANCHOR.search(text)
    targets = list(_TARGET.finditer(text, anchor.end())) if anchor else []
    if anchor is None or not targets:
        return len(_ADDRESS.findall(text))
    return 1 + len(_ADDRESS.findall(text, 0, anchor.start())) + len(_ADDRESS.findall(text, targets[-1].end()))


def strip_mail_artifacts(text: str) -> str:
    """Remove control characters, runs of blanks and empty lines.

    Parameters
    ----------
    text
        Text of an email.

    Returns
    -------
    str
        The cleaned text.
    """
    lines = _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def _content(message: Message) -> tuple[str, bool]:
    """Plain parts are preferred, as in a mail reader without pictures."""
    plain = [_decode(part) for part in message.walk() if _is_text(part, "text/plain")]
    if any(part.strip() for part in plain):
        text = "\n".join(plain)
        return text, _LOOKS_HTML.search(text) is not None
    rich = [_decode(part) for part in message.walk() if _is_text(part, "text/html")]
    if rich:
        return "\n".join(rich), True
    whole = "" if message.is_multipart() else _decode(message) if message.get_content_maintype() == "text" else ""
    return whole, _LOOKS_HTML.search(whole) is not None


def _is_text(part: Message, kind: str) -> bool:
    return part.get_content_type() == kind and not part.is_multipart() and part.get_filename() is None


def _decode(part: Message) -> str:
    data = part.get_payload(decode=True)
    return decode(data, str(part.get_content_charset("utf-8"))) if isinstance(data, bytes) else ""


def decode(data: bytes, declared: str) -> str:
    """Decode bytes: UTF-8 if they are that, else as declared, else windows-1252.

    Parameters
    ----------
    data
        Encoded text.
    declared
        Encoding that the part declares.

    Returns
    -------
    str
        Characters that cannot be decoded are replaced.
    """
    for encoding in ("utf-8", declared):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return data.decode("windows-1252", errors="replace")


def _header(value: object) -> str:
    """Encoded words are decoded, raw bytes are read as the body would be."""
    raw = str(value).encode("utf-8", errors="surrogateescape")
    if b"=?" not in raw:
        return decode(raw, "windows-1252")
    try:
        parts = decode_header(decode(raw, "windows-1252"))
    except (HeaderParseError, ValueError):
        return decode(raw, "windows-1252")
    return "".join(part if isinstance(part, str) else decode(part, charset or "utf-8") for part, charset in parts)


def _from_list(message: Message) -> bool:
    if any(message.get(name) is not None for name in _LIST_HEADERS):
        return True
    return str(message.get("Precedence", "")).strip().lower() == "list"
