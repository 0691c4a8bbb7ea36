"""Rows for benchmarks of generated labels: packaged problems with gold drawn from dev, sets of texts, planted voters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from denoise_sets import load_set
from tidemill.contracts import ABSTAIN, NO_GOLD, Problem, gold_contract, votes_contract
from tidemill.denoise.models.registry import create
from tidemill.generate.prompt.budget import Purse
from tidemill.generate.rows import Rows
from tidemill.generate.run import generate
from tidemill.generate.storage import Storage
from tidemill.label.conditions.registry import KINDS
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.label.settings import EndpointSettings
from tidemill.project.project import Project
from tidemill.project.tables import batch_names, read, read_batches

DESCRIBED: Final[dict[str, list[str]]] = {
    "youtube": [
        "a viewer's comment on the song, the singer or the video",
        "an advertisement that asks people to subscribe, follow a link or visit a channel",
    ],
    "sms": [
        "a personal message between friends or family",
        "an advertisement, a prize or a paid service that asks to call or text a number",
    ],
    "trec": [
        "asks for a description, a definition, a reason or a manner",
        "asks which thing, animal, food, product, colour, sport or language it is",
        "asks who, for the name of a person, a group or a company",
        "asks what an abbreviation or acronym stands for",
        "asks where, for a city, a country, a mountain or another place",
        "asks how many, how much, when, for a number, a date or an amount",
    ],
    "imdb_re": [
        "the reviewer found the film bad, boring and a waste of time",
        "the reviewer loved the film and found it wonderful",
    ],
}
_PLANTED, _GOLD, _FITTED = 8000, 200, 2000
"""Rows of a planted set: all, those with gold, and those that the label model is fitted on; the rest are scored."""
DESCRIBED["sms_prompted"] = DESCRIBED["sms"]


@dataclass(frozen=True)
class Drawn:
    """Rows of a packaged problem of which few of dev have gold, and gold of all that are scored."""

    rows: Rows
    gold: Any
    test: Any

    def balanced(self, probabilities: Any, where: Any = None) -> float:
        """(rows, classes) -> balanced accuracy on test, or on some of its rows, x 100."""
        chosen, where = probabilities.argmax(axis=1), self.test if where is None else where
        truth = self.gold[where]
        return 100.0 * float(np.mean([(chosen[where][truth == k] == k).mean() for k in np.unique(truth)]))


def packaged(name: str) -> Drawn:
    """Problem's name -> its rows as a run left them, without any gold drawn; functions that generate nothing alone vote."""
    project = Project.open(Path())
    problem, paths = project.problem(name), project.paths(name)
    if not paths.votes.exists():
        raise SystemExit(
            f"{paths.votes} is missing; this benchmark reads what a run leaves: `make run`, or `dvc repro`"
        )
    contract = votes_contract(len(problem.classes))
    table, batches = read(paths.votes, contract), batch_names(paths.manifest)
    names = contract.other_names(table.columns)
    gold = pl.concat(
        read_batches(folder, gold_contract(len(problem.classes)), batches).select("row_id", "gold")
        for folder in (paths.dev, paths.gold, paths.train_gold)
    )
    joined = table.select("row_id").join(gold, on="row_id", how="left", maintain_order="left")
    known = joined["gold"].fill_null(NO_GOLD).to_numpy().astype(np.int16)
    raw = pl.concat([pl.read_parquet(paths.raw / f"{batch}.parquet") for batch in batches])
    features = pl.concat([pl.read_parquet(paths.features / f"{batch}.parquet") for batch in batches])
    vectors = (
        table.select("row_id").join(features, on="row_id", how="left", maintain_order="left")["feature"].to_numpy()
    )
    rows = Rows(
        problem,
        table.select("row_id", "batch", "split"),
        np.full(table.height, NO_GOLD, dtype=np.int16),
        table.select(names).to_numpy().astype(np.int16),
        tuple(names),
        lambda where: raw[where],
        lambda: vectors,
        lambda: _Named(name),  # type: ignore[arg-type, return-value]
    )
    return Drawn(rows, known, np.flatnonzero((table["split"] == "test").to_numpy() & (known != NO_GOLD)))


def with_gold(drawn: Drawn, per_class: int, seed: int) -> Drawn:
    """The same rows, of which so many of dev of each class have gold."""
    chance, gold = np.random.default_rng(seed), np.full(len(drawn.gold), NO_GOLD, dtype=np.int16)
    is_dev = (drawn.rows.ids["split"] == "dev").to_numpy()
    for k in range(drawn.rows.n_classes):
        own = np.flatnonzero(is_dev & (drawn.gold == k))
        gold[chance.choice(own, min(per_class, len(own)), replace=False)] = k
    rows = drawn.rows
    fields = (rows.votes, rows.names, rows.read, rows.read_features, rows.embedder)
    return Drawn(Rows(rows.problem, rows.ids, gold, *fields), drawn.gold, drawn.test)


