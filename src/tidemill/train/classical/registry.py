"""Names of the members; a new model is a file in this folder and a line here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tidemill.contracts import ConfigError
from tidemill.train.classical.base import Member
from tidemill.train.classical.linear import Linear
from tidemill.train.classical.lstm import Lstm
from tidemill.train.classical.naive_bayes import NaiveBayes
from tidemill.train.classical.ngrams import Ngrams
from tidemill.train.classical.xgboost import Boosted
from tidemill.train.settings import ALL_MEMBERS, EnsembleSettings

MEMBERS: Final[dict[str, type[Member]]] = {
    "linear": Linear,
    "ngrams": Ngrams,
    "naive_bayes": NaiveBayes,
    "xgboost": Boosted,
    "lstm": Lstm,
}


def check_members(names: Sequence[str], modality: str, key: str) -> None:
    """Refuse names of members that cannot be fitted.

    Parameters
    ----------
    names
        Names of members.
    modality
        ``text`` or ``image``.
    key
        The setting that names them.

    Raises
    ------
    ConfigError
        There is no member of that name, or it reads texts where the rows are images.
    """
    if unknown := [name for name in names if name not in MEMBERS]:
        raise ConfigError(f"{key}: there is no member {unknown[0]!r}; there are {', '.join(MEMBERS)}")
    if modality != "text" and (reading := [name for name in names if MEMBERS[name].needs_text]):
        fit = ", ".join(name for name in MEMBERS if not MEMBERS[name].needs_text)
        raise ConfigError(
            f"{key}: {reading[0]} reads texts and the rows are {modality}s; for {modality}s there are: {fit}"
        )


def members_of(settings: EnsembleSettings, modality: str) -> tuple[list[str], list[str]]:
    """List the members that are fitted alongside the head, and those left out.

    Parameters
    ----------
    settings
        Settings of the ensemble.
    modality
        ``text`` or ``image``.

    Returns
    -------
    members, left_out : list of str

    Raises
    ------
    ConfigError
        There is no member of that name, or one that is named reads texts where the rows are images.
    """
    if settings.members != ALL_MEMBERS:
        check_members(settings.members, modality, "train.ensemble.members")
        return list(settings.members), []
    reading = [name for name in MEMBERS if MEMBERS[name].needs_text and modality != "text"]
    return [name for name in MEMBERS if name not in reading], reading
