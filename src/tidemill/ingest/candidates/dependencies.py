"""The path between two mentions through the dependency tree of their sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Span = tuple[int, int]


def dependency_path(parsed: Any, first: Span, second: Span) -> str:
    """Write the dependency path from one span of a parsed sentence to another.

    ``nsubj< found >dobj``: up from the first to the lemma *found*, whose ``nsubj`` it is, and down to the second, its ``dobj``.
    The words of the spans themselves are not on it.

    Parameters
    ----------
    parsed
        The sentence as ``Doc`` of spaCy, with its dependencies.
    first, second
        Begin and end of each, in characters of the sentence.

    Returns
    -------
    str
        Empty where the spans are in trees of their own, have the same word on top, or one is white space.
    """
    spans = [parsed.char_span(*span, alignment_mode="expand") for span in (first, second)]
    if not all(spans):
        return ""
    rising, falling = (_to_root(span.root) for span in spans)
    above = {token.i: place for place, token in enumerate(falling)}
    top = next((place for place, token in enumerate(rising) if token.i in above), None)
    if top is None:
        return ""
    parts = list[str]()
    for token in rising[:top]:
        parts += (f"{token.dep_}<", _lemma(token.head))
    for token in reversed(falling[: above[rising[top].i]]):
        parts += (f">{token.dep_}", _lemma(token))
    return " ".join(parts[:-1])  # the last word is the second mention's own


def _to_root(token: Any) -> Sequence[Any]:
    path = [token]
    while path[-1].head.i != path[-1].i:
        path.append(path[-1].head)
    return path


def _lemma(token: Any) -> str:
    return str(token.lemma_ or token.text.lower())
