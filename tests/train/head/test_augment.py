import numpy as np
import pytest

from tests.train.factories import clouds
from tidemill.train.head.fit import fit_head


def test_a_mixed_row_costs_what_its_two_rows_cost_in_their_shares():
    import torch

    from tidemill.train.head.augment import mixup
    from tidemill.train.head.loss import soft_cross_entropy

    torch.manual_seed(3)
    share = torch.distributions.Beta(0.4, 0.4).sample()
    other = torch.randperm(4)
    features, targets = torch.randn(4, 2), torch.eye(2)[torch.tensor([0, 1, 1, 0])]
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0])
    torch.manual_seed(3)
    rows, target, weight = mixup(features, targets, weights, 0.4)
    assert torch.allclose(rows, share * features + (1 - share) * features[other])
    logits = torch.randn(4, 2)
    apart = [
        soft_cross_entropy(logits[k : k + 1], targets[j : j + 1], torch.ones(1)) * part * weights[j]
        for k in range(4)
        for j, part in ((k, share), (int(other[k]), 1 - share))
    ]
    assert (soft_cross_entropy(logits, target, weight) * weight.sum()).item() == pytest.approx(
        sum(apart).item(), rel=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"mixup_alpha": 0.4}, {"noise_std": 0.5}])
def test_augmented_heads_learn_the_same_bytes_from_the_same_seed(settings, change):
    features, targets = clouds()
    used = settings.with_changes({"augmentation": change})
    once, again = (fit_head(features, targets, settings=used) for _ in range(2))
    assert once.files() == again.files()
    assert (
        once.files()["model.safetensors"] != fit_head(features, targets, settings=settings).files()["model.safetensors"]
    )
    new, truth = clouds(seed=1)
    assert (once.predict_proba(new).argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.99


@pytest.mark.slow
def test_noise_takes_from_a_linear_head_what_it_would_lean_on(settings):
    # one feature tells the classes, with normal noise of variance s2 on it least squares shrinks its weight
    features, targets = clouds(rows=1000)
    own = {"head": {"hidden_sizes": (), "dropout": 0.0}, "optimizer.max_epochs": 60}
    plain, noisy = (
        fit_head(features, targets, settings=settings.with_changes(own | {"augmentation.noise_std": std}))
        for std in (0.0, 2.0)
    )
    assert np.abs(noisy.layers[0][0]).sum() < np.abs(plain.layers[0][0]).sum()
