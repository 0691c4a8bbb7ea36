"""Predict with the exported model in this folder, without Tidemill.

Needs numpy and onnxruntime, and tokenizers for texts or pillow for images::

    python predict.py --check
    python predict.py rows.csv --column body --out predictions.csv
    python predict.py photos/ --out predictions.csv

In a program: ``Predictor("exported/spam").predict_proba(["a text", "another"])``.
"""

from __future__ import annotations

import argparse
import base64
import csv
import io
import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 32
MOST_CHARACTERS = 20_000  # of a text, whose n-grams are counted
IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
GROUNDS = {"white": 255, "black": 0}
WHITE_OF_INTEGERS = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 16, 24, 32))
BITS = "tidemill:bits"
ORIENTATION = 0x0112
OPAQUE = 255

_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+")
_RUN = re.compile(r"([^\w\s])(?:\s*\1)+")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w\w+")


class Predictor:
    """An exported model.

    Parameters
    ----------
    folder
        Folder that ``tidemill export`` wrote.
    model
        File of the graph in it, such as ``model.int8.onnx``.
    threads
        Threads within one operator; 0: as many as there are cores.
    """

    def __init__(self, folder: str | Path, model: str = "model.onnx", *, threads: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        path = Path(folder)
        self.session = onnxruntime.InferenceSession(path / model, options, providers=["CPUExecutionProvider"])
        told = self.session.get_modelmeta().custom_metadata_map
        self.about = {name.removeprefix("tidemill."): value for name, value in told.items()}
        self.classes: list[str] = json.loads(self.about["classes"])
        names = [name for name in json.loads(self.about["inputs"]) if name.startswith("terms.")]
        self.terms = {name: json.loads((path / f"{name}.json").read_text(encoding="utf-8")) for name in names}
        self.tokenizer = _tokenizer(path, self.about) if self.is_text else None

    @property
    def is_text(self) -> bool:
        """Whether it reads texts; otherwise images."""
        return bool(self.about["modality"] == "text")

    def predict_proba(self, contents: Sequence[Any]) -> Any:
        """Predict class probabilities.

        Parameters
        ----------
        contents : (n_rows,)
            Texts, or bytes of image files.

        Returns
        -------
        (n_rows, n_classes)
            Columns in the order of ``classes``.
        """
        result = np.zeros((len(contents), len(self.classes)))
        order = sorted(range(len(contents)), key=lambda row: -len(contents[row]))  # like lengths need little padding
        for start in range(0, len(order), ROWS):
            rows = order[start : start + ROWS]
            inputs = self._inputs([contents[row] for row in rows])
            result[rows] = self.session.run(["probabilities"], inputs)[0]
        return result

    def _inputs(self, contents: Sequence[Any]) -> dict[str, Any]:
        if not self.is_text:
            size, bits = json.loads(self.about["size"]), json.loads(self.about.get("bits", "null"))
            ground = GROUNDS[self.about.get("background", "white")]
            return {"pixels": np.stack([pixels(data, size, background=ground, bits=bits) for data in contents])}
        contents = [unicodedata.normalize("NFC", text) for text in contents]  # as the model's own texts were
        counts = {name: count_terms(contents, vocabulary) for name, vocabulary in self.terms.items()}
        return tokens(contents, self.tokenizer, self.about) | counts


def _tokenizer(folder: Path, about: dict[str, str]) -> Any:
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(str(folder / about["tokenizer"]))
    tokenizer.no_padding()
    tokenizer.enable_truncation(int(about["max_tokens"]))
    return tokenizer


def tokens(texts: Sequence[str], tokenizer: Any, about: dict[str, str]) -> dict[str, Any]:
    """Tokenize texts, padded to the longest.

    Parameters
    ----------
    texts : (n_rows,)
        Texts.
    tokenizer
        Of the package tokenizers.
    about
        Metadata of the graph.

    Returns
    -------
    dict
        ``input_ids`` and ``attention_mask``, int64 (n_rows, n_tokens).
    """
    short = [readable(text, squeeze=about["squeeze"] == "true")[: int(about["max_characters"])] for text in texts]
    listed = [encoding.ids for encoding in tokenizer.encode_batch(short)]
    ids = np.full((len(listed), max(map(len, listed))), int(about["pad"]), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, numbers in enumerate(listed):
        ids[row, : len(numbers)], mask[row, : len(numbers)] = numbers, 1
    return {"input_ids": ids, "attention_mask": mask}


def readable(text: str, *, squeeze: bool) -> str:
    """Prepare a text for the tokenizer; with ``squeeze`` links, addresses and rules are one token.

    Parameters
    ----------
    text
        Text of a row.
    squeeze
        As the graph's metadata say.

    Returns
    -------
    str
    """
    if not squeeze:
        return text
    plain = _ADDRESS.sub(" email ", _LINK.sub(" http ", text))
    return _SPACE.sub(" ", _RUN.sub(r"\1", plain)).strip()


def count_terms(texts: Sequence[str], vocabulary: dict[str, Any]) -> Any:
    """Count the n-grams of a vocabulary in texts.

    Parameters
    ----------
    texts : (n_rows,)
        Texts as they are, not prepared for a tokenizer.
    vocabulary
        Content of a file ``terms.*.json``.

    Returns
    -------
    (n_rows, n_terms)
        float32.
    """
    columns = {term: column for column, term in enumerate(vocabulary["terms"])}
    counts = np.zeros((len(texts), len(columns)), dtype=np.float32)
    for row, text in enumerate(texts):
        for term in _ngrams(text[:MOST_CHARACTERS].lower(), vocabulary):
            if term in columns:
                counts[row, columns[term]] += 1
    return counts


def _ngrams(text: str, vocabulary: dict[str, Any]) -> Iterator[str]:
    words = _WORD.findall(text) if vocabulary["words"] else []
    for length in range(1, vocabulary["words"] + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])
    for word in text.split() if vocabulary["longest"] else ():
        spaced = f" {word} "
        for length in range(vocabulary["shortest"], vocabulary["longest"] + 1):
            for start in range(len(spaced) - length + 1):
                yield "\t" + spaced[start : start + length]


def pixels(data: bytes, size: int, *, background: int = 255, bits: int | None = None) -> Any:
    """Decode an image: upright, on a plain background, squeezed to a square.

    Parameters
    ----------
    data
        Bytes of an image file.
    size
        Pixels of a side.
    background
        Grey behind transparent pixels.
    bits
        Bits of greys of more than 8 bits; None: as the file declares, or by its pixels.

    Returns
    -------
    (size, size, 3)
        uint8, red, green and blue.
    """
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as opened:
        declared = str(opened.info.get(BITS, ""))
        bits = bits or (int(declared) if declared.isdecimal() else None)
        image: Any = opened if _is_upright(opened) else ImageOps.exif_transpose(opened)
        if image.mode == "F" or image.mode.startswith("I"):
            image = Image.fromarray(_eight_bits(np.asarray(image), bits))
        elif image.has_transparency_data:
            ground = Image.new("RGBA", image.size, (background,) * 3 + (OPAQUE,))
            ground.alpha_composite(image.convert("RGBA"))
            image = ground
        elif image.mode in {"1", "LA"}:
            image = image.convert("L")
        return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC))


