"""Names of the members -> their classes; a new model is a file in this folder and a line here."""

from __future__ import annotations

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


def members_of(settings: EnsembleSettings, modality: str) -> tuple[list[str], list[str]]:
    """Settings and what the rows are -> names of the members that are fitted beside the head, and of those left out.

    Raises
    ------
    ConfigError
        There is no member of that name, or one that is named reads texts where the rows are images.
    """
    wanted = list(MEMBERS) if settings.members == ALL else list(settings.members)
    if unknown := [name for name in wanted if name not in MEMBERS]:
        raise ConfigError(f"train.ensemble.members: there is no member {unknown[0]!r}; there are {', '.join(MEMBERS)}")
    reading = [name for name in wanted if MEMBERS[name].needs_text] if modality != "text" else []
    if reading and settings.members != ALL:
        fit = ", ".join(name for name in MEMBERS if not MEMBERS[name].needs_text)
        raise ConfigError(
            f"train.ensemble.members: {reading[0]} reads texts and the rows are {modality}s; of {modality}s learn: {fit} "
            f"(or `members: {ALL}`, which takes what fits)"
        )
    return [name for name in wanted if name not in reading], reading
