"""What a head learns by: cross entropy against probabilities instead of classes."""

from __future__ import annotations

from typing import Any


def soft_cross_entropy(logits: Any, targets: Any, weights: Any) -> Any:
    """(rows, classes) logits and target probabilities, (rows,) weights -> weighted mean of -sum(target log p).

    >>> import torch
    >>> loss = soft_cross_entropy(torch.zeros(1, 2), torch.tensor([[0.3, 0.7]]), torch.ones(1))
    >>> round(loss.item(), 6)  # log 2, whatever the target
    0.693147
    """
    rows = -(targets * logits.log_softmax(dim=1)).sum(dim=1)
    return (rows * weights).sum() / weights.sum()
