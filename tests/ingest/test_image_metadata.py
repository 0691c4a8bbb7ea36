"""What labeling functions may ask of an image besides its pixels."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from tests.ingest.factories import FRUIT, image_settings, png, take, write
from tidemill.contracts import DataError
from tidemill.ingest.image_metadata import exif
from tidemill.ingest.source import Source
from tidemill.label.engine.apply import apply
from tidemill.label.functions.loading import load_functions

META = {
    "file_name": "string",
    "file_folder": "string",
    "camera": "string",
    "shelf": "int",
    "exif_model": "string",
    "exif_iso_speed_ratings": "int",
    "exif_datetimeoriginal": "string",
    "exif_gps_latitude": "float",
    "exif_gps_longitude": "float",
    "exif_software": "float",
}


def photograph(shade: int, *, model: str = "X100", iso: int = 400, broken: bool = False) -> bytes:
    about, file = Image.Exif(), io.BytesIO()
    about[0x0110], about[0x0131] = model, "none 1.0"
    inner = about.get_ifd(0x8769)
    inner[0x8827], inner[0x9003] = iso, "2026:05:01 12:30:00"
    place = about.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "S", (33.0, 30.0, 36.0), "E", (70.0, 0.0, 0.0)
    Image.new("L", (8, 8), shade).save(file, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" if broken else about)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures in folders of two classes, one deeper, with EXIF in one, and a table of two."""
    write(tmp_path / "may" / "apple" / "1.jpg", photograph(10))
    write(tmp_path / "may" / "apple" / "left" / "2.png", png(1))
    write(tmp_path / "may" / "pear" / "3.png", png(2))
    write(tmp_path / "may" / "metadata.csv", "file_name,camera,shelf\n1.jpg,hall,3\npear/3.png,yard,\n")
    return tmp_path / "may"


def test_files_exif_and_a_table_in_the_folder_are_columns_and_the_class_is_not_among_them(folder: Path) -> None:
    batch = take(folder, image_settings(key="path", meta=META), FRUIT)
    raw = {item["key"].rpartition("/")[2]: item for item in batch.raw.iter_rows(named=True)}
    assert {name: raw["1.jpg"][name] for name in META} == {
        "file_name": "1.jpg",
        "file_folder": "",
        "camera": "hall",
        "shelf": 3,
        "exif_model": "X100",
        "exif_iso_speed_ratings": 400,
        "exif_datetimeoriginal": "2026-05-01T12:30:00",
        "exif_gps_latitude": -33.51,
        "exif_gps_longitude": 70.0,
        "exif_software": None,
    }
    assert (raw["2.png"]["file_folder"], raw["2.png"]["camera"], raw["2.png"]["exif_model"]) == ("left", None, None)
    assert (raw["3.png"]["camera"], raw["3.png"]["shelf"]) == ("yard", None)
    assert set(pl.concat([batch.dev, batch.gold])["gold"]) == {0, 1}  # the folders are the classes all the same


def test_labeling_functions_ask_metadata_in_yaml_and_in_python(folder: Path, tmp_path: Path) -> None:
    raw = take(folder, image_settings(key="path", meta=META), FRUIT).raw
    write(
        tmp_path / "lf" / "a.yaml",
        """functions:
  - {name: in_hall, kind: member, column: camera, values: [hall], vote: apple}
  - {name: sensitive, kind: threshold, column: exif_iso_speed_ratings, above: 200, vote: apple}
  - {name: in_may, kind: date, column: exif_datetimeoriginal, since: 2026-05-01, before: 2026-06-01, vote: apple}
  - {name: named_3, kind: regex, column: file_name, pattern: "^3", vote: pear}
  - {name: wide, kind: threshold, column: image.width, above: 5, vote: apple}
""",
    )
    write(
        tmp_path / "lf" / "b.py",
        "from tidemill.label import ABSTAIN, labeling_function\n\n\n@labeling_function()\n"
        "def on_the_left(row):\n    return 1 if row.file_folder == 'left' and row.camera is None else ABSTAIN\n",
    )
    functions = load_functions(tmp_path / "lf", classes=FRUIT.classes)
    votes = pl.DataFrame(
        apply(raw.drop("key", "batch", "split"), functions, n_classes=2), schema=[item.name for item in functions]
    ).with_columns(raw["key"].str.split("/").list.last().alias("file"))
    voted = {name: votes.filter(pl.col(name) >= 0)["file"].to_list() for name in votes.columns if name != "file"}
    assert voted == {
        "in_hall": ["1.jpg"],
        "sensitive": ["1.jpg"],
        "in_may": ["1.jpg"],
        "named_3": ["3.png"],
        "wide": ["1.jpg"],
        "on_the_left": ["2.png"],
    }