def _is_upright(image: Any) -> bool:
    try:
        return bool(image.getexif().get(ORIENTATION, 1) == 1)
    except Exception:  # noqa: BLE001 - Pillow raises many kinds for broken EXIF, which leaves the pixels whole
        return True


def _eight_bits(values: Any, bits: int | None) -> Any:
    grey = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(grey.min()), float(grey.max())
    usual = (1, *WHITE_OF_INTEGERS) if values.dtype.kind == "f" else WHITE_OF_INTEGERS
    white = 2.0**bits - 1 if bits else next((item for item in usual if low >= 0 and high <= item), None)
    if white is not None:
        low, high = 0.0, float(white)
    share = ((grey - low) / (high - low or 1.0)).clip(0, 1).astype(np.float32)
    return np.rint(share * 255).clip(0, 255).astype(np.uint8)


def check(folder: Path, model: str = "model.onnx") -> tuple[int, float, float]:
    """Predict the rows of ``check.json``.

    Parameters
    ----------
    folder
        Folder of the export.
    model
        File of the graph.

    Returns
    -------
    rows : int
    difference : float
        Largest difference of a probability from Tidemill's own.
    tolerance : float
        The largest that is promised.
    """
    content = json.loads((folder / "check.json").read_text(encoding="utf-8"))
    predictor = Predictor(folder, model)
    rows = content["rows"]
    contents = [row["text"] if predictor.is_text else base64.b64decode(row["image"]) for row in rows]
    expected = np.array([row["probabilities"] for row in rows])
    return len(rows), float(np.abs(predictor.predict_proba(contents) - expected).max()), content["tolerance"]


