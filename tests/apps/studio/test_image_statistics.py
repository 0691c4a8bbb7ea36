"""An edited function of images is counted on a sample while all are measured, once, and then on all."""

import copy

import numpy as np
import polars as pl
import pytest
import yaml

from tests.apps.workbench.conftest import params
from tests.ingest.factories import png
from tidemill.apps.studio import image_statistics
from tidemill.apps.studio.columns import column_values
from tidemill.apps.studio.gain import label_gain
from tidemill.apps.studio.image_statistics import ImageStatistics
from tidemill.apps.studio.preview import EditedText, preview
from tidemill.apps.studio.workspace import Workspace, measured
from tidemill.apps.workbench import problem_view
from tidemill.contracts import DataError
from tidemill.label.engine.worker_pool import WorkerPool
from tidemill.label.image_statistics.statistics import NAMES, statistics_of
from tidemill.project.project import Project
from tidemill.reports.project import Arrival, Manifest

SHADES = [10 * number for number in range(24)]
GLOWS = EditedText("f.yaml", "{name: glows, kind: threshold, column: image.mean, above: 0.5, vote: spam}", "glows")


@pytest.fixture
def cells(tmp_path, monkeypatch):
    """Two batches of pictures, more of them than a sample has."""
    monkeypatch.setattr(problem_view, "IMAGES", 6)
    content = copy.deepcopy(params())
    content["mail"]["problem"]["modality"] = "image"
    content["mail"]["ingest"] |= {"text": None, "image": "image", "meta": {}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    functions = tmp_path / "src/problems/mail"
    functions.mkdir(parents=True)
    (functions / "f.yaml").write_text("functions:\n  - " + GLOWS.text.replace("0.5", "0.7") + "\n")
    write_batches(tmp_path, {"b": SHADES[:20], "c": SHADES[20:]}, ["b", "c"])
    return tmp_path


def write_batches(folder, shades, arrived):
    for name, of_batch in shades.items():
        ids = [f"{name}{shade}" for shade in of_batch]
        split = ["dev" if place % 8 == 0 else "train" for place in range(len(ids))]
        raw = pl.DataFrame({"row_id": ids, "key": ids, "batch": name, "split": split, "image": map(png, of_batch)})
        dev = raw.filter(split="dev").select("row_id", gold=pl.lit(1, pl.Int16))
        for table, rows in (("raw", raw), ("dev", dev)):
            (folder / f"data/mail/{table}").mkdir(parents=True, exist_ok=True)
            rows.write_parquet(folder / f"data/mail/{table}/{name}.parquet")
    arrivals = tuple(Arrival(batch=name, source=name, sha256="0") for name in arrived)
    Manifest(batches=arrivals).write(folder / "data/mail/batches.json")


def opened(folder):
    return Workspace(Project.open(folder), "mail")


def test_all_images_are_counted_once_they_have_been_measured(cells):
    workspace = opened(cells)
    means = np.array([statistics_of(png(shade))["mean"] for shade in SHADES])
    [first] = preview(workspace, GLOWS)
    assert (first.rows, first.rows_in_all) == (6, 24)
    assert first.measured is not None
    assert column_values(workspace, "image.mean").rows == 6
    workspace.images.wait()
    [whole] = preview(workspace, GLOWS)
    assert (whole.rows, whole.rows_in_all, whole.measured) == (24, 24, None)
    assert whole.votes == {"spam": (means > 0.5).sum()}
    assert whole.coverage_before == pytest.approx((means > 0.7).mean())
    assert whole.change.gained.rows == ((means > 0.5) & (means <= 0.7)).sum()
    assert [row["row_id"] for row in whole.change.gained.examples if row["gold"]] == ["b160"]
    [quick] = preview(workspace, GLOWS, is_quick=True)
    assert (quick.rows, quick.dev_rows) == (6, 4)
    found = column_values(workspace, "image.mean")
    assert (found.rows, sum(bar.rows for bar in found.bars)) == (24, 24)


def test_what_was_measured_is_kept_and_a_new_batch_alone_is_measured(cells, monkeypatch):
    workspace = opened(cells)
    preview(workspace, GLOWS)
    workspace.images.wait()
    asked = []
    original = WorkerPool.ask

    def ask(self, functions, table, **more):
        asked.extend(table["row_id"])
        return original(self, functions, table, **more)

    monkeypatch.setattr(WorkerPool, "ask", ask)
    again = opened(cells)
    assert preview(again, GLOWS)[0].rows == 24
    write_batches(cells, {"d": [255]}, ["b", "c", "d"])
    assert preview(again, GLOWS)[0].rows == 6
    again.images.wait()
    [one] = preview(again, GLOWS)
    assert (one.rows, one.votes["spam"]) == (25, sum(shade > 127 for shade in [*SHADES, 255]))
    assert asked == ["d255"]


def test_an_image_that_cannot_be_measured_is_named(cells):
    raw = cells / "data/mail/raw/c.parquet"
    broken = pl.when(pl.col("row_id") == "c230").then(pl.lit(b"no image")).otherwise("image").alias("image")
    pl.read_parquet(raw).with_columns(broken).write_parquet(raw)
    workspace = opened(cells)
    assert workspace.statistics(["mean"], workspace.rows()) is None
    workspace.images.wait()
    with pytest.raises(DataError, match="c230"):
        workspace.statistics(["mean"], workspace.rows())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_measurement_that_breaks_off_is_not_waited_for(cells, monkeypatch):
    monkeypatch.setattr(image_statistics, "_of_batch", lambda *_: 1 / 0)
    workspace = opened(cells)
    assert workspace.statistics(["mean"], workspace.rows()) is None
    workspace.images.wait()
    with pytest.raises(DataError, match="could not be measured"):
        workspace.statistics(["mean"], workspace.rows())


def test_statistics_that_cost_alike_are_measured_together_and_once(cells, monkeypatch):
    monkeypatch.setattr(ImageStatistics, "of_all", lambda *_: None)
    asked: list[tuple[str, ...]] = []

    def measure(table: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
        asked.append(names)
        return measured(table, names)

    monkeypatch.setattr("tidemill.apps.studio.workspace.measured", measure)
    workspace = opened(cells)
    sample = workspace.rows(is_sample=True)
    found = workspace.statistics(["mean", "red", "entropy"], sample)
    assert found.columns == ["image.mean", "image.red", "image.entropy"]
    image = workspace.view.raw["image"][int(sample.places[1])]
    assert found["image.entropy"][1] == statistics_of(image)["entropy"]
    workspace.statistics(["aspect", "line_depth", "blue"], sample)
    assert [names[0] for names in asked] == ["width", "saturation", "line_depth"]
    assert sorted(name for names in asked for name in names) == sorted(NAMES)
    assert label_gain(workspace, GLOWS) is None  # no function has voted yet
