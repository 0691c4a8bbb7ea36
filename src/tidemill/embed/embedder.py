"""Tables of features, and the mark that records what computed them."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from tidemill.common.torch_threads import torch_threads
from tidemill.contracts import ConfigError, DataError, Features
from tidemill.embed.backbone import Backbone
from tidemill.embed.settings import EmbedSettings
from tidemill.embed.weights import find_weights, weights_sha256
from tidemill.reports.model import BackboneRecord

MARK: Final = "tidemill.embed"
"""Key of the Parquet metadata that says what made a file of features."""

FORMAT: Final = 1
"""Raised when the same settings give other features, so that all are computed again."""

Modality = Literal["text", "image"]


class Embedder:
    """What turns rows of one modality into features; the backbone is loaded when the first row needs it."""

    def __init__(self, settings: EmbedSettings, modality: Modality, *, root: Path) -> None:
        if getattr(settings, modality) is None:
            raise ConfigError(
                f"embed.{modality} is null, and the problem's rows are {modality}s: choose embed for them"
            )
        self.settings, self.modality = settings, modality
        self.path = find_weights(settings.weights, root)

    @functools.cached_property
    def about(self) -> BackboneRecord:
        """What identifies the features: modality, settings that change them, and the weights' hash."""
        kept = self.settings.model_dump(
            mode="json", include={"backbone", "weights", self.modality}, exclude_defaults=True
        )  # a setting that is newer than a model's record, at what was done before, changes nothing
        return BackboneRecord(format=FORMAT, modality=self.modality, settings=kept, sha256=weights_sha256(self.path))

    @functools.cached_property
    def backbone(self) -> Backbone:
        """The backbone, loaded."""
        if self.settings.text is not None and self.modality == "text":
            from tidemill.embed.text import TextBackbone

            return TextBackbone(self.settings.backbone, self.path, self.settings.text)
        from tidemill.embed.image import ImageBackbone

        assert self.settings.image is not None  # noqa: S101 - the constructor has seen it
        return ImageBackbone(self.settings.backbone, self.path, self.settings.image)

    def features(self, rows: pl.DataFrame, *, name: str) -> Features:
        """Compute features.

        Parameters
        ----------
        rows
            Raw rows.
        name
            What progress calls it.

        Returns
        -------
        (n_rows, n_dimensions)
            In the order of the rows.

        Raises
        ------
        DataError
            A row's features are not finite.
        """
        contents = rows[self.modality].to_list()
        features = self._embedded(contents, name) if contents else np.zeros((0, 1), dtype=np.float32)
        bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
        if len(bad):
            raise DataError(f"row {rows['row_id'][int(bad[0])]}: its features are not finite; {len(bad)} such rows")
        return features

    def _embedded(self, contents: list[Any], name: str) -> Features:
        with torch_threads(self.settings.threads):
            return self.backbone.embed(contents, name=name)

    def mark(self, rows: pl.DataFrame) -> dict[str, str]:
        """Describe features of rows, as Parquet metadata: the backbone, and ids of the rows, which are hashes of their content.

        Parameters
        ----------
        rows
            Raw rows.

        Returns
        -------
        dict of str to str
        """
        ids = hashlib.sha256("\n".join(rows["row_id"].to_list()).encode()).hexdigest()
        return {MARK: json.dumps({"backbone": self.about.model_dump(), "rows": ids}, sort_keys=True)}


def features_table(row_ids: pl.Series, features: Features) -> pl.DataFrame:
    """Make the table of features.

    Parameters
    ----------
    row_ids
        Ids of the rows.
    features : (n_rows, n_dimensions)
        Features of the rows.

    Returns
    -------
    polars.DataFrame
        Table of contract ``FEATURES``.

    Examples
    --------
    >>> features_table(pl.Series(["a"]), np.zeros((1, 2), dtype=np.float32)).schema["feature"]
    Array(Float32, shape=(2,))
    """
    column = pl.Series("feature", features, dtype=pl.Array(pl.Float32, features.shape[1]))
    return pl.DataFrame({"row_id": row_ids.cast(pl.String), "feature": column})


def is_current(file: Path, mark: Mapping[str, str]) -> bool:
    """Test whether a file of features exists, is complete, and has the expected mark.

    Parameters
    ----------
    file
        Parquet file of features, which need not exist.
    mark
        As ``Embedder.mark`` makes it.

    Returns
    -------
    bool
        False where the features have to be computed again.
    """
    try:
        return pl.read_parquet_metadata(file).get(MARK) == mark[MARK]
    except (pl.exceptions.PolarsError, OSError):
        return False


def backbone_record(file: Path) -> BackboneRecord:
    """Read what identifies the backbone that made a file of features.

    Parameters
    ----------
    file
        Parquet file of features.

    Returns
    -------
    BackboneRecord
        As ``Embedder.about``.

    Raises
    ------
    DataError
        The file has no record of its backbone.
    """
    try:
        return BackboneRecord.model_validate(json.loads(pl.read_parquet_metadata(file)[MARK])["backbone"])
    except (
        pl.exceptions.PolarsError,
        OSError,
        KeyError,
        ValueError,
    ) as error:  # pydantic's and JSON's errors are values'
        raise DataError(f"{file} does not say which backbone made it: delete it and run the embed stage") from error


def embedder_of(about: BackboneRecord, *, root: Path, threads: int) -> Embedder:
    """Restore the embedder of a backbone, for new rows.

    Parameters
    ----------
    about
        What identifies the backbone.
    root
        The project's main checkout.
    threads
        Threads of torch.

    Returns
    -------
    Embedder
        For rows of the modality of the backbone.

    Raises
    ------
    DataError
        The weights are not those that made the features.
    """
    unset: dict[str, Any] = {"text": None, "image": None, "threads": threads, "domain_rows": 0}
    settings = EmbedSettings.model_validate(unset | about.settings)
    result = Embedder(settings, about.modality, root=root)
    if result.about != about:
        raise DataError(f"{settings.weights} is not what the model was trained with: fetch the weights it names")
    return result


def embed_rows(rows: pl.DataFrame, about: BackboneRecord, *, root: Path, threads: int) -> Features:
    """Compute features of new rows by a model's backbone.

    Parameters
    ----------
    rows
        With a column ``text`` or ``image``.
    about
        What identifies the backbone.
    root
        The project's main checkout.
    threads
        Threads of torch.

    Returns
    -------
    (n_rows, n_dimensions)
    """
    return embedder_of(about, root=root, threads=threads).features(rows, name="embed")
