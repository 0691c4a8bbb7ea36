"""Fine-tune a problem's backbone, in modes partial, full and scratch, and compute its features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from tidemill.contracts import ABSTAIN, Problem, probability_columns, votes_contract
from tidemill.embed.embedder import Embedder, features_table
from tidemill.embed.settings import EmbedSettings
from tidemill.embed.trainable_backbone import trainable_backbone
from tidemill.project.contents import contents_of
from tidemill.project.layout import Paths
from tidemill.reports.model import BackboneRecord
from tidemill.train.finetune.batches import FinetuneRows
from tidemill.train.finetune.finetune import finetune
from tidemill.train.head.head import TUNED
from tidemill.train.row_weights import row_weights
from tidemill.train.run import TRAIN_SPLITS, Tables
from tidemill.train.settings import TrainSettings


@dataclass(frozen=True)
class FinetuneResult:
    """Tables with the features of the fine-tuned backbone, and what identifies it."""

    tables: Tables
    backbone: BackboneRecord


def finetune_model(
    tables: Tables,
    problem: Problem,
    embedding: EmbedSettings,
    settings: TrainSettings,
    paths: Paths,
    batches: Sequence[str],
) -> FinetuneResult:
    """Fine-tune the backbone, save it in the model's folder, and compute the features of all rows by it.

    Parameters
    ----------
    tables
        Votes, labels and features of all rows.
    problem
        The problem.
    embedding
        Settings of embed, which name the backbone to start from.
    settings
        Settings of train.
    paths
        Paths of the problem.
    batches
        Names of the batches whose contents are read.

    Returns
    -------
    FinetuneResult
        The tables with the new features, and the record of the fine-tuned backbone.
    """
    start = Embedder(embedding, problem.modality, root=paths.shared)
    backbone = trainable_backbone(start, scratch=settings.mode == "scratch", seed=settings.seed)
    rows = tables.votes.join(tables.features, on="row_id", maintain_order="left")
    rows = rows.join(tables.labels, on="row_id", maintain_order="left")
    contents = rows.select("row_id").join(
        contents_of(paths, batches, problem.modality), on="row_id", maintain_order="left"
    )
    training_set = _finetune_rows(rows, contents[problem.modality], problem, settings)
    finetune(backbone, training_set, settings=settings, scratch=paths.state / "tuning" / problem.name)
    folder = paths.model / TUNED
    folder.mkdir(parents=True, exist_ok=True)
    backbone.save(folder)
    after = Embedder(embedding.model_copy(update={"weights": TUNED}), problem.modality, root=paths.model)
    features = features_table(rows["row_id"], after.features(contents, name="train: features"))
    return FinetuneResult(replace(tables, features=features), after.about)


def _finetune_rows(rows: pl.DataFrame, contents: pl.Series, problem: Problem, settings: TrainSettings) -> FinetuneRows:
    targets = rows.select(probability_columns(problem.classes)).to_numpy()
    functions = votes_contract(len(problem.classes)).other_names(
        [name for name in rows.columns if name != "feature" and name not in probability_columns(problem.classes)]
    )
    covered = (rows.select(functions).to_numpy().reshape(rows.height, -1) != ABSTAIN).any(axis=1)
    weights = row_weights(targets, covered, settings) * rows["split"].is_in(TRAIN_SPLITS).to_numpy()
    return FinetuneRows(contents.to_list(), rows["feature"].to_numpy(), targets, np.asarray(weights))
