"""What a model's answer means: a class, an abstain, or nothing that is a class, which is quarantined and not guessed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Settings
from tidemill.generate.prompt.messages import ABSTAINS

NO_CLASS: Final = -2
"""An answer that is neither a class nor an abstain; it never becomes a vote."""
_AROUND: Final = " \t\r\n\"'`*.:"


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
    if plain.startswith("{"):
        try:
            content = json.loads(plain)
        except json.JSONDecodeError:
            return NO_CLASS
        if not isinstance(content, dict) or not isinstance(content.get("label"), str):
            return NO_CLASS
        plain = content["label"]
    named = plain.strip(_AROUND).casefold()
    if named == ABSTAINS:
        return ABSTAIN
    same = [k for k, name in enumerate(classes) if name.casefold().strip(_AROUND) == named]
    return same[0] if len(same) == 1 else NO_CLASS


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
    """Shares of the classes and of an abstain; None where no token begins one name alone."""
    names = [*(name.casefold() for name in classes), ABSTAINS]
    shares = np.zeros(len(names))
    for token, log in top.items():
        begins = [k for k, name in enumerate(names) if token.strip() and name.startswith(token.strip().casefold())]
        if len(begins) == 1:
            shares[begins[0]] += math.exp(log)
    return shares / shares.sum() if shares.any() else None


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
        texts = tuple(str(choice["message"]["content"] or "") for choice in choices)
        usage = body.get("usage") or {}
        tops = tuple(top for choice in choices if (top := _top(choice)))
        return (
            Answer(
                key=key,
                row_id=row_id,
                texts=texts,
                tops=tops if len(tops) == len(texts) else (),
                prompt_tokens=int(usage.get("prompt_tokens", estimated)),
                completion_tokens=int(usage.get("completion_tokens", sum(len(text) // 3 + 1 for text in texts))),
            )
            if texts
            else None
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None


def _top(choice: Any) -> dict[str, float]:
    content = (choice.get("logprobs") or {}).get("content") or []
    return {str(item["token"]): float(item["logprob"]) for item in content[0]["top_logprobs"]} if content else {}