def test_the_table_in_the_folder_may_hold_the_labels_and_is_part_of_what_arrived(folder: Path) -> None:
    write(folder / "metadata.csv", "file_name,kind\n1.jpg,pear\n2.png,\n3.png,apple\n")
    chosen = image_settings(key="path", gold="kind", meta={"file_folder": "string"})
    batch = take(folder, chosen, FRUIT)
    gold = dict(pl.concat([batch.dev, batch.gold]).iter_rows())
    told = {row["key"]: (gold.get(row["row_id"]), row["file_folder"]) for row in batch.raw.iter_rows(named=True)}
    assert told == {"apple/1.jpg": (1, "apple"), "apple/left/2.png": (-1, "apple/left"), "pear/3.png": (0, "pear")}
    before = Source(str(folder)).fingerprint(chosen)
    write(folder / "metadata.csv", "file_name,kind\n1.jpg,apple\n")
    assert Source(str(folder)).fingerprint(chosen) != before


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("file_name,camera\n4.jpg,hall", r"may/metadata\.csv, line 2: '4\.jpg' is no image of the folder"),
        (
            "file_name,camera\n1.JPG,hall",
            r"'1\.JPG' is no image of the folder, or several. There is 'apple/1\.jpg': write the name",
        ),
        ("file_name,camera\n1.jpg,hall\napple/1.jpg,yard", r"line 3: 'apple/1\.jpg' is named twice"),
        ("picture,camera\n1.jpg,hall", r"no column names the images: call it file_name"),
    ],
)
def test_a_table_that_does_not_fit_its_folder_is_refused(folder: Path, lines: str, told: str) -> None:
    write(folder / "metadata.csv", f"{lines}\n")
    with pytest.raises(DataError, match=told):
        take(folder, image_settings(key="path"), FRUIT)


def test_a_table_in_the_folder_may_write_accents_otherwise_than_the_files(folder: Path) -> None:
    write(folder / "apple" / "\u00e9.png", png(3))
    write(folder / "metadata.csv", "file_name,camera\ne\u0301.png,hall\n")
    raw = take(folder, image_settings(key="path", meta={"file_name": "string", "camera": "string"}), FRUIT).raw
    assert raw.filter(file_name="\u00e9.png")["camera"].to_list() == ["hall"]


def test_images_of_a_table_have_names_and_exif_too(tmp_path: Path) -> None:
    write(tmp_path / "pool" / "a.jpg", photograph(10))
    path = write(tmp_path / "june.csv", "path,label,camera\npool/a.jpg,pear,hall\n")
    chosen = image_settings(meta={name: kind for name, kind in META.items() if name != "shelf"})
    row = take(path, chosen, FRUIT).raw.row(0, named=True)
    assert (row["file_name"], row["file_folder"], row["camera"], row["exif_model"]) == ("a.jpg", "pool", "hall", "X100")


def test_broken_exif_and_no_exif_are_no_metadata() -> None:
    assert exif(photograph(1, broken=True)) == exif(png()) == exif(b"no image") == {}
