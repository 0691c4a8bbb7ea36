"""Vote sets that nobody has looked at: copies of real sets with something altered, and simulated rare classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from denoise_sets import VoteSet

KINDS = ("functions 60%", "functions 40%", "an eighth of the rows", "half of the votes", "a class made rare", "skewed")
SHARES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
FUNCTIONS = ((2, 2, 0.5), (4, 2, 0.5), (3, 3, 0.3), (6, 4, 0.4))
"""Functions of the rare class, of the other, and the share of its rows that each of the latter covers."""
ROWS = 4_000


def altered(votes: VoteSet, *, seeds: int) -> Iterator[VoteSet]:
    """Yield copies of a set, one a kind and seed; those that need gold of the fitted rows only where it is there.

    Parameters
    ----------
    votes : VoteSet
    seeds : int
        Copies of each kind.

    Yields
    ------
    VoteSet
        Named after the set, the kind and the seed.
    """
    for seed in range(seeds):
        for place, kind in enumerate(KINDS):
            rng = np.random.default_rng([seed, place, len(votes.name)])
            copy = _altered(votes, kind, rng)
            if copy is not None:
                yield replace(copy, name=f"{votes.name}, {kind}, {seed}")


def _altered(votes: VoteSet, kind: str, rng: np.random.Generator) -> VoteSet | None:
    same = votes.train is votes.test
    if kind.startswith("functions"):
        share = 0.6 if "60" in kind else 0.4
        functions = votes.train.shape[1]
        kept = np.sort(rng.choice(functions, max(2, round(share * functions)), replace=False))
        return replace(votes, train=votes.train[:, kept], test=votes.test[:, kept])
    if kind.startswith("an eighth"):
        if same:
            return None
        rows = rng.choice(len(votes.train), max(len(votes.train) // 8, 60), replace=False)
        return replace(votes, train=votes.train[rows])
    if kind.startswith("half"):
        train = np.where(rng.random(votes.train.shape) < 0.5, votes.train, -1).astype(np.int16)
        test = train if same else np.where(rng.random(votes.test.shape) < 0.5, votes.test, -1).astype(np.int16)
        return replace(votes, train=train, test=test)
    if (votes.train_gold < 0).any():
        return None
    keep = np.linspace(0.2, 1.0, votes.n_classes)
    if kind == "a class made rare":
        keep = np.where(np.arange(votes.n_classes) == rng.integers(votes.n_classes), 0.2, 1.0)
    else:
        rng.shuffle(keep)
    fitted = rng.random(len(votes.train)) < keep[votes.train_gold]
    scored = fitted if same else rng.random(len(votes.test)) < keep[votes.gold]
    return replace(votes, train=votes.train[fitted], test=votes.test[scored], gold=votes.gold[scored])


def rare(*, seeds: int) -> Iterator[VoteSet]:
    """Yield votes on rows of which few are of the second class, one-sided and two-sided, for each number of functions."""
    for share in SHARES:
        for positive, negative, covered in FUNCTIONS:
            for two_sided in (False, True):
                for seed in range(seeds):
                    rng = np.random.default_rng([seed, positive, negative, two_sided, round(share * 1e4)])
                    truth = (rng.random(ROWS) < share).astype(int)
                    votes = np.full((ROWS, positive + negative), -1, dtype=np.int16)
                    for j in range(positive + negative):
                        own = j < positive
                        rates = (0.002, 0.6) if own else (covered, 0.05)
                        votes[rng.random(ROWS) < np.array(rates)[truth], j] = int(own)
                        if two_sided:
                            names = (truth == 0) if own else (truth == 1)
                            also = names & (votes[:, j] == -1) & (rng.random(ROWS) < 0.2)
                            votes[also, j] = int(not own)
                    name = f"{share:.1%}, {positive}+{negative}, {'two' if two_sided else 'one'}-sided, {seed}"
                    yield VoteSet(name, 2, "acc", votes, votes, truth, None)
