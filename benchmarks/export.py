"""Prediction by ONNX Runtime against PyTorch eager, on the rows of both packaged problems: rows a second of one core.

Run: python benchmarks/export.py [--rows 256] [--rounds 5] [--json OUT] [--check]
Three ways are asked of the same rows, in turns, and the median over the rounds is told: ONNX Runtime on the exported
graph; PyTorch eager, the model as timm or transformers gives it; and Tidemill's own path, which is eager too but has
batch normalisation folded away. "Network" is the model alone, "whole" has decoding or tokenising and the head besides, and "row by row" is whole too, of
rows that come one at a time, as they do to a service. "Plain script" sets Tidemill's order, rows of like length together, against
eager on mini-batches of 32 as they came; it is told apart, for it is not the network that gains there.
Seconds are CPU seconds of the process, so that work of others on the machine does not count.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import torch
import yaml

from targets import Target, finish, options, target
from tidemill.apps.models.onnx_backbone import inference_session
from tidemill.embed.embedder import Embedder
from tidemill.embed.image import ImageBackbone, load_trainable, pixels, pooled
from tidemill.embed.onnx_export import features_graph, feeds, preparation
from tidemill.embed.settings import EmbedSettings
from tidemill.embed.text import pad_tokens
from tidemill.reports.model import BackboneRecord, ModelConfig
from tidemill.train.end_model.model import EndModel
from tidemill.train.end_model.onnx_graph import OPSET, PROBABILITIES, to_bytes, whole_graph
from tidemill.train.head.head import Head

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ROOT / "data" / "packages"
TARGET: Final = 1.5
PLAIN_ROWS: Final = 32
CLASSES: Final = ("a", "b")
WAYS: Final = ("onnx", "eager", "tidemill")


def main() -> None:
    """Measure, print, write, and say what was missed."""
    parser = options(__doc__)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    problems = {name: measured(name, asked.rows, asked.rounds) for name in ("spam", "solar")}
    report(problems)
    finish({"problems": problems, "targets": targets(problems)}, asked)


def targets(problems: dict[str, Any]) -> dict[str, Target]:
    """Problems -> whether ONNX Runtime is as fast as was promised; the interval holds the least and the greatest round."""
    promised = f"{TARGET} times PyTorch eager's rows a second of one core, row to probabilities"
    return {
        f"prediction, {name}{about}": target(
            item[part]["gain"], promised, item[part]["range"], met=item[part]["gain"] >= TARGET
        )
        for name, item in problems.items()
        for part, about in (("whole", ""), ("row by row", ", one by one"))
    }


def measured(name: str, rows: int, rounds: int) -> dict[str, Any]:
    """Problem, how many of its rows and how often -> rows a second of each way, the gain, and how far answers differ."""
    problem = yaml.safe_load((ROOT / "conf" / "problem" / f"{name}.yaml").read_text(encoding="utf-8"))
    modality = problem["problem"]["modality"]
    embedder = Embedder(_settings(problem, modality), modality, root=ROOT)
    backbone: Any = embedder.backbone
    contents = _contents(name, rows)
    features = backbone.embed(contents, name="embed")
    head = _head(features, embedder.about)
    content = to_bytes(whole_graph(features_graph(backbone, opset=OPSET), EndModel(head), preparation(backbone)))
    asked = inference_session(content, threads=1)
    difference = float(np.abs(_by_graph(asked, backbone, contents) - head.predict_proba(features)).max())
    plain = eager(embedder)
    fed = [feed for _, feed in feeds(backbone, contents)]

    few = contents[: max(1, rows // 8)]

    def alone(run: Callable[[Any], Any]) -> Callable[[], Any]:
        return lambda: [run(feed) for item in few for _, feed in feeds(backbone, [item])]

    def network(run: Callable[[Any], Any]) -> Callable[[], Any]:
        return lambda: [run(feed) for feed in fed]

    def whole(run: Callable[[Any], Any]) -> Callable[[], Any]:
        return lambda: [head.predict_proba(run(feed)) for _, feed in feeds(backbone, contents)]

    own = backbone_of(backbone)
    timed = {
        "network": {
            "onnx": network(lambda feed: asked.run([PROBABILITIES], dict(feed))),
            "eager": network(plain),
            "tidemill": network(own),
        },
        "whole": {
            "onnx": lambda: _by_graph(asked, backbone, contents),
            "eager": whole(plain),
            "tidemill": lambda: head.predict_proba(backbone.embed(contents, name="embed")),
        },
    }
    timed["row by row"] = {
        "onnx": alone(lambda feed: asked.run([PROBABILITIES], dict(feed))),
        "eager": alone(lambda feed: head.predict_proba(plain(feed))),
        "tidemill": lambda: [head.predict_proba(backbone.embed([item], name="embed")) for item in few],
    }
    timed["plain script"] = {
        "onnx": timed["whole"]["onnx"],
        "eager": lambda: [head.predict_proba(plain(feed)) for feed in as_they_came(backbone, contents)],
        "tidemill": timed["whole"]["tidemill"],
    }
    counts = {"row by row": len(few)}
    summary = {part: _rates(ways, counts.get(part, rows), rounds) for part, ways in timed.items()}
    return {**summary, "difference": difference, "rows": rows}


def _by_graph(asked: Any, backbone: Any, contents: list[Any]) -> Any:
    predicted = np.zeros((len(contents), len(CLASSES)))
    for rows, feed in feeds(backbone, contents):
        predicted[rows] = asked.run([PROBABILITIES], dict(feed))[0]
    return predicted


def _rates(ways: dict[str, Callable[[], Any]], rows: int, rounds: int) -> dict[str, Any]:
    """Ways and how often to ask each, in turns -> rows a second of each, median; and ONNX's gain over eager, of each turn."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, run in ways.items():
            start = time.process_time()
            run()
            if turn:  # the first only warms up
                seconds[name].append(time.process_time() - start)
    rates = {name: rows / statistics.median(taken) for name, taken in seconds.items()}
    gains = [eager / onnx for eager, onnx in zip(seconds["eager"], seconds["onnx"], strict=True)]
    return {**rates, "gain": statistics.median(gains), "least_gain": min(gains), "range": [min(gains), max(gains)]}


