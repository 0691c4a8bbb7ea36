"""What a model's answer means: a class, an abstain, or nothing that is a class, which is quarantined and not guessed."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Settings
from tidemill.generate.prompt.messages import ABSTAINS

NO_CLASS: Final = -2
"""An answer that is neither a class nor an abstain; it never becomes a vote."""
_AROUND: Final = " \t\r\n\"'`*.:"
_ROUNDING: Final = 1e-3
"""By which a log probability may be above 0."""
_LONGEST: Final = 2000
"""Characters of an answer that are kept: what is longer names no class."""


class Answer(Settings):
    """Answers of a model to one request.

    Parameters
    ----------
    key
        Of the request.
    row_id
        Of the row, for people.
    texts
        One per sample.
    tops
        Of each sample the likeliest first tokens and their log probabilities, where they were asked for.
    prompt_tokens, completion_tokens
        As the server counted them, or estimated where it does not say.
    """

    key: str
    row_id: str
    texts: tuple[str, ...]
    tops: tuple[dict[str, float], ...] = ()
    prompt_tokens: int
    completion_tokens: int


def parsed(text: str, classes: Sequence[str]) -> int:
    """Read an answer strictly: the name of a class, by itself or as ``{"label": ...}``.

    Parameters
    ----------
    text
        What the model wrote.
    classes
        Names of the classes.

    Returns
    -------
    int
        Class index, ``ABSTAIN``, or ``NO_CLASS``.

    Examples
    --------
    >>> [parsed(text, ["ham", "spam"]) for text in ('{"label": "spam"}', " Ham. ", "abstain", "spam or ham")]
    [1, 0, -1, -2]
    """
    plain = text.strip()
    if plain.startswith("{") and plain not in classes:
        labeled = _label_of(plain)
        if labeled is None:
            return NO_CLASS
        plain = labeled.strip()
    for form in (_as_written, _bare):  # a name as it stands, before one that differs in case alone
        named = form(plain)
        if named == ABSTAINS:
            return ABSTAIN
        same = [k for k, name in enumerate(classes) if named and form(name) == named]
        if same:
            return same[0] if len(same) == 1 else NO_CLASS
    return NO_CLASS


def _as_written(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _bare(text: str) -> str:
    return _as_written(text).strip(_AROUND).casefold()


def _label_of(text: str) -> str | None:
    """The label of ``{"label": ...}``; None where the text is anything else, or says it twice."""
    try:
        pairs = json.loads(text, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        return None
    if len(pairs) != 1 or pairs[0][0] != "label" or not isinstance(pairs[0][1], str):
        return None
    return str(pairs[0][1])


def probabilities_of(answer: Answer, classes: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """Compute class probabilities from the answers to a row.

    With log probabilities: of the first tokens with which the name of one class alone begins. Else each sample is a vote; samples
    that are no class are left out.

    Parameters
    ----------
    answer
        Answers to the row.
    classes
        Names of the classes.

    Returns
    -------
    (n_classes,) or None
        NaN where the model abstains, mostly; None where nothing that it wrote is a class.
    """
    shares = np.zeros(len(classes) + 1)  # the last is of abstains
    for place, text in enumerate(answer.texts):
        k = parsed(text, classes)
        if k == NO_CLASS:
            continue
        first = _first_tokens(answer.tops[place], classes) if place < len(answer.tops) else None
        if first is None:
            shares[k] += 1
        else:
            shares += first
    if not shares.any():
        return None
    if shares.argmax() == len(classes):
        return np.full(len(classes), np.nan)
    return np.asarray(shares[:-1] / shares[:-1].sum())


def _first_tokens(top: Mapping[str, float], classes: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """Shares of the classes and of an abstain; None where the tokens that begin one name alone are not the likelier ones."""
    names = [*(name.casefold() for name in classes), ABSTAINS]
    shares, of_several = np.zeros(len(names)), 0.0
    for token, log in top.items():
        begins = [k for k, name in enumerate(names) if token.strip() and name.startswith(token.strip().casefold())]
        if len(begins) == 1:
            shares[begins[0]] += math.exp(log)
        elif begins:
            of_several += math.exp(log)
    return shares / shares.sum() if shares.sum() > of_several else None


def answer_from(body: Any, key: str, row_id: str, estimated: int) -> Answer | None:
    """Read the body of a response.

    Parameters
    ----------
    body
        Parsed JSON.
    key, row_id
        Of the request.
    estimated
        Tokens of the prompt, where the server does not count them.

    Returns
    -------
    Answer or None
        None where the body is not what OpenAI's protocol says.
    """
    try:
        choices = body["choices"]
        texts = tuple(_kept(choice["message"]["content"]) for choice in choices)
    except (KeyError, TypeError):
        return None
    if not texts:
        return None
    usage = body.get("usage")
    tops = tuple(top for choice in choices if (top := _top(choice)))
    return Answer(
        key=key,
        row_id=row_id,
        texts=texts,
        tops=tops if len(tops) == len(texts) else (),
        prompt_tokens=_tokens(usage, "prompt_tokens", estimated),
        completion_tokens=_tokens(usage, "completion_tokens", sum(len(text) // 3 + 1 for text in texts)),
    )


def _kept(content: Any) -> str:
    """What is kept of a text: half a character of UTF-16, which no file can hold, is none."""
    text = content.strip() if isinstance(content, str) else "" if content is None else str(content)
    return text[:_LONGEST].encode("utf-8", "replace").decode()


def _tokens(usage: Any, name: str, estimated: int) -> int:
    """A count as the server gives it, where it is one."""
    count = usage.get(name) if isinstance(usage, dict) else None
    return int(count) if isinstance(count, int | float) and 0 <= count < math.inf else estimated


def _top(choice: Any) -> dict[str, float]:
    """Log probabilities of the first token; none where they are not what the protocol says."""
    try:
        items = choice["logprobs"]["content"][0]["top_logprobs"]
        found = {_kept_token(item["token"]): float(item["logprob"]) for item in items}
    except (KeyError, TypeError, ValueError, IndexError):
        return {}
    return found if all(log <= _ROUNDING for log in found.values()) else {}  # and none is NaN


def _kept_token(token: Any) -> str:
    return str(token).encode("utf-8", "replace").decode()
