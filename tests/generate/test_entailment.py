"""Descriptions against texts by an inference model with random weights, beside what the model itself says."""

import numpy as np
import polars as pl
import pytest

from tests.generate.factories import function, rows_of, storage
from tidemill.common.torchvision import repair_torchvision
from tidemill.contracts import ABSTAIN, ConfigError
from tidemill.generate.entailment import entailment_log_odds
from tidemill.generate.run import generate
from tidemill.generate.zero_shot import likeness_of

pytestmark = pytest.mark.slow
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "this",
    "is",
    "a",
    "an",
    "letter",
    "offer",
    "of",
    "money",
    "from",
    "friend",
    "dear",
    "win",
    "now",
    "see",
    "you",
]
DESCRIBE = {"ham": ["a letter", "a friend"], "spam": "an offer of money"}
TEXTS = ["dear friend see you", "win money now", "", "see you now friend win a letter"]
LABELS = ("CONTRADICTION", "NEUTRAL", "ENTAILMENT")


def written(folder, labels):
    """Write a small model and its tokenizer."""
    repair_torchvision()
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    names = dict(enumerate(labels))
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    of = {"vocab_size": len(WORDS), "id2label": names, "label2id": {name: k for k, name in names.items()}}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        # weights so large that it tells texts apart
        BertForSequenceClassification(BertConfig(**small, **of, initializer_range=1.0)).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def inference(tmp_path_factory):
    return written(tmp_path_factory.mktemp("inference"), LABELS)


def expected(folder, premise, hypothesis):
    """One pair at a time, by the definition: log p - log(1 - p)."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.inference_mode():
        share = model.eval()(**tokenizer(premise, hypothesis, return_tensors="pt")).logits.double().softmax(dim=1)[0, 2]
    return float(torch.log(share) - torch.log1p(-share))


def with_texts(rows, texts):
    table = pl.DataFrame({"row_id": rows.ids["row_id"], "text": texts})
    object.__setattr__(rows, "read", lambda where: table[where])
    return rows


def test_a_class_is_as_like_as_its_likeliest_hypothesis_is_entailed(inference):
    assert [file.name for file in inference.glob("*model*")] == ["model.safetensors"]
    rows = with_texts(rows_of(np.arange(4) % 2, gold=0), TEXTS)
    shot = {"kind": "zero_shot", "describe": DESCRIBE, "model": str(inference), "hypothesis": "this is {}"}
    likeness = likeness_of(function("shot", **shot).condition, rows, np.array([3, 0, 1, 2]))
    odds = [
        [expected(inference, TEXTS[row], f"this is {name}") for name in ("a letter", "a friend", "an offer of money")]
        for row in (3, 0, 1, 2)
    ]
    assert likeness == pytest.approx(np.array([[max(a, b), c] for a, b, c in odds]), abs=1e-3)
    assert likeness.std(axis=0).min() > 0.05


def test_its_votes_are_calibrated_on_gold_and_are_a_group_by_the_model(inference, tmp_path):
    truth = np.random.default_rng(4).integers(0, 2, 120)
    texts = ["dear friend see you" if k == 0 else "win money now" for k in truth]
    rows = with_texts(rows_of(truth, gold=20), texts)
    shot = {"kind": "zero_shot", "describe": DESCRIBE, "model": str(inference), "hypothesis": "this is {}"}
    made = generate([function("shot", **shot, precision=0.8)], rows, storage(tmp_path))
    votes = made.votes[:, 0]
    assert (votes == truth)[votes != ABSTAIN].all()
    assert (votes != ABSTAIN).mean() > 0.9
    (line,) = made.report.voters
    assert (line.by, line.group, line.learned_from) == (str(inference), f"zero_shot {inference}", 40)


def test_a_classifier_of_something_else_is_named(tmp_path):
    folder = written(tmp_path, ("POSITIVE", "NEGATIVE"))
    with pytest.raises(ConfigError, match="its labels are POSITIVE, NEGATIVE, and one of natural language inference"):
        entailment_log_odds(str(folder), ["this is a letter"], TEXTS)