def as_they_came(backbone: Any, contents: list[Any]) -> Iterator[dict[str, Any]]:
    """Backbone and contents -> mini-batches of 32 in the order they came, texts padded to the longest of each."""
    if isinstance(backbone, ImageBackbone):
        for start in range(0, len(contents), PLAIN_ROWS):
            yield {
                "pixels": np.stack([pixels(content, backbone.size) for content in contents[start : start + PLAIN_ROWS]])
            }
        return
    tokens = backbone.tokens(contents)
    for start in range(0, len(tokens), PLAIN_ROWS):
        ids, mask = pad_tokens(tokens[start : start + PLAIN_ROWS], backbone.pad)
        yield {"input_ids": ids, "attention_mask": mask}


def eager(embedder: Embedder) -> Callable[[Any], Any]:
    """Embedder -> what gives features of a feed by the model as timm or transformers gives it, channels last."""
    backbone: Any = embedder.backbone
    if isinstance(backbone, ImageBackbone):
        model = load_trainable(embedder.settings.backbone, embedder.path, backbone.settings, scratch=False)[0]
        return _image(model.eval().to(memory_format=torch.channels_last), backbone)
    return backbone_of(backbone)


def backbone_of(backbone: Any) -> Callable[[Any], Any]:
    """Backbone -> what gives features of a feed by its own model."""
    if isinstance(backbone, ImageBackbone):
        return _image(backbone.model, backbone)

    def run(feed: Any) -> Any:
        ids, mask = (torch.from_numpy(feed[name]) for name in ("input_ids", "attention_mask"))
        with torch.inference_mode():
            hidden = backbone.model(input_ids=ids, attention_mask=mask).last_hidden_state
            mean = (hidden * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
            return torch.nn.functional.normalize(mean, dim=1).numpy()

    return run


def _image(model: Any, backbone: ImageBackbone) -> Callable[[Any], Any]:
    def run(feed: Any) -> Any:
        scaled = (feed["pixels"].astype(np.float32) / 255.0 - backbone.mean) / backbone.std
        with torch.inference_mode():
            return pooled(model, torch.from_numpy(scaled).permute(0, 3, 1, 2), backbone.settings.stages).numpy()

    return run


def _settings(problem: dict[str, Any], modality: str) -> EmbedSettings:
    """What a problem's file says -> its settings of embed, as Hydra composes them."""
    chosen = next(default["/embed@embed"] for default in problem["defaults"] if "/embed@embed" in default)
    content = yaml.safe_load((ROOT / "src/tidemill/conf" / "embed" / f"{chosen}.yaml").read_text(encoding="utf-8"))
    changes = problem.get("embed") or {}
    inner = {modality: content[modality] | (changes.get(modality) or {})}
    return EmbedSettings.model_validate(content | changes | inner)


def _contents(name: str, rows: int) -> list[Any]:
    if name == "spam":
        texts = pl.read_csv(PACKAGES / "sms" / "sms-spam.csv")["text"].to_list()
        return [str(text) for text in texts[:: max(1, len(texts) // rows)][:rows]]
    return [path.read_bytes() for path in sorted((PACKAGES / "elpv" / "images").iterdir())[:rows]]


def _head(features: Any, about: BackboneRecord) -> Head:
    """Features -> a head of the default shape and random weights: what it says does not change how fast it says it."""
    rng = np.random.default_rng(0)
    dimensions, scale = features.shape[1], features.std(axis=0) + np.float32(1e-3)
    layers = tuple(
        (rng.normal(0, (2 / item) ** 0.5, size=(two, item)).astype(np.float32), np.zeros(two, dtype=np.float32))
        for item, two in ((dimensions, 256), (256, 2))
    )
    config = ModelConfig(problem="any", modality=about.modality, classes=CLASSES, backbone=about, batches={})
    return Head(features.mean(axis=0), scale, layers, config)


def report(figures: dict[str, Any]) -> None:
    """Figures -> the table, printed."""
    print(f"{'rows a second of one core':28}" + "".join(f"{way:>10}" for way in WAYS) + f"{'gain':>8}{'least':>8}")
    for name, item in figures.items():
        for part in ("network", "whole", "row by row", "plain script"):
            rates = "".join(f"{item[part][way]:10.1f}" for way in WAYS)
            print(f"{name + ', ' + part:28}{rates}{item[part]['gain']:8.2f}{item[part]['least_gain']:8.2f}")
        print(f"{'':4}probabilities differ by {item['difference']:.1e} at most on {item['rows']} rows")
    print(f"gain: onnx over eager, median over rounds; target {TARGET} for the whole")


if __name__ == "__main__":
    main()