def read_rows(path: Path, column: str | None, *, is_text: bool) -> tuple[list[str], list[Any]]:
    """Read texts of a CSV or JSON-lines file, or images of a folder.

    Parameters
    ----------
    path
        File or folder.
    column
        Column of the texts.
    is_text
        Whether texts are read.

    Returns
    -------
    names, contents : list
        Number of the row or path of the image, and what the model reads.
    """
    if not is_text:
        inside = sorted(item for item in path.rglob("*") if item.suffix.lower() in IMAGES) if path.is_dir() else [path]
        return [str(item) for item in inside], [item.read_bytes() for item in inside]
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = (line for line in file if line.strip())
        rows = list(map(json.loads, lines) if path.suffix == ".jsonl" else csv.DictReader(file))
    missing = [number for number, row in enumerate(rows, start=1) if not row.get(column or "text")]
    if missing:
        sys.exit(f"row {missing[0]} of {path} has no text in {column or 'text'!r}: name the column with --column")
    return [str(number) for number in range(1, len(rows) + 1)], [row[column or "text"] for row in rows]


def main(arguments: Sequence[str] | None = None) -> None:
    """Check the export, or predict a file and write a CSV.

    Parameters
    ----------
    arguments
        Of the command line; None: those of the process.
    """
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("rows", nargs="?", type=Path, help="CSV or JSON lines of texts; an image or a folder of images")
    parser.add_argument("--column", help="column of the texts (text)")
    parser.add_argument("--out", type=Path, help="CSV to write; standard output where it is not given")
    parser.add_argument("--check", action="store_true", help="compare with check.json")
    parser.add_argument("--model", default="model.onnx", help="file of the graph (model.onnx)")
    given, folder = parser.parse_args(arguments), Path(__file__).resolve().parent
    if given.check:
        rows, difference, tolerance = check(folder, given.model)
        print(f"check.json: probabilities of {rows} rows differ by {difference:.1e} at most, {tolerance:g} is allowed")
        sys.exit(int(difference > tolerance))
    if given.rows is None:
        parser.error("name a file of rows, or --check")
    predictor = Predictor(folder, given.model)
    names, contents = read_rows(given.rows, given.column, is_text=predictor.is_text)
    table = _table(names, predictor.predict_proba(contents), predictor.classes)
    if given.out is None:
        csv.writer(sys.stdout).writerows(table)
    else:
        with given.out.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(table)


def _table(names: Iterable[str], probabilities: Any, classes: Sequence[str]) -> Iterator[list[Any]]:
    yield ["row", "prediction", *(f"p_{name}" for name in classes)]
    for name, row in zip(names, probabilities, strict=True):
        yield [name, classes[int(row.argmax())], *(f"{value:.6f}" for value in row)]


if __name__ == "__main__":
    main()
