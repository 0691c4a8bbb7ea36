"""Augmentation of features where the backbone is frozen: noise and mixup.

Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond Empirical Risk Minimization" (ICLR 2018), one share for each
mini-batch as there; noise on inputs: Bishop, "Training with Noise is Equivalent to Tikhonov Regularization" (1995).
"""

from __future__ import annotations

from typing import Any

from tidemill.train.settings import TrainSettings


def augment(batch: tuple[Any, ...], settings: TrainSettings) -> tuple[Any, ...]:
    """Augment a mini-batch according to the settings.

    Torch's generator is drawn from only where a setting asks for it, so that without them nothing changes.

    Parameters
    ----------
    batch
        Scaled features (n_rows, n_dimensions), targets (n_rows, n_classes) and weights (n_rows,).
    settings
        Settings of train.

    Returns
    -------
    tuple
        As ``batch``.
    """
    features, targets, weights = batch
    if settings.augmentation.noise_std:
        import torch

        features = features + settings.augmentation.noise_std * torch.randn_like(features)
    if settings.augmentation.mixup_alpha:
        return mixup(features, targets, weights, settings.augmentation.mixup_alpha)
    return features, targets, weights


def mixup(features: Any, targets: Any, weights: Any, beta: float) -> tuple[Any, ...]:
    """Mix each row with another one.

    A mixed row weighs as much of each row as is in it, and its target is the mean by these weights: its cross entropy is
    what the two rows' would sum to.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    beta
        Parameter of the Beta distribution of the share.

    Returns
    -------
    features, targets, weights
        As given, mixed.
    """
    import torch

    share = torch.distributions.Beta(beta, beta).sample()
    other = torch.randperm(len(features))
    first, second = share * weights, (1.0 - share) * weights[other]
    weight = first + second
    target = (first[:, None] * targets + second[:, None] * targets[other]) / weight[:, None]
    return share * features + (1.0 - share) * features[other], target, weight
