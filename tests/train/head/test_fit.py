from unittest.mock import Mock

import numpy as np
import pytest

from tests.train.factories import clouds
from tidemill.contracts import DataError
from tidemill.train.head import fit
from tidemill.train.head.fit import Batches, fit_head, held_out, one_process
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_a_head_is_fitted_once(settings, monkeypatch):
    run = Mock(side_effect=fit._run)
    monkeypatch.setattr(fit, "_run", run)
    fit_head(*clouds(rows=40), settings=settings.with_changes({"optimizer.max_epochs": 1}))
    assert run.call_count == 1


def test_rows_that_only_say_when_to_stop_keep_their_order_and_are_a_share_of_all(settings):
    import torch

    rows = (torch.arange(5), torch.arange(5), torch.arange(5))
    assert [batch[0].tolist() for batch in Batches(rows, 2, None)] == [[0, 1], [2, 3], [4]]
    asked = settings.with_changes({"early_stopping.validation_fraction": 0.1})
    assert held_out(200, asked).sum() == 20
    assert held_out(100, asked).sum() == 10
    assert held_out(94, asked).sum() == 0  # nine rows tell nothing
    assert (held_out(200, asked) == held_out(200, asked)).all()


def test_a_head_trains_on_one_device(settings):
    assert one_process({"devices": [3, 4], "num_nodes": 2}) == {"devices": [3]}
    assert one_process({}) == {"devices": 1}


def handed_over(settings, features, targets, monkeypatch, **given):
    """What is handed to Lightning by a fit: features, labels, weights and the rows that are held out."""
    seen = []

    def fitted(features, labels, held, _):
        seen.append((features, *labels, held))
        layer = np.ones((2, features.shape[1]), dtype=np.float32), np.zeros(2, dtype=np.float32)
        return (layer,), {"epochs": 1, "held_out_loss": None, "rows": 1, "held_out_rows": 0}

    monkeypatch.setattr(fit, "_fit", fitted)
    head = fit_head(features, targets, settings=settings, **given)
    return (*seen[0], head)


def test_a_head_is_fitted_on_standardised_features_and_labels_that_sum_to_one(settings, monkeypatch):
    features = np.column_stack([[1.0, 3.0, 9.0], [7.0, 7.0, 7.0]]).astype(np.float32)
    targets, weights = np.array([[0.5, 0.5], [0.2, 0.2], [1.0, 0.0]]), np.array([2.0, 1.0, 0.0])
    own = settings.with_changes({"labels.class_balance": False})
    scaled, labels, weighed, held, head = handed_over(own, features, targets, monkeypatch, weights=weights)
    assert scaled.tolist() == [[-1.0, 0.0], [1.0, 0.0]]  # the third row has no weight, the second feature stands still
    assert labels.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert weighed.tolist() == [2.0, 1.0]
    assert not held.any()
    assert (head.mean.tolist(), head.scale.tolist()) == ([2.0, 7.0], [1.0, 1.0])
    assert handed_over(own, features, targets, monkeypatch)[2].tolist() == [1.0] * 3


def test_classes_are_balanced_where_that_is_asked_for(settings, monkeypatch):
    features, targets = np.zeros((4, 1), dtype=np.float32), np.eye(2)[[0, 0, 0, 1]]
    for balanced, expected in ((True, [2 / 3, 2 / 3, 2 / 3, 2.0]), (False, [1.0] * 4)):
        own = settings.with_changes({"labels.class_balance": balanced})
        assert handed_over(own, features, targets, monkeypatch)[2] == pytest.approx(expected)


def test_dimensions_that_are_not_read_have_no_weight(settings, monkeypatch):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 4)).astype(np.float32)
    features[:, 2] += 9 * (np.arange(40) % 2)
    own = settings.with_changes({"head.feature_fraction": 0.25})
    scaled, *_, head = handed_over(own, features, np.eye(2)[np.arange(40) % 2], monkeypatch)
    assert scaled.shape == (40, 1)
    assert head.layers[0][0].tolist() == [[0.0, 0.0, 1.0, 0.0]] * 2
