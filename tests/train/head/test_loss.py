import numpy as np
import pytest

from tidemill.train.head.loss import generalised_cross_entropy, loss_of, soft_cross_entropy


def test_soft_cross_entropy_is_what_a_hand_computes():
    import torch

    logits = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    targets = torch.tensor([[0.25, 0.75], [1.0, 0.0]])
    first = -(0.25 * -np.log1p(np.exp(-2)) + 0.75 * (-2 - np.log1p(np.exp(-2))))
    loss = soft_cross_entropy(logits, targets, torch.tensor([3.0, 1.0]))
    assert loss.item() == pytest.approx((3 * first + np.log(2)) / 4, abs=1e-6)


def test_generalised_cross_entropy_is_what_a_hand_computes():
    import torch

    logits, targets = torch.tensor([[np.log(3.0), 0.0]]), torch.tensor([[0.25, 0.75]])
    loss = generalised_cross_entropy(logits, targets, torch.ones(1), q=0.5)
    assert loss.item() == pytest.approx((0.25 * (1 - 0.75**0.5) + 0.75 * (1 - 0.25**0.5)) / 0.5, abs=1e-6)


def test_generalised_cross_entropy_nears_cross_entropy_as_q_nears_zero():
    import torch

    logits, targets = torch.tensor([[1.0, -0.5, 0.2]]), torch.tensor([[0.2, 0.5, 0.3]])
    near = generalised_cross_entropy(logits, targets, torch.ones(1), q=1e-4)
    assert near.item() == pytest.approx(soft_cross_entropy(logits, targets, torch.ones(1)).item(), abs=1e-3)


def test_the_loss_is_the_one_that_the_settings_name(settings):
    import torch

    logits, targets = torch.tensor([[1.0, -0.5]]), torch.tensor([[0.25, 0.75]])
    soft = settings.with_changes({"loss.name": "soft_cross_entropy"})
    assert loss_of(soft, logits, targets, torch.ones(1)) == soft_cross_entropy(logits, targets, torch.ones(1))
    general = settings.with_changes({"loss": {"name": "generalised_cross_entropy", "q": 0.3}})
    expected = generalised_cross_entropy(logits, targets, torch.ones(1), q=0.3)
    assert loss_of(general, logits, targets, torch.ones(1)) == expected


def test_a_row_of_weight_three_counts_as_three_rows_for_the_generalised_loss_too():
    import torch

    logits, targets = torch.tensor([[1.0, -0.5], [0.2, 0.9]]), torch.tensor([[0.25, 0.75], [0.6, 0.4]])
    one, other = (
        generalised_cross_entropy(logits[k : k + 1], targets[k : k + 1], torch.ones(1), q=0.7) for k in (0, 1)
    )
    both = generalised_cross_entropy(logits, targets, torch.tensor([3.0, 1.0]), q=0.7)
    assert both.item() == pytest.approx((3 * one + other).item() / 4)
