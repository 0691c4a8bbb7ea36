"""Names of the members -> their classes; a new model is a file in this folder and a line here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tidemill.contracts import ConfigError
from tidemill.train.members.base import Member
from tidemill.train.members.linear import Linear
from tidemill.train.members.lstm import Lstm
from tidemill.train.members.naive_bayes import NaiveBayes
from tidemill.train.members.ngrams import Ngrams
from tidemill.train.members.xgboost import Boosted
from tidemill.train.settings import ALL, EnsembleSettings

MEMBERS: Final[dict[str, type[Member]]] = {
    "linear": Linear,
    "ngrams": Ngrams,
    "naive_bayes": NaiveBayes,
    "xgboost": Boosted,
    "lstm": Lstm,
}


def checked(names: Sequence[str], modality: str, key: str) -> None:
    """Names of members, what the rows are and the setting that named them -> nothing.

    Raises
    ------
    ConfigError
        There is no member of that name, or it reads texts where the rows are images.
    """
    if unknown := [name for name in names if name not in MEMBERS]:
        raise ConfigError(f"{key}: there is no member {unknown[0]!r}; there are {', '.join(MEMBERS)}")
    if modality != "text" and (reading := [name for name in names if MEMBERS[name].needs_text]):
        fit = ", ".join(name for name in MEMBERS if not MEMBERS[name].needs_text)
        raise ConfigError(f"{key}: {reading[0]} reads texts and the rows are {modality}s; of {modality}s learn: {fit}")


def members_of(settings: EnsembleSettings, modality: str) -> tuple[list[str], list[str]]:
    """Settings and what the rows are -> names of the members that are fitted beside the head, and of those left out.

    Raises
    ------
    ConfigError
        There is no member of that name, or one that is named reads texts where the rows are images.
    """
    if settings.members != ALL:
        checked(settings.members, modality, "train.ensemble.members")
        return list(settings.members), []
    reading = [name for name in MEMBERS if MEMBERS[name].needs_text and modality != "text"]
    return [name for name in MEMBERS if name not in reading], reading
