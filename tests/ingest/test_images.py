"""Folders and lists of images."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import fsspec
import polars as pl
import pytest

from tests.ingest.factories import FRUIT, image_settings, png, settings, take, write
from tidemill.contracts import DataError
from tidemill.ingest.source import Source, discover


def test_a_folder_of_images_takes_its_classes_from_subfolders(tmp_path: Path) -> None:
    for number, name in enumerate(("apple/1.png", "apple/2.png", "pear/1.png")):
        write(tmp_path / "may" / name, png(number))
    write(tmp_path / "may" / ".DS_Store", b"x")
    batch = take(tmp_path / "may", image_settings(key="path"), FRUIT)
    gold = dict(pl.concat([batch.dev, batch.gold]).iter_rows())
    told = {key: gold[row] for row, key in batch.raw.select("row_id", "key").iter_rows()}
    assert told == {"apple/1.png": 0, "apple/2.png": 0, "pear/1.png": 1}


@pytest.mark.parametrize(
    "path",
    [
        "@eaDir/1.png/SYNOPHOTO_THUMB_M.png",
        "apple/@eaDir/1.png/SYNOPHOTO_THUMB_M.png",
        "$RECYCLE.BIN/3.png",
        "__MACOSX/apple/._1.png",
        "__MACOSX/apple/1.png",
        ".ipynb_checkpoints/1-checkpoint.png",
        "apple/.ipynb_checkpoints/1-checkpoint.png",
    ],
)
def test_what_systems_keep_among_images_is_no_image_and_no_class(tmp_path: Path, path: str) -> None:
    for number, name in enumerate(("apple/1.png", "apple/2.png", "pear/1.png", path)):
        write(tmp_path / "may" / name, png(number))
    batch = take(tmp_path / "may", image_settings(key="path"), FRUIT)
    assert batch.raw["key"].sort().to_list() == ["apple/1.png", "apple/2.png", "pear/1.png"]


def test_images_beside_the_folders_of_classes_are_told(tmp_path: Path) -> None:
    for number, name in enumerate(("apple/1.png", "pear/1.png", "3.png", "4.png")):
        write(tmp_path / "may" / name, png(number))
    batch = take(tmp_path / "may", image_settings(), FRUIT)
    assert batch.notes == ("may: 2 images are in no folder of a class and have no label, such as 3.png",)


def test_images_below_names_with_a_dot_are_left_out_and_told(tmp_path: Path) -> None:
    for number, name in enumerate(
        ("apple/1.png", "pear/1.png", ".fig/1.png", ".fig/2.png", "pear/.2.png", "pear/._1.png")
    ):
        write(tmp_path / "may" / name, png(number))
    batch = take(tmp_path / "may", image_settings(key="path"), FRUIT)
    assert batch.raw["key"].sort().to_list() == ["apple/1.png", "pear/1.png"]
    [note] = batch.notes
    assert note.startswith("may: 3 files are left out, for names with a dot in front are those of hidden files")
    assert "(.2.png, .fig): rename what holds rows" in note
    write(tmp_path / "june/.apple/1.png", png(1))
    with pytest.raises(DataError, match=r"holds no images but no files.*; june: 1 file is left out.* \(\.apple\)"):
        take(tmp_path / "june", image_settings(), FRUIT)


def test_a_flat_folder_has_no_gold_and_images_keep_their_bytes(tmp_path: Path) -> None:
    data = png(7, kind="JPEG")
    write(tmp_path / "may" / "a.jpg", data)
    batch = take(tmp_path / "may", image_settings(), FRUIT)
    assert batch.raw["image"].to_list() == [data]
    assert batch.raw["key"].to_list() == [hashlib.sha256(data).hexdigest()[:16]]
    assert batch.seen.columns == ["key", "content", "fate", "gold", "split"]


def test_a_list_names_images_relative_to_itself_and_a_table_may_hold_their_bytes(tmp_path: Path) -> None:
    write(tmp_path / "pool" / "a.png", png(1))
    listed = write(tmp_path / "b.csv", "path,label\npool/a.png,pear\n")
    held, struct = tmp_path / "c.parquet", tmp_path / "d.parquet"
    pl.DataFrame({"path": [png(1)], "label": ["pear"]}).write_parquet(held)
    inner = [{"bytes": None, "path": "pool/a.png"}, {"bytes": png(2), "path": None}]
    pl.DataFrame({"path": inner, "label": ["pear", "apple"]}).write_parquet(struct)
    read = [take(path, image_settings(), FRUIT).raw["image"].to_list() for path in (listed, held, struct)]
    assert read == [[png(1)], [png(1)], [png(1), png(2)]]


def test_equal_images_are_called_by_their_names(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png(7))
    listed = write(tmp_path / "list.csv", "file,kind\na.png,apple\nb.png,pear\n")
    notes = take(listed, image_settings(image="file", gold="kind"), FRUIT).notes
    assert any("1 of 2 rows have the content of another, such as image b.png" in note for note in notes)
    assert any(
        "such as image a.png: " in note and "1 have none, since no label has most (image a.png)" in note
        for note in notes
    )


@pytest.mark.parametrize("kind", ["parent", "link", "absolute", "link to folder"])
def test_a_table_reaches_no_image_outside_of_its_folder(tmp_path: Path, kind: str) -> None:
    outside = write(tmp_path / "private" / "a.png", png(1))
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "b.png").symlink_to(outside)
    (inside / "c").symlink_to(outside.parent)
    named = {"parent": "x/../../private/a.png", "link": "b.png", "absolute": str(outside), "link to folder": "c/a.png"}[
        kind
    ]
    path = write(inside / "b.csv", f"path,label\n{named},pear\n")
    with pytest.raises(DataError, match=r"b\.csv, line 2: .* (lies outside of|is not there)"):
        take(path, image_settings(), FRUIT)
    if kind == "parent":  # a person may say that the images are elsewhere, a table may not
        path = write(inside / "b.csv", "path,label\na.png,pear\n")
        assert take(path, image_settings(image_folder="../private"), FRUIT).raw.height == 1


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("a", "1 path has no suffix, and one is found, such as shots/a.png"),
        ("{here}/a.png", None),
        ("/home/else/shots/a.png", "1 absolute path is read as its end that is below"),
        ("C:\\else\\shots\\a.png", "1 absolute path is read"),
    ],
)
def test_paths_of_other_machines_and_without_suffix_are_found_and_told(
    tmp_path: Path, named: str, told: str | None
) -> None:
    write(tmp_path / "shots/a.png", png(1))
    named = "shots/a" if named == "a" else named.format(here=tmp_path / "shots")
    batch = take(write(tmp_path / "b.csv", f"path,label\n{named},pear\n"), image_settings(), FRUIT)
    assert batch.raw["image"].to_list() == [png(1)]
    assert (told in batch.notes[0]) if told else not batch.notes


def test_a_path_without_suffix_that_is_two_files_is_asked_about(tmp_path: Path) -> None:
    write(tmp_path / "a.png", png(1))
    write(tmp_path / "a.jpg", png(2, kind="JPEG"))
    path = write(tmp_path / "b.csv", "path,label\na,pear\n")
    with pytest.raises(
        DataError,
        match=r"b\.csv, line 2: column 'path': image 'a' may be a\.(png|jpg) or a\.(png|jpg): write the suffix",
    ):
        take(path, image_settings(), FRUIT)
    write(tmp_path / "a", png(3))
    assert take(path, image_settings(), FRUIT).raw["image"].to_list() == [png(3)]


def test_a_folder_of_images_that_need_a_package_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "in" / "may" / "a.heic", b"\0\0\0\x18ftypheic")
    assert discover("in", tmp_path) == ["in/may"]
    with pytest.raises(DataError, match="pip install pillow-heif"):
        take(tmp_path / "in" / "may", image_settings(), FRUIT)


def test_the_hash_of_a_list_covers_the_images(tmp_path: Path) -> None:
    write(tmp_path / "a.png", png(1))
    path = write(tmp_path / "b.csv", "path,label\na.png,pear\n")
    before = Source(str(path)).fingerprint(image_settings())
    write(tmp_path / "a.png", png(2))
    assert Source(str(path)).fingerprint(image_settings()) != before


def test_the_hash_of_a_text_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "b.csv", "id,text,label\n1,x,ham\n")
    assert Source(str(path)).fingerprint(settings()) == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"GET / HTTP/1.1", "is not an image"),
        (png(1, size=(90, 90), kind="PNG")[:-40], "is damaged"),
        (png(1, size=(101, 100)), "has 101 x 100 pixels, more than ingest.max_pixels 10000"),
    ],
)
def test_a_bad_image_is_named_with_its_row(tmp_path: Path, data: bytes, told: str) -> None:
    write(tmp_path / "good.png", png(1))
    write(tmp_path / "bad.png", data)
    path = write(tmp_path / "b.csv", "path,label\ngood.png,pear\nbad.png,pear\n")
    with pytest.raises(DataError, match=f"b.csv, line 3: bad.png {told}"):
        take(path, image_settings(), FRUIT)


def test_a_hundred_megapixels_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    import tracemalloc

    write(tmp_path / "bad.png", png(1, size=(10_000, 10_000)))
    path = write(tmp_path / "b.csv", "path,label\nbad.png,pear\n")
    tracemalloc.start()
    with pytest.raises(DataError, match="has 10000 x 10000 pixels"):
        take(path, image_settings(max_pixels=50_000_000), FRUIT)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000  # the pixels would be ten times that
    tracemalloc.stop()


def test_an_image_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "b.csv", "path,label\nlost.png,pear\n")
    with pytest.raises(
        DataError, match=r"b.csv, line 2: .*image 'lost.png' is not there; paths are relative to .*--images"
    ):
        take(path, image_settings(), FRUIT)


def test_a_name_with_its_accents_written_otherwise_is_the_file_and_that_is_told(tmp_path: Path) -> None:
    for name in ("Caf\u00e9/\u00e9t\u00e9.png", "Cafe\u0301/hiver.png"):
        write(tmp_path / name, png(1))
    path = write(tmp_path / "b.csv", "path,label\nCafe\u0301/e\u0301te\u0301.png,pear\nCaf\u00e9/hiver,pear\n")
    source = Source(str(path))
    images = source.images(source.table(image_settings()), image_settings())
    assert images.images == [png(1), png(1)]
    (note,) = images.notes
    assert note.startswith(
        "b.csv: 2 paths are written in another Unicode form than the names of the files, which are taken"
    )
    assert note.endswith("such as Caf\u00e9/\u00e9t\u00e9.png")


def test_a_name_in_other_letter_case_is_no_file_but_a_hint(tmp_path: Path) -> None:
    write(tmp_path / "Pool" / "IMG_1.JPG", png(1))
    path = write(tmp_path / "b.csv", "path,label\npool/img_1.jpg,pear\n")
    hint = r"'pool/img_1.jpg' is not there; .*\. There is 'Pool/IMG_1.JPG': write the name as the file's, letter for letter"
    with pytest.raises(DataError, match=hint):
        take(path, image_settings(), FRUIT)


def test_a_missing_source_and_a_folder_for_texts_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lost.csv is missing"):
        take(tmp_path / "lost.csv", settings())
    with pytest.raises(DataError, match=r"is a folder, but this problem's rows are text"):
        take(tmp_path, settings())


def test_sources_are_found_in_folders_by_globs_and_at_urls(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.csv", "x")
    write(tmp_path / "in" / "may" / "apple" / "1.png", png())
    write(tmp_path / "in" / "notes.txt", "x")
    write(tmp_path / "in" / ".hidden.csv", "x")
    write(tmp_path / "in" / "~$a.csv", b"lock")
    assert discover("in", tmp_path) == ["in/a.csv", "in/may"]
    assert discover("in/*.csv", tmp_path) == ["in/a.csv"]
    assert discover("nowhere", tmp_path) == []
    with fsspec.open("memory://bucket/b.csv", "wb") as file:
        file.write(b"id,text,label\n1,hello,ham\n")
    assert discover("memory://bucket", tmp_path) == ["memory:///bucket/b.csv"]
    assert Source("memory:///bucket/b.csv").table(settings()).columns["text"] == ["hello"]


def test_files_that_are_no_images_are_left_out_and_told(tmp_path: Path) -> None:
    write(tmp_path / "set/apple/a.png", png())
    write(tmp_path / "set/apple/a.xml", "<box/>")
    write(tmp_path / "set/README.md", "about these")
    batch = take(tmp_path / "set", image_settings(gold="folder"), FRUIT)
    assert batch.raw.height == 1
    assert batch.notes[0] == "set: 2 files are no images and left out (README.md, apple/a.xml)"


def test_damaged_and_missing_images_are_set_aside_where_that_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "a.png", png(1))
    write(tmp_path / "b.png", png(2, size=(40, 40))[:60])
    path = write(tmp_path / "list.csv", "path,label\na.png,apple\nb.png,pear\nc.png,pear\n")
    chosen = image_settings(bad_rows="quarantine", max_bad_rows=0.7)
    batch = take(path, chosen, FRUIT)
    assert batch.raw.height == 1
    assert batch.bad["number"].to_list() == [3, 4]
    assert "is damaged" in batch.bad["reason"][0]
    assert "is not there" in batch.bad["reason"][1]


def test_paths_with_backslashes_are_paths(tmp_path: Path) -> None:
    write(tmp_path / "shots/a.png", png(1))
    path = write(tmp_path / "list.csv", "path,label\nshots\\a.png,apple\n")
    assert take(path, image_settings(), FRUIT).raw.height == 1


def test_images_of_a_folder_that_have_the_names_of_earlier_ones_are_named_by_them(tmp_path: Path) -> None:
    for number, folder in enumerate(("may", "june")):
        for name in ("IMG_0001", "IMG_0002"):
            write(
                tmp_path / folder / "apple" / f"{name}.png",
                png(10 * number + len(name)) if folder == "may" else b"no image",
            )
    chosen = image_settings(key="path", gold="folder")
    write(tmp_path / "may/apple/IMG_0002.png", png(5))
    first = take(tmp_path / "may", chosen, FRUIT)
    with pytest.raises(
        DataError, match=r"2 keys came with other content, files apple/IMG_0001\.png, apple/IMG_0002\.png$"
    ):
        take(tmp_path / "june", chosen, FRUIT, before=[first])


def test_keys_that_collide_are_named_before_images_are_decoded(tmp_path: Path) -> None:
    """The image that cannot be decoded comes first, and would be named first."""
    chosen = image_settings(key="id", gold=None)
    for name, shade in (("may", 1), ("june", 2)):
        write(tmp_path / f"{name}0.png", png(shade))
        write(tmp_path / f"{name}.csv", f"id,path\n0,{name}1.png\n1,{name}0.png\n")
        write(tmp_path / f"{name}1.png", png(shade + 10) if name == "may" else b"no image")
    first = take(tmp_path / "may.csv", chosen, FRUIT)
    with pytest.raises(DataError, match="2 keys came with other content, lines 2, 3"):
        take(tmp_path / "june.csv", chosen, FRUIT, before=[first])
    own = image_settings(key=["source", "id"], gold=None)
    write(tmp_path / "june1.png", png(7))
    batches = [take(tmp_path / "may.csv", own, FRUIT)]
    batches.append(take(tmp_path / "june.csv", own, FRUIT, before=batches))
    assert [key for batch in batches for key in batch.raw["key"]] == ["may/0", "may/1", "june/0", "june/1"]


def test_a_file_whose_name_is_not_unicode_is_named(tmp_path: Path) -> None:
    (tmp_path / "cells/good").mkdir(parents=True)
    try:
        (tmp_path / "cells/good" / os.fsdecode(b"caf\xe9.png")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 alone")
    with pytest.raises(DataError, match=r"cells: the name of the file 'good/caf.*\.png' is not UTF-8: rename it"):
        Source(str(tmp_path / "cells")).table(image_settings())


def data_uri(image: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"


def in_base64(image: bytes) -> str:
    return base64.b64encode(image).decode()


@pytest.mark.parametrize("written", [data_uri, in_base64])
def test_cells_may_be_data_uris_or_base64(tmp_path: Path, written: Callable[[bytes], str]) -> None:
    lines = [f'"{written(png(number))}",pear' for number in range(2)]
    path = write(tmp_path / "b.csv", "path,label\n" + "\n".join(lines) + "\n")
    batch = take(path, image_settings(), FRUIT)
    assert batch.raw["image"].to_list() == [png(0), png(1)]
    assert all(len(key) < 100 for key in batch.raw["key"])


@pytest.mark.parametrize("cut", [slice(0, -3), slice(30)])
def test_a_damaged_data_uri_is_named_in_short_and_can_be_set_aside(tmp_path: Path, cut: slice) -> None:
    damaged = data_uri(png(1) * 100)[cut] + "!"
    path = write(tmp_path / "b.csv", f'path,label\n"{data_uri(png(0))}",pear\n"{damaged}",pear\n')
    with pytest.raises(
        DataError, match=r"b\.csv, line 3: .*'data:image/png;base64,.*'… is a data URI or base64 that is"
    ) as error:
        take(path, image_settings(), FRUIT)
    assert len(str(error.value)) < 300
    batch = take(path, image_settings(bad_rows="quarantine", max_bad_rows=1.0), FRUIT)
    assert batch.raw.height == 1


@pytest.mark.parametrize("named", ["../" + "a" * 5000, "http://x/" + "a" * 5000, "a" * 5000])
def test_names_of_images_are_cut_in_messages(tmp_path: Path, named: str) -> None:
    path = write(tmp_path / "b.csv", f"path,label\n{named},pear\n")
    with pytest.raises(DataError) as error:
        take(path, image_settings(), FRUIT)
    assert len(str(error.value)) < 1000


def test_a_path_that_is_no_path_is_shown_in_part(tmp_path: Path) -> None:
    path = write(tmp_path / "b.csv", f"path,label\n{'A' * 5000},pear\n")
    with pytest.raises(DataError, match=r"b\.csv, line 2: .*image 'A+'… is not there") as error:
        take(path, image_settings(), FRUIT)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("lost", "is a link to nowhere.png, which is not there"),
        ("loop", r"is a link to loop.png, which cannot be followed \(.+\)"),
        ("pipe", "is a pipe, a socket or a device, and no file"),
        ("folder", "is a folder"),
    ],
)
def test_what_is_no_file_in_a_folder_of_images_is_named_for_what_it_is(tmp_path: Path, name: str, told: str) -> None:
    pears = tmp_path / "may/pear"
    write(pears / "a.png", png(1))
    (tmp_path / "far").mkdir()
    targets = {"lost": "nowhere.png", "loop": "loop.png", "folder": "../../far"}
    if name in targets:
        (pears / f"{name}.png").symlink_to(targets[name])
    else:
        os.mkfifo(pears / f"{name}.png")
    with pytest.raises(DataError, match=rf"image 'pear/{name}.png' {told}: put the image itself in its place"):
        take(tmp_path / "may", image_settings(), FRUIT)


def test_folders_of_classes_may_be_links_and_one_without_images_is_told(tmp_path: Path) -> None:
    for kind, number in (("pear", 1), ("apple", 2)):
        write(tmp_path / "far" / kind / "a.png", png(number))
    (tmp_path / "may" / "quince" / "old").mkdir(parents=True)
    for kind in ("pear", "apple"):
        (tmp_path / "may" / kind).symlink_to(tmp_path / "far" / kind)
    (tmp_path / "far" / "pear" / "again").symlink_to(tmp_path / "may")  # and back to where it came from
    batch = take(tmp_path / "may", image_settings(key="path"), FRUIT)
    assert batch.raw["key"].to_list() == ["apple/a.png", "pear/a.png"]
    assert batch.notes == ("may: no image is in the folder quince, which makes no class",)


@pytest.mark.parametrize("folder", ["@eaDir", "__MACOSX", "#recycle", "$RECYCLE.BIN", "pear/@eaDir/a.png"])
def test_folders_that_systems_make_are_no_classes_and_hold_no_rows(tmp_path: Path, folder: str) -> None:
    write(tmp_path / "may/pear/a.png", png(1))
    write(tmp_path / "may/apple/a.png", png(2))
    write(tmp_path / "may" / folder / "thumb.png", png(3))
    batch = take(tmp_path / "may", image_settings(key="path"), FRUIT)
    assert batch.raw["key"].to_list() == ["apple/a.png", "pear/a.png"]
    name = folder.removeprefix("pear/").partition("/")[0]
    assert batch.notes == (f"may: 1 file is in folders that systems make ({name}) and left out",)


def test_damaged_images_are_refused_with_the_way_to_set_them_aside(tmp_path: Path) -> None:
    write(tmp_path / "may/pear/a.png", png(1))
    write(tmp_path / "may/pear/b.png", png(2)[:45])
    with pytest.raises(DataError, match=r"pear/b\.png .* or set such rows aside with --bad-rows quarantine"):
        take(tmp_path / "may", image_settings(), FRUIT)
    batch = take(tmp_path / "may", image_settings(bad_rows="quarantine", max_bad_rows=0.5), FRUIT)
    assert "set such rows aside" not in batch.bad["reason"][0]


def test_a_later_table_may_bring_labels_of_images_that_an_earlier_one_had(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / "pool" / f"{number}.png", png(number))
    chosen = image_settings(key=["source", "path"])
    lines = [f"pool/{number}.png,{'pear' if number == 0 else ''}" for number in range(4)]
    first = take(write(tmp_path / "may.csv", "path,label\n" + "\n".join(lines) + "\n"), chosen, FRUIT)
    later = write(tmp_path / "june.csv", "path,label\npool/0.png,apple\npool/1.png,pear\npool/2.png,\n")
    batch = take(later, chosen, FRUIT, before=[first])
    assert not batch.has_rows
    key = dict(first.raw.select("row_id", "key").iter_rows())
    told = {key[row]: (label, own) for row, label, _, own in batch.late.iter_rows()}
    assert told == {"may/pool/0.png": (0, 1), "may/pool/1.png": (1, -1)}
    assert batch.late["same_key"].all()  # the image's own path: its label may change