@dataclass(frozen=True)
class _Named:
    """In place of a backbone whose features are there."""

    name: str

    @property
    def about(self) -> _Named:
        """What identifies it."""
        return self

    def model_dump_json(self) -> str:
        """Its name."""
        return self.name


def function(name: str, **fields: Any) -> DeclaredLabelingFunction:
    """Fields of a function of a generated kind -> the function."""
    condition = KINDS[fields["kind"]].model_validate(fields)
    return DeclaredLabelingFunction(name, condition, ABSTAIN)


def votes_of(
    functions: Mapping[str, Mapping[str, Any]], rows: Rows, folder: Path, endpoints: Mapping[str, EndpointSettings]
) -> Any:
    """Functions by name, rows and a folder -> what ``generate`` gives."""
    storage = Storage(folder / "generated", (), folder / "journal.jsonl", endpoints, Purse(None))
    return generate([function(name, **fields) for name, fields in functions.items()], rows, _uncached(storage, rows))


def _uncached(storage: Storage, rows: Rows) -> Storage:
    from tidemill.label.engine.vote_cache import BatchCache

    caches = [BatchCache(None) for _ in range(rows.ids["batch"].rle_id().n_unique())]
    return Storage(storage.folder, caches, storage.journal, storage.endpoints, storage.purse)


def labels_of(votes: Any, rows: Rows, *, use_gold: bool) -> Any:
    """Votes of all rows -> their labels by `auto`, fitted on train and dev."""
    model = create("auto", rows.n_classes, seed=20, draws=0)
    gold = rows.gold[rows.fitted_on] if use_gold else None
    return model.fit(votes[rows.fitted_on], gold=gold).predict_proba(votes)


def text_set(folder: Path, embed: Any) -> tuple[Any, Rows]:
    """Folder of a set and a backbone -> the set, and its train and test rows; no gold is given."""
    own = load_set(folder)
    texts = [*own.texts["train"], *own.texts["test"]]
    votes = np.concatenate([own.train, own.test]).astype(np.int16)
    split = ["train"] * len(own.train) + ["test"] * len(own.test)
    ids = pl.DataFrame({"row_id": [str(n) for n in range(len(texts))], "batch": "all", "split": split})
    classes = tuple(f"class {k}" for k in range(own.n_classes))
    problem, features = Problem(name=own.name, modality="text", classes=classes), embed.embed(texts)
    table = ids.select("row_id").with_columns(text=pl.Series(texts))
    gold = np.full(len(texts), NO_GOLD, dtype=np.int16)
    names = tuple(f"f{j}" for j in range(votes.shape[1]))
    return own, Rows(problem, ids, gold, votes, names, lambda where: table[where], lambda: features, lambda: embed)


def planted(kind: str, seed: int) -> tuple[Rows, Any, Any]:
    """Kind of a bad voter and a seed -> rows with six functions and 200 gold rows, the truth, and the voter's votes.

    A guess, a copy of the second function, and one that is right on class 0 and calls two rows in three of it class 1 as well.
    """
    chance = np.random.default_rng(seed)
    truth = (chance.random(_PLANTED) < 0.4).astype(np.int64)
    columns = [_voter(truth, accuracy, chance) for accuracy in (0.65, 0.7, 0.75, 0.75, 0.8, 0.85)]
    votes = np.stack(columns, axis=1)
    voters = {
        "guesses": chance.integers(0, 2, _PLANTED),
        "copies": votes[:, 1],
        "is wrong on a class": np.where((truth == 0) & (chance.random(_PLANTED) < 0.62), 1, np.where(truth == 0, 0, 1)),
    }
    split = np.where(np.arange(_PLANTED) < _GOLD, "dev", np.where(np.arange(_PLANTED) < _FITTED, "train", "test"))
    gold = np.where(split == "dev", truth, NO_GOLD).astype(np.int16)
    ids = pl.DataFrame({"row_id": [str(n) for n in range(_PLANTED)], "batch": "all", "split": split})
    problem = Problem(name="planted", modality="text", classes=("no", "yes"))
    names = tuple(f"f{j}" for j in range(6))
    nothing: Any = None
    rows = Rows(problem, ids, gold, votes.astype(np.int16), names, nothing, nothing, nothing)
    return rows, truth, voters[kind].astype(np.int16)


def _voter(truth: Any, accuracy: float, chance: np.random.Generator) -> Any:
    said = np.where(chance.random(len(truth)) < accuracy, truth, 1 - truth)
    return np.where(chance.random(len(truth)) < 0.7, said, ABSTAIN)
