"""mini-batch of features -> the same, noisy or mixed: augmentation where the backbone is frozen.

Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond Empirical Risk Minimization" (ICLR 2018), one share for each
mini-batch as there; noise on inputs: Bishop, "Training with Noise is Equivalent to Tikhonov Regularization" (1995).
"""

from __future__ import annotations

from typing import Any

from tidemill.train.settings import TrainSettings


def augmented(batch: tuple[Any, ...], settings: TrainSettings) -> tuple[Any, ...]:
    """Standardised features (rows, dimensions), targets (rows, classes) and weights (rows,) -> the same, augmented.

    Torch's generator is drawn from only where a setting asks for it, so that without them nothing changes.
    """
    features, targets, weights = batch
    if settings.noise:
        import torch

        features = features + settings.noise * torch.randn_like(features)
    if settings.mixup:
        return mixed(features, targets, weights, settings.mixup)
    return features, targets, weights


def mixed(features: Any, targets: Any, weights: Any, beta: float) -> tuple[Any, ...]:
    """Features, targets, weights and the parameter of the Beta distribution -> each row mixed with another one.

    A mixed row weighs as much of each row as is in it, and its target is the mean by these weights: its cross entropy is
    what the two rows' would sum to.
    """
    import torch

    share = torch.distributions.Beta(beta, beta).sample()
    other = torch.randperm(len(features))
    first, second = share * weights, (1.0 - share) * weights[other]
    weight = first + second
    target = (first[:, None] * targets + second[:, None] * targets[other]) / weight[:, None]
    return share * features + (1.0 - share) * features[other], target, weight
