"""States of tokens as one vector: over all of them, of the first, at marked names; alike in torch, in training and in ONNX."""

from typing import Any

import numpy as np
import pytest

from tests.embed.tiny_encoder import save_tiny_encoder
from tidemill.contracts import ConfigError
from tidemill.embed.settings import TextSettings
from tidemill.embed.text import TextBackbone
from tidemill.embed.token_pooling import MARKS, TokenPooling
from tidemill.embed.trainable_backbone import TrainableText

SETTINGS = TextSettings(max_tokens=24, tokens_per_step=256, squeeze=True, normalize=False)
POOLINGS = ("mean", "first", "entity_start", "entity_mean")
TEXTS = [
    "[company] was started by <person>",
    "<person> started [company]",
    "no names here",
    "a much longer line in which nobody is named at all by anybody else",
]
_START, _SUBJECT, _END_SUBJECT, _OBJECT, _END_OBJECT = 1, 2, 3, 4, 5


def pooled(name: str, ids: list[int], *, pads: int = 0, normalize: bool = False) -> list[float]:
    """Tokens whose state is their place -> what is pooled of them."""
    import torch

    places = torch.arange(len(ids) + pads, dtype=torch.float32)[None, :, None]
    tokens = torch.tensor([ids + [0] * pads])
    mask = torch.tensor([[1] * len(ids) + [0] * pads])
    marks = (_SUBJECT, _END_SUBJECT, _OBJECT, _END_OBJECT) if name.startswith("entity") else ()
    result: list[float] = TokenPooling(name, normalize, marks)(places, tokens, mask)[0].tolist()
    return result


#          0       1         2  3  4             5        6   7
SENTENCE = [_START, _SUBJECT, 8, 9, _END_SUBJECT, _OBJECT, 8, _END_OBJECT]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mean", [3.5]), ("first", [0.0]), ("entity_start", [3.5, 1.0, 5.0]), ("entity_mean", [3.5, 2.5, 6.0])],
)
def test_what_is_pooled_is_named_by_the_setting_and_padding_is_no_part_of_it(name: str, expected: list[float]) -> None:
    assert pooled(name, SENTENCE) == pytest.approx(expected)
    assert pooled(name, SENTENCE, pads=3) == pytest.approx(expected)


def test_the_object_may_come_first() -> None:
    assert pooled("entity_mean", [_OBJECT, 8, _END_OBJECT, _SUBJECT, 8, _END_SUBJECT]) == pytest.approx([2.5, 4.0, 1.0])


def test_a_text_that_is_cut_within_a_name_or_before_it_has_what_there_is() -> None:
    assert pooled("entity_mean", [_START, _SUBJECT, 8, 9]) == pytest.approx([1.5, 2.5, 1.5])
    assert pooled("entity_start", [_START, 8]) == pytest.approx([0.5, 0.5, 0.5])


def test_a_later_mark_of_the_same_kind_is_no_name() -> None:
    assert pooled("entity_mean", [_SUBJECT, 8, _END_SUBJECT, 8, _SUBJECT, 8, _END_SUBJECT])[1] == pytest.approx(1.0)
    assert pooled("entity_start", [_SUBJECT, 8, _END_SUBJECT, 8, _SUBJECT, 8, _END_SUBJECT])[1] == pytest.approx(0.0)


def test_each_part_counts_alike_and_the_whole_has_length_one() -> None:
    assert pooled("entity_mean", SENTENCE, normalize=True) == pytest.approx([3**-0.5] * 3)


class _Tokenizer:
    unk_token_id = 7

    def convert_tokens_to_ids(self, tokens: list[str]) -> list[int]:
        return [self.unk_token_id if word == MARKS[2] else k for k, word in enumerate(tokens)]


def test_a_tokenizer_without_the_marks_is_refused_where_they_are_asked_for() -> None:
    asked = SETTINGS.model_copy(update={"pooling": "entity_mean"})
    with pytest.raises(ConfigError, match=r"entity_mean needs a token for '<', .* use mean or first"):
        TokenPooling.of(asked, _Tokenizer())
    assert TokenPooling.of(SETTINGS, _Tokenizer()).marks == ()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any, packages: Any) -> Any:
    return save_tiny_encoder(tmp_path_factory.mktemp("tiny"), packages)


@pytest.mark.slow
@pytest.mark.parametrize("name", POOLINGS)
def test_training_and_onnx_pool_as_the_frozen_backbone_does(folder: Any, name: str) -> None:
    import onnxruntime
    import torch

    from tidemill.embed.onnx_export import features_graph

    settings = SETTINGS.model_copy(update={"pooling": name, "normalize": True})
    backbone = TextBackbone("tiny", folder, settings)
    features = backbone.embed(TEXTS, name="test")
    assert features.shape == (len(TEXTS), 16 * backbone.pooling.parts)
    assert np.linalg.norm(features, axis=1) == pytest.approx(1.0, abs=1e-2)
    learning = TrainableText(backbone, settings, scratch=False)
    ids, mask = learning.inputs(learning.prepare(TEXTS), None)
    with torch.inference_mode():
        np.testing.assert_allclose(learning.features(ids, mask).numpy(), features, atol=2e-3)
    session = onnxruntime.InferenceSession(features_graph(backbone, opset=20).SerializeToString())
    (answer,) = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
    np.testing.assert_allclose(answer, features, atol=2e-3)


@pytest.mark.slow
def test_marks_are_tokens_of_their_own_and_are_not_hidden_in_training(folder: Any) -> None:
    settings = SETTINGS.model_copy(update={"pooling": "entity_start"})
    backbone = TextBackbone("tiny", folder, settings)
    assert backbone.tokenizer.convert_ids_to_tokens(backbone.pooling.marks) == list(MARKS)
    learning = TrainableText(backbone, settings, scratch=False)
    ids, _ = learning.inputs(learning.prepare(TEXTS[:1] * 200), np.random.default_rng(0))
    for mark in backbone.pooling.marks:
        assert (ids == mark).sum() == 200
