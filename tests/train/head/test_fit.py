import numpy as np
import pytest

from tests.train.factories import clouds
from tidemill.contracts import DataError
from tidemill.train.head.fit import Batches, fit_head
from tidemill.train.head.head import softmax


@pytest.mark.parametrize("hidden", [(), (16,)])
def test_what_can_be_separated_is_learned(settings, hidden):
    features, targets = clouds()
    head = fit_head(features, targets, settings=settings.with_changes({"head.hidden_sizes": hidden}))
    new, truth = clouds(seed=1)
    right = head.predict_proba(new).argmax(axis=1) == truth.argmax(axis=1)
    assert right.mean() > 0.99  # the plane between the clouds errs on 0.04% of rows: Phi(-1.5 * sqrt 5)


def test_a_constant_feature_is_harmless(settings):
    features, targets = clouds()
    features[:, 0] = 7.0
    assert np.isfinite(fit_head(features, targets, settings=settings).predict_proba(features)).all()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(settings):
    features, targets = clouds()
    once, again = (fit_head(features, targets, settings=settings).files() for _ in range(2))
    assert once == again
    other = fit_head(features, targets, settings=settings.with_changes({"seed": 1}))
    assert other.files()["model.safetensors"] != once["model.safetensors"]


def test_torchs_own_chance_is_left_alone(settings):
    import torch

    torch.manual_seed(5)
    expected = torch.rand(1).item()
    torch.manual_seed(5)
    fit_head(*clouds(), settings=settings)
    assert torch.rand(1).item() == expected


def test_the_numpy_head_says_what_torch_says(settings):
    import torch

    from tidemill.train.head.lightning import network

    features, targets = clouds()
    head = fit_head(features, targets, settings=settings)
    module = network(5, 2, settings).eval()
    linear = [layer for layer in module if isinstance(layer, torch.nn.Linear)]
    for layer, (weight, bias) in zip(linear, head.layers, strict=True):
        layer.weight.data, layer.bias.data = torch.from_numpy(weight), torch.from_numpy(bias)
    with torch.inference_mode():
        said = module(torch.from_numpy((features - head.mean) / head.scale)).softmax(dim=1).numpy()
    np.testing.assert_allclose(head.predict_proba(features), said, atol=1e-6)


def test_rows_of_no_weight_change_nothing(settings):
    features, targets = clouds()
    weights = np.ones(300)
    weights[200:] = 0
    spoiled, wrong = features.copy(), targets.copy()
    spoiled[200:], wrong[200:] = 1000.0, 0.5
    before = fit_head(features, targets, settings=settings, weights=weights)
    assert fit_head(spoiled, wrong, settings=settings, weights=weights).files() == before.files()


def test_nothing_to_learn_from_is_an_error(settings):
    with pytest.raises(DataError, match="no row of train or dev has a label"):
        fit_head(*clouds(), settings=settings, weights=np.zeros(300))


def test_a_handful_of_rows_teaches_without_holding_any_out(settings):
    head = fit_head(*clouds(rows=12), settings=settings)
    assert head.training.held_out_rows == 0
    assert head.training.held_out_loss is None


def test_inputs_are_left_as_they_were(settings):
    features, targets = clouds()
    copies = features.copy(), targets.copy()
    fit_head(features, targets, settings=settings)
    assert (features == copies[0]).all()
    assert (targets == copies[1]).all()


def test_balance_gives_a_rare_class_the_weight_of_the_common_one(settings):
    features = np.zeros((100, 1), dtype=np.float32)  # nothing to tell them apart: the head learns the shares
    targets = np.eye(2)[(np.arange(100) < 10).astype(int)]
    own = {"head": {"hidden_sizes": (), "dropout": 0.0}, "optimizer.max_epochs": 100}
    own |= {"early_stopping.validation_fraction": 0.0}
    plain, even = (
        fit_head(features, targets, settings=settings.with_changes(own | {"labels.class_balance": is_balanced}))
        for is_balanced in (False, True)
    )
    assert plain.predict_proba(features)[0, 1] == pytest.approx(0.1, abs=0.03)
    assert even.predict_proba(features)[0, 1] == pytest.approx(0.5, abs=0.03)


def test_batches_hold_every_row_once_in_a_new_order_each_epoch():
    import torch

    batches = Batches((torch.arange(10), torch.arange(10), torch.arange(10)), 4, seed=0)
    first, second = (torch.cat([rows[0] for rows in batches]).tolist() for _ in range(2))
    assert len(batches) == 3
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_softmax_of_two_is_the_logistic_function():
    assert softmax(np.array([[0.0, 3.0]]))[0, 1] == pytest.approx(1 / (1 + np.exp(-3)))
