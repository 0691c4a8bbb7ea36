"""Settings of ``ingest.candidates``."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from tidemill.contracts import Settings

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Kind = Literal["string", "int", "bool"]

COLUMNS: Final[dict[str, Kind]] = {
    "document": "string",
    "sentence": "string",
    "sentence_number": "int",
    "subject": "string",
    "object": "string",
    "subject_type": "string",
    "object_type": "string",
    "subject_begin": "int",
    "subject_end": "int",
    "object_begin": "int",
    "object_end": "int",
    "subject_first": "bool",
    "distance": "int",
    "before": "string",
    "between": "string",
    "after": "string",
    "around": "string",
    "path": "string",
}
"""Columns of every candidate and their kinds; begin and end are characters of the document, path is empty without a parser."""
DOCUMENT: Final = "document"


class MentionSettings(Settings):
    """Where the mentions of one type come from: exactly one of a file of names, a pattern, a column and a tagger.

    Attributes
    ----------
    names
        File of the project: a name a line, or a CSV whose second column is the entity that a name stands for.
    case
        Whether upper and lower case differ in ``names``.
    pattern
        Regular expression; a group called ``name`` is the mention, else the whole match.
    spans
        Column of the documents that lists mentions: ``[{"begin": 0, "end": 5, "entity": "Paris"}]``, ``entity`` optional.
    tagger
        ``spacy:MODEL`` or ``gliner:MODEL``, which have to be installed.
    labels
        Labels of the tagger that count; empty: the name of the type.
    """

    names: str | None = None
    case: bool = True
    pattern: str | None = None
    spans: str | None = None
    tagger: Annotated[str, StringConstraints(pattern=r"^(spacy|gliner):.+$")] | None = None
    labels: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_one_source(self) -> Self:
        given = [name for name in ("names", "pattern", "spans", "tagger") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"mentions come from one of names, pattern, spans and tagger; given are {', '.join(given) or 'none'}"
            )
        if self.labels and self.tagger is None:
            raise ValueError("labels are those of a tagger, and there is none")
        return self


class CandidateSettings(Settings):
    """How documents become candidates.

    Attributes
    ----------
    mentions
        Types of mentions, and where each comes from.
    pairs
        Types of the subject and of the object; of ``[person, person]`` both directions are candidates.
    order
        Whether the subject has to be first in the sentence, or the object.
    window
        Words between the two mentions, at most.
    context
        Words kept before the first mention and after the second.
    most
        Candidates of one sentence, at most: those whose mentions are nearest to each other.
    markers
        What the end model reads of a candidate: ``types``: the words between, with the types of the mentions in place of their
        names; ``names``: the whole sentence, its mentions enclosed.
    """

    mentions: Annotated[dict[Name, MentionSettings], Field(min_length=1)]
    pairs: Annotated[tuple[tuple[str, str], ...], Field(min_length=1)]
    order: Literal["any", "subject_first", "object_first"]
    window: Annotated[int, Field(ge=0)]
    context: Annotated[int, Field(ge=0)]
    most: Annotated[int, Field(ge=1)]
    markers: Literal["names", "types"]

    @model_validator(mode="after")
    def _types_are_known(self) -> Self:
        for name in (name for pair in self.pairs for name in pair):
            if name not in self.mentions:
                raise ValueError(f"pairs: there is no type {name!r} in mentions; there are {', '.join(self.mentions)}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the documents that list mentions."""
        return tuple(dict.fromkeys(item.spans for item in self.mentions.values() if item.spans is not None))

    @property
    def files(self) -> tuple[str, ...]:
        """Files of names, which candidates depend on."""
        return tuple(sorted({item.names for item in self.mentions.values() if item.names is not None}))
