"""A backbone of one layer that can be taught, so that every promise of tuning is tested in moments."""

import numpy as np
import pytest

from tests.train.factories import clouds
from tidemill.contracts import DataError
from tidemill.train.finetune.backbone import layer_rates
from tidemill.train.finetune.batches import FinetuneRows
from tidemill.train.finetune.finetune import FinetuneRun, finetune, linear_start
from tidemill.train.head.head import softmax


class Layer:
    """Rows of numbers -> features by one linear layer, at first the identity."""

    def __init__(self, dimensions=5):
        import torch

        self.module = torch.nn.Sequential(torch.nn.Linear(dimensions, dimensions), torch.nn.Dropout(0.2))
        self.module[0].load_state_dict({"weight": torch.eye(dimensions), "bias": torch.zeros(dimensions)})

    def prepare(self, contents):
        return list(contents)

    def inputs(self, rows, chance):
        import torch

        moved = np.stack(rows) + (0 if chance is None else chance.normal(0, 0.1, size=(len(rows), 5)))
        return (torch.from_numpy(moved.astype(np.float32)),)

    def features(self, rows):
        return self.module(rows)

    def layers(self):
        return [["0.weight"], ["0.bias"]]

    def weights(self):
        return {name: tensor.numpy().copy() for name, tensor in self.module.state_dict().items()}


@pytest.fixture
def rows():
    features, targets = clouds(120)
    return FinetuneRows(list(features), features, targets, np.ones(120))


@pytest.fixture
def own(settings):
    tuning = {"epochs": 4, "learning_rate": 0.01, "batch_size": 32}
    return settings.with_changes({"mode": "full", "finetune": tuning, "optimizer.max_epochs": 5})


def taught(rows, settings, folder):
    backbone = Layer()
    told = finetune(backbone, rows, settings=settings, scratch=folder)
    return backbone.weights(), told


def same(one, other):
    return all((one[name] == other[name]).all() for name in one)


def test_the_backbone_learns_and_the_same_seed_gives_the_same_weights(rows, own, tmp_path):
    once, told = taught(rows, own, tmp_path / "a")
    again, _ = taught(rows, own, tmp_path / "b")
    assert not (once["0.weight"] == np.eye(5)).all()
    assert same(once, again)
    assert told == FinetuneRun("full", 4, 108)  # a tenth is held out


def test_a_killed_run_goes_on_to_the_same_end(rows, own, tmp_path):
    undisturbed, _ = taught(rows, own, tmp_path / "a")

    class Killed(Layer):
        calls = 0

        def inputs(self, rows, chance):
            Killed.calls += 1
            if Killed.calls == 11:  # in the third epoch: an epoch has four steps
                raise KeyboardInterrupt
            return super().inputs(rows, chance)

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        finetune(Killed(), rows, settings=own, scratch=tmp_path / "b")
    seen = []

    class Watched(Layer):
        def inputs(self, rows, chance):
            seen.append(len(rows))
            return super().inputs(rows, chance)

    again = Watched()
    finetune(again, rows, settings=own, scratch=tmp_path / "b")
    assert same(again.weights(), undisturbed)
    assert len(seen) == 8  # the two epochs that were left


def test_other_labels_never_go_on_from_a_checkpoint(rows, own, tmp_path):
    other = FinetuneRows(rows.contents, rows.features, 1 - rows.targets, rows.weights)
    taught(rows, own, tmp_path)
    assert same(taught(other, own, tmp_path)[0], taught(other, own, tmp_path / "fresh")[0])


def test_in_partial_mode_the_first_layers_stay_as_they_were(rows, own, tmp_path):
    partial = own.with_changes({"mode": "partial", "finetune.trainable_blocks": 1})
    after, _ = taught(rows, partial, tmp_path)
    assert (after["0.weight"] == np.eye(5)).all()
    assert (after["0.bias"] != 0).any()


def test_each_layer_is_slower_than_the_one_after_it_but_not_from_scratch(own):
    layers = [["a", "b"], ["c"], ["d"]]
    rate = own.finetune.learning_rate
    decay = own.finetune.layer_decay
    expected = {"a": rate * decay**2, "b": rate * decay**2, "c": rate * decay, "d": rate}
    assert layer_rates(layers, own) == pytest.approx(expected)
    assert set(layer_rates(layers, own.with_changes({"mode": "scratch"})).values()) == {rate}


def test_the_linear_start_says_what_the_head_says(rows, own):
    from tidemill.train.head.fit import fit_head

    weight, bias = linear_start(rows, own)
    head = fit_head(
        rows.features, rows.targets, settings=own.with_changes({"head.hidden_sizes": ()}), weights=rows.weights
    )
    logits = rows.features.astype(np.float64) @ weight.T + bias
    assert softmax(logits) == pytest.approx(head.predict_proba(rows.features), abs=1e-4)


def test_two_processes_share_the_rows(rows, own, tmp_path):
    both = own.model_copy(update={"trainer": {"accelerator": "cpu", "devices": 2, "strategy": "ddp_fork"}})
    after, told = taught(rows, both, tmp_path)
    assert not (after["0.weight"] == np.eye(5)).all()
    assert told.epochs == 4


def test_rows_without_a_label_teach_no_backbone(rows, own, tmp_path):
    with pytest.raises(DataError, match="no row of train or dev has a label"):
        taught(FinetuneRows(rows.contents, rows.features, rows.targets, np.zeros(120)), own, tmp_path)
