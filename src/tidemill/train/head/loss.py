"""Losses against probabilities instead of classes."""

from __future__ import annotations

from typing import Any

from tidemill.train.settings import TrainSettings


def soft_cross_entropy(logits: Any, targets: Any, weights: Any) -> Any:
    """Compute the weighted mean of the cross entropy, -sum(target log p).

    Parameters
    ----------
    logits : (n_rows, n_classes)
        Unnormalized log probabilities.
    targets : (n_rows, n_classes)
        Probabilities.
    weights : (n_rows,)
        Weight of each row, at least 0.

    Returns
    -------
    torch.Tensor
        A scalar.

    Examples
    --------
    >>> import torch
    >>> loss = soft_cross_entropy(torch.zeros(1, 2), torch.tensor([[0.3, 0.7]]), torch.ones(1))
    >>> round(loss.item(), 6)  # log 2, whatever the target
    0.693147
    """
    rows = -(targets * logits.log_softmax(dim=1)).sum(dim=1)
    return (rows * weights).sum() / weights.sum()


def generalised_cross_entropy(logits: Any, targets: Any, weights: Any, *, q: float) -> Any:
    """Compute the weighted mean of the generalised cross entropy, sum(target (1 - p^q) / q).

    Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels" (NeurIPS
    2018), here with soft targets: near cross entropy for small q, the mean absolute error at 1. What the model strongly
    denies pulls it less than cross entropy would let it.

    Parameters
    ----------
    logits : (n_rows, n_classes)
        Unnormalized log probabilities.
    targets : (n_rows, n_classes)
        Probabilities.
    weights : (n_rows,)
        Weight of each row, at least 0.
    q
        In (0, 1].

    Returns
    -------
    torch.Tensor
        A scalar.

    Examples
    --------
    >>> import torch
    >>> loss = generalised_cross_entropy(torch.zeros(1, 2), torch.tensor([[0.0, 1.0]]), torch.ones(1), q=1.0)
    >>> loss.item()  # 1 - 1/2
    0.5
    """
    rows = (targets * (1.0 - logits.softmax(dim=1).clamp_min(1e-12) ** q) / q).sum(dim=1)
    return (rows * weights).sum() / weights.sum()


def loss_of(settings: TrainSettings, logits: Any, targets: Any, weights: Any) -> Any:
    """Compute the loss that the settings name.

    Parameters
    ----------
    settings
        Settings of train.
    logits : (n_rows, n_classes)
        Unnormalized log probabilities.
    targets : (n_rows, n_classes)
        Probabilities.
    weights : (n_rows,)
        Weight of each row, at least 0.

    Returns
    -------
    torch.Tensor
        A scalar.
    """
    if settings.loss.name == "generalised_cross_entropy":
        return generalised_cross_entropy(logits, targets, weights, q=settings.loss.q)
    return soft_cross_entropy(logits, targets, weights)
