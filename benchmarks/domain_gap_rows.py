"""Rows of kinds that no packaged problem is about, from what the environment has: texts and photographs of packages, and noise."""

from __future__ import annotations

import base64
import importlib
import inspect
import io
import re
from pathlib import Path
from typing import Any

import numpy as np

_MOST = 200
_MODULES = ("argparse", "decimal", "email.message", "logging", "random", "statistics", "subprocess", "zipfile")


def texts() -> dict[str, list[str]]:
    """Nothing -> kind -> texts."""
    import humanize
    import sklearn

    rng, sklearn_home = np.random.default_rng(0), Path(sklearn.__file__).parent
    prose = _pieces(sorted((sklearn_home / "datasets" / "descr").glob("*.rst")), 30)
    locale = Path(humanize.__file__).parent / "locale"
    return {
        "python docstrings": docstrings(),
        "prose on data sets": prose,
        "program code": _pieces(sorted((sklearn_home / "linear_model").glob("_*.py")), 40),
        "European languages": _translated(locale, latin=True),
        "other scripts": _translated(locale, latin=False),
        "prose, letters shuffled": ["".join(rng.permutation(list(text))) for text in prose],
        "base64": [base64.b64encode(rng.bytes(60)).decode() for _ in range(_MOST)],
        "hexadecimal": [rng.bytes(60).hex() for _ in range(_MOST)],
    }


def docstrings() -> list[str]:
    """Nothing -> English sentences of Python's own documentation."""
    results = [
        " ".join(text.split())[:300]
        for name in _MODULES
        for _, item in inspect.getmembers(importlib.import_module(name))
        if isinstance(text := getattr(item, "__doc__", None), str) and len(text) > 80
    ]
    return list(dict.fromkeys(results))[:_MOST]


def _pieces(files: list[Path], most: int) -> list[str]:
    """Files -> three lines of theirs together, at most so many of a file."""
    entries: list[str] = []
    for file in files:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if len(line.strip()) > 20]
        entries += [" ".join(lines[k : k + 3]) for k in range(0, len(lines) - 3, 3)][:most]
    return entries[:_MOST]


def _translated(locale: Path, *, latin: bool) -> list[str]:
    """Folder of translations -> six phrases of a language together, of those with Latin letters or of the others."""
    lines: list[str] = []
    for file in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        phrases = re.findall(r'^msgstr(?:\[0\])? "(.{4,})"', file.read_text(encoding="utf-8"), re.MULTILINE)[2:]
        together = [" ".join(phrases[k : k + 6]) for k in range(0, len(phrases) - 6, 6)][:6]
        letters = [item for text in together for item in text if item.isalpha()]
        if letters and (np.mean([item < "\u0250" for item in letters]) > 0.5) == latin:
            lines += together
    return lines[:_MOST]


def images() -> dict[str, list[bytes]]:
    """Nothing -> kind -> bytes of PNG files; the photographs are three, so their crops are much alike."""
    rng = np.random.default_rng(0)
    crops = [_crops(photo, rng) for photo in _photographs()]
    every = [crop for some in crops for crop in some]
    return {
        "photographs": [_png(crop) for crop in every],
        **{f"photograph {k + 1} alone": [_png(crop) for crop in some] for k, some in enumerate(crops)},
        "photographs, grey": [_png(np.repeat(crop.mean(axis=2, keepdims=True), 3, axis=2)) for crop in every],
        "photographs, negative": [_png(255 - crop) for crop in every],
        "charts": [_chart(rng) for _ in range(60)],
        "soft blobs on black": [_blobs(rng) for _ in range(60)],
        "noise": [_png(rng.integers(0, 256, (200, 200, 3))) for _ in range(60)],
    }


def _photographs() -> list[Any]:
    import matplotlib as mpl
    from PIL import Image
    from sklearn.datasets import load_sample_images

    portrait = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return [*load_sample_images().images, np.asarray(Image.open(portrait).convert("RGB"))]


def _crops(photo: Any, rng: np.random.Generator) -> list[Any]:
    results = []
    for _ in range(40):
        side = int(rng.integers(150, min(photo.shape[:2])))
        top, left = (int(rng.integers(0, photo.shape[axis] - side + 1)) for axis in (0, 1))
        results.append(photo[top : top + side, left : left + side])
    return results


def _chart(rng: np.random.Generator) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.5, 2.5))
    FigureCanvasAgg(figure)
    figure.subplots().plot(rng.normal(size=(30, 2)).cumsum(axis=0))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    return buffer.getvalue()


def _blobs(rng: np.random.Generator) -> bytes:
    """What an X-ray looks like from afar."""
    down, right = np.mgrid[:200, :200]
    light = np.zeros((200, 200))
    for _ in range(6):
        (row, column), size = rng.integers(30, 170, 2), rng.integers(15, 60)
        wide = size * rng.uniform(0.4, 1.0)
        light += rng.uniform(0.2, 0.6) * np.exp(-(((down - row) / size) ** 2 + ((right - column) / wide) ** 2))
    grey = np.clip(light * 160 + rng.normal(0, 6, light.shape) + 10, 0, 255)
    return _png(np.repeat(grey[:, :, None], 3, axis=2))


def _png(pixels: Any) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()
