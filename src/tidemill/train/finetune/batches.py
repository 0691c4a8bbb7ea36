"""Rows that fine-tune a backbone, and their mini-batches, the same after a kill."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tidemill.contracts import Features, Probabilities
from tidemill.train.finetune.backbone import TrainableBackbone
from tidemill.train.row_weights import Array
from tidemill.train.settings import TrainSettings


@dataclass(frozen=True)
class FinetuneRows:
    """Rows that fine-tune a backbone.

    Parameters
    ----------
    contents
        Texts or images.
    features : (n_rows, n_dimensions)
        Of the backbone as it is.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    """

    contents: Sequence[Any]
    features: Features
    targets: Probabilities
    weights: Array

    def part(self, rows: Any) -> FinetuneRows:
        """Select rows.

        Parameters
        ----------
        rows : (n_selected,)
            Integer indices.

        Returns
        -------
        FinetuneRows
            Those rows, in the order of the indices.
        """
        contents = [self.contents[int(row)] for row in rows]
        return FinetuneRows(contents, self.features[rows], self.targets[rows], self.weights[rows])


class ResumableBatches:
    """Mini-batches of tensors, shuffled and augmented by seed and epoch alone, so that a run resumes.

    Among several processes each takes its share of every epoch.
    """

    def __init__(self, backbone: TrainableBackbone, rows: FinetuneRows, settings: TrainSettings) -> None:
        self.backbone, self.rows, self.settings = backbone, rows, settings
        self.prepared = backbone.prepare(rows.contents)
        self.epoch = 0

    def __len__(self) -> int:
        """Count the mini-batches that a process sees in an epoch."""
        return math.ceil(len(self._order()) / self.settings.finetune.batch_size)

    def _order(self) -> Any:
        order = np.random.default_rng([self.settings.seed, self.epoch]).permutation(len(self.prepared))
        rank, processes = _rank()
        return order[: len(order) // processes * processes][rank::processes]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Yield inputs, targets and weights of each mini-batch."""
        import torch

        rng = np.random.default_rng([self.settings.seed, self.epoch, 1, _rank()[0]])
        order, size = self._order(), self.settings.finetune.batch_size
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            inputs = self.backbone.inputs(
                [self.prepared[row] for row in rows], rng if self.settings.finetune.augment else None
            )
            targets, weights = (part[rows].astype(np.float32) for part in (self.rows.targets, self.rows.weights))
            yield inputs, torch.from_numpy(targets), torch.from_numpy(weights)


def _rank() -> tuple[int, int]:
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1
