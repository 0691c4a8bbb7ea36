import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tidemill.contracts import FEATURES, ConfigError, DataError, PackageError, check
from tidemill.embed.backbone import round_features
from tidemill.embed.embedder import MARK, Embedder, backbone_record, embedder_of, features_table, is_current
from tidemill.embed.hub import fetch_weights, from_hub
from tidemill.embed.settings import EmbedSettings, TextSettings
from tidemill.embed.weights import find_weights, weights_file, weights_sha256

TEXT = TextSettings(max_tokens=8, tokens_per_step=64, squeeze=True, normalize=True)
SETTINGS = EmbedSettings(backbone="tiny", weights="weights", threads=1, domain_rows=0, text=TEXT, image=None)
ROWS = pl.DataFrame({"row_id": ["a", "b"], "text": ["one", "two"]})


class Lengths:
    def embed(self, contents, *, name):
        assert name == "test"
        return np.array([[len(text), 0.5 if text else np.nan] for text in contents], dtype=np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "model.safetensors").write_bytes(b"some")
    return tmp_path


def embedder(root: Path, settings: EmbedSettings = SETTINGS) -> Embedder:
    made = Embedder(settings, "text", root=root)
    made.__dict__["backbone"] = Lengths()
    return made


def written(root: Path, made: Embedder) -> Path:
    file = root / "features.parquet"
    table = features_table(ROWS["row_id"], made.features(ROWS, name="test"))
    check(table, FEATURES, where="test").write_parquet(file, metadata=made.mark(ROWS))
    return file


def test_features_are_current_until_rows_settings_or_weights_change(folder):
    file = written(folder, embedder(folder))
    assert is_current(file, embedder(folder).mark(ROWS))
    assert not is_current(file, embedder(folder).mark(ROWS.reverse()))
    longer = SETTINGS.model_copy(update={"text": TEXT.model_copy(update={"max_tokens": 9})})
    assert not is_current(file, embedder(folder, longer).mark(ROWS))
    (folder / "weights" / "model.safetensors").write_bytes(b"other")
    assert not is_current(file, embedder(folder).mark(ROWS))


def test_the_number_of_threads_makes_no_features_stale(folder):
    threads = SETTINGS.model_copy(update={"threads": 2})
    assert embedder(folder, threads).mark(ROWS) == embedder(folder).mark(ROWS)


def test_a_torn_or_absent_file_is_not_current(folder):
    file = written(folder, embedder(folder))
    mark = embedder(folder).mark(ROWS)
    file.write_bytes(file.read_bytes()[:-20])
    assert not is_current(file, mark)
    assert not is_current(folder / "absent.parquet", mark)


def test_a_file_tells_the_backbone_that_made_it_and_new_rows_use_the_same(folder):
    about = backbone_record(written(folder, embedder(folder)))
    assert about.model_dump() == json.loads(embedder(folder).mark(ROWS)[MARK])["backbone"]
    assert embedder_of(about, root=folder, threads=1).settings == SETTINGS
    (folder / "weights" / "model.safetensors").write_bytes(b"other")
    with pytest.raises(DataError, match="not what the model was trained with"):
        embedder_of(about, root=folder, threads=1)


def test_a_file_without_a_mark_is_refused(folder):
    ROWS.write_parquet(folder / "plain.parquet")
    with pytest.raises(DataError, match="does not say which backbone"):
        backbone_record(folder / "plain.parquet")


def test_rows_of_a_modality_without_settings_are_refused(folder):
    with pytest.raises(ConfigError, match=r"embed\.image is null"):
        Embedder(SETTINGS, "image", root=folder)


def test_features_that_are_not_finite_name_their_row(folder):
    made = embedder(folder)
    rows = ROWS.with_columns(text=pl.Series(["one", ""]))
    with pytest.raises(DataError, match="row b: its features are not finite; 1 such"):
        made.features(rows, name="test")


def test_rounding_keeps_twelve_bits_and_is_done_once():
    values = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    once = round_features(values)
    assert np.abs(once / values - 1).max() <= 2**-13
    assert (round_features(once) == once).all()


def test_weights_that_are_not_there_say_how_to_fetch_them(tmp_path):
    with pytest.raises(PackageError, match="tidemill fetch minilm"):
        find_weights("data/packages/minilm", tmp_path)
    assert find_weights("hub", tmp_path) is None


def test_a_folder_must_hold_one_file_of_weights(folder):
    assert weights_file(folder / "weights").name == "model.safetensors"
    (folder / "weights" / "other.pth").touch()
    with pytest.raises(ConfigError, match=r"model\.safetensors, other\.pth: name the one file"):
        weights_file(folder / "weights")


def test_hidden_files_do_not_change_the_hash_of_weights(folder):
    before = weights_sha256(folder / "weights")
    (folder / "weights" / ".marker").write_text("x")
    assert weights_sha256(folder / "weights") == before


def test_the_cache_is_asked_before_the_network():
    asked = []

    def load(*, local_files_only):
        asked.append(local_files_only)
        if local_files_only:
            raise OSError("not in the cache")
        return "model"

    assert from_hub(load, "some/model") == "model"
    assert asked == [True, False]


def test_a_model_that_cannot_be_fetched_is_named_with_the_remedy():
    def fails():
        raise OSError("We couldn't connect\nto anything")

    with pytest.raises(PackageError, match=r"some/model.*We couldn't connect.*embed\.weights"):
        fetch_weights(fails, "some/model")
