import re

import polars as pl
import yaml

from tidemill.label.conditions.registry import KINDS
from tidemill.label.engine.apply import apply
from tidemill.label.functions.loading import load_file
from tidemill.label.settings import EndpointSettings

CLASSES = ("ham", "spam", "functional", "defective")


def blocks(root, language, page="label"):
    return re.findall(
        rf"```{language}\n(.*?)```", (root / f"docs/{page}.md").read_text(encoding="utf-8"), flags=re.DOTALL
    )


def test_the_files_of_the_docs_load_and_vote(root, folder):
    path = folder(f__yaml=blocks(root, "yaml")[0], f__py=blocks(root, "python")[0])
    texts = ["claim your big prize", "cash for a loan", "ABCD EFGH IJKL", "word " * 201]
    rows = pl.DataFrame({"row_id": list("abcd"), "text": texts, "image.mean": [0.5, 0.6, 0.7, None]})
    functions = [one for name in ("f.yaml", "f.py") for one in load_file(path / name, classes=CLASSES)]
    votes = dict(zip([f.name for f in functions], apply(rows, functions, n_classes=4).T.tolist(), strict=True))
    assert votes["claims_near_a_prize"] == [1, -1, -1, -1]
    assert votes["glow"] == [3, -1, 2, -1]
    assert votes["shouts"] == [-1, -1, -2, -1]
    assert votes["capitals"] == [-1, -1, -1, -1]
    assert votes["long_letter"] == [-1, -1, -1, -3]
    assert votes["sells_money"] == [-1, 1, -1, -1]


def test_the_generated_functions_of_the_docs_load_and_their_endpoints_are_settings(root, folder):
    functions, inferred, settings = blocks(root, "yaml", "generated")
    path = folder(g__yaml=functions, i__yaml=inferred)
    loaded = load_file(path / "g.yaml", classes=("ham", "spam"))
    assert [function.name for function in loaded] == ["asked", "described", "head"]
    assert [function.name for function in load_file(path / "i.yaml", classes=("ham", "spam"))] == ["inferred"]
    for endpoint in yaml.safe_load(settings)["label"]["endpoints"].values():
        EndpointSettings.model_validate(endpoint)


def test_the_docs_tell_every_kind_and_field(root):
    text = (root / "docs/label.md").read_text(encoding="utf-8")
    table = text[text.index("| kind | asks |") : text.index("`column` is `text` unless given")]
    lines = dict(re.findall(r"^\| `(\w+)` \|(.*)$", table, flags=re.MULTILINE))
    limits = {"above", "below", "at_least", "at_most", "between"}
    for kind, model in KINDS.items():
        if kind in {"all", "any", "not", "cases"}:
            continue
        fields = set(model.model_fields) - {"kind", "digest"}
        fields -= limits if "limits" in lines[kind] else set()
        untold = {one for one in fields if f"`{one}`" not in lines[kind]} - {"column"}
        assert not untold, kind
