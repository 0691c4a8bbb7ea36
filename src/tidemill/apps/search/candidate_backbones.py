"""Features of a problem's rows by changed embed settings, kept in `.tidemill/search/`.

Features are made a few rows at a time and each lot is written aside and renamed: a kill loses one lot at most, and what a
deadline left undone is gone on with by the next search.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from pydantic import JsonValue

from tidemill.common.files import atomic_write
from tidemill.common.progress import progress
from tidemill.contracts import Features, Problem
from tidemill.embed.embedder import Embedder
from tidemill.embed.settings import EmbedSettings
from tidemill.project.config import parse
from tidemill.project.layout import Paths
from tidemill.train.search.settings import SearchSettings

_LOT: Final = 32  # rows
_LOADING: Final = 10.0  # seconds that must be left for a backbone to be loaded at all


def candidates(problem: Problem, embed: EmbedSettings, settings: SearchSettings) -> dict[str, dict[str, JsonValue]]:
    """Select the backbones of a search that are of the problem's modality and change something.

    Parameters
    ----------
    problem
        Name, modality and classes of the problem.
    embed
        Settings of embed.
    settings
        Settings of search, which name the backbones.

    Returns
    -------
    dict of str to dict
        Changes by name.

    Raises
    ------
    ConfigError
        A change is no setting of embed, or its value cannot be.
    """
    other = "image" if problem.modality == "text" else "text"
    results = {}
    for backbone in settings.backbones:
        changes = {key: value for key, value in backbone.items() if key != "name"}
        if other not in changes and changed(problem, embed, str(backbone["name"]), changes) != embed:
            results[str(backbone["name"])] = changes
    return results


def changed(problem: Problem, embed: EmbedSettings, name: str, changes: Mapping[str, JsonValue]) -> EmbedSettings:
    """Make the embed settings of a candidate.

    Parameters
    ----------
    problem
        Name, modality and classes of the problem.
    embed
        Settings of embed.
    name
        Of the candidate, for the error.
    changes
        Changes of the settings, as nested keys.

    Returns
    -------
    EmbedSettings
        The settings with the changes.

    Raises
    ------
    ConfigError
        A change is no setting of embed, or its value cannot be.
    """
    there = embed.model_dump(mode="json")
    merged = {key: there[key] | value if isinstance(value, dict) else value for key, value in changes.items()}
    return parse(EmbedSettings, there | merged, f"{problem.name}.search.backbones.{name}")


def contents(paths: Paths, batches: list[str], problem: Problem, row_ids: pl.Series) -> pl.DataFrame:
    """Read row ids and texts or images of rows.

    Parameters
    ----------
    paths
        Paths of the problem.
    batches
        Names of the batches.
    problem
        Name, modality and classes of the problem.
    row_ids
        Ids of the rows.

    Returns
    -------
    polars.DataFrame
        In the order of ``row_ids``.
    """
    columns = ["row_id", problem.modality]
    raw = pl.concat([pl.read_parquet(paths.raw / f"{batch}.parquet", columns=columns, glob=False) for batch in batches])
    return pl.DataFrame({"row_id": row_ids}).join(raw, on="row_id", how="left", maintain_order="left")


def features(rows: pl.DataFrame, embedder: Embedder, folder: Path, *, deadline: float, name: str) -> Features | None:
    """Compute features in parts, those parts that are not cached yet.

    Parameters
    ----------
    rows
        Columns ``row_id`` and the modality's.
    embedder
        Embedder whose backbone computes the features.
    folder
        Where lots are kept.
    deadline
        Moment of ``time.monotonic()``.
    name
        What progress calls it.

    Returns
    -------
    (n_rows, n_dimensions) or None
        None: out of time.
    """
    about = json.dumps([embedder.about.model_dump(), rows["row_id"].to_list()], sort_keys=True)
    lots = folder / hashlib.sha256(about.encode()).hexdigest()[:16]
    files = [lots / f"{start}.npy" for start in range(0, rows.height, _LOT)]
    missing = [file for file in files if not file.exists()]
    if missing and deadline - time.monotonic() < _LOADING:
        return None
    for file in progress(missing, total=len(missing) * _LOT, name=f"search: {name}", unit="rows", size=_LOT):
        made = embedder.features(rows.slice(int(file.stem), _LOT), name=f"search: {name}, a lot")
        with atomic_write(file) as temporary, temporary.open("wb") as opened:
            np.save(opened, made, allow_pickle=False)
        if time.monotonic() >= deadline and file != missing[-1]:
            return None
    return np.concatenate([np.load(file, allow_pickle=False) for file in files])


def made_candidates(
    rows: pl.DataFrame,
    problem: Problem,
    embed: EmbedSettings,
    result: Mapping[str, Mapping[str, JsonValue]],
    *,
    root: Path,
    **options: Any,
) -> dict[str, Features]:
    """Compute the features of all candidates for which there is time.

    Parameters
    ----------
    rows
        Columns ``row_id`` and the modality's.
    problem
        The problem.
    embed
        Settings of embed, which the changes are made to.
    result
        Changes by name of the candidate.
    root
        Folder below which weights of backbones are.
    **options
        ``folder`` and ``deadline`` of ``features``.

    Returns
    -------
    dict of str to (n_rows, n_dimensions)
        Features by name; a candidate for which time ran out is left out.
    """
    there = {}
    for name, changes in result.items():
        embedder = Embedder(changed(problem, embed, name, changes), problem.modality, root=root)
        seen = features(rows, embedder, name=name, **options)
        print(
            f"search: backbone {name}: {'out of time, left out' if seen is None else f'{seen.shape[1]} features'}",
            flush=True,
        )
        if seen is not None:
            there[name] = seen
    return there
