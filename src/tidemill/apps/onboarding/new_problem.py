"""A new problem that runs, from a file or folder of data: its configuration, first batch and first functions."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import fsspec
import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from tidemill.apps.onboarding.class_labels import class_sizes, find_classes
from tidemill.apps.onboarding.metadata_kinds import metadata_kinds
from tidemill.apps.onboarding.problem_files import all_or_nothing, check_name, with_artifact, with_problem
from tidemill.apps.onboarding.prototype_functions import FILE as EXAMPLES
from tidemill.apps.onboarding.starter_functions import ARBITRARY, StarterFunctions, starter_functions
from tidemill.common.class_names import plain_words, shown
from tidemill.common.edited_yaml import load_yaml
from tidemill.common.files import atomic_write
from tidemill.common.spelling import counted
from tidemill.contracts import ConfigError, DataError, Problem, TidemillError
from tidemill.ingest.batch import Batch, build_batch, empty_seen
from tidemill.ingest.image_paths import IMAGE_SUFFIXES, ImagePaths
from tidemill.ingest.row_errors import RowErrors
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source, fetch_beside, files_below
from tidemill.ingest.splits import describe_labels
from tidemill.ingest.values import NO_LABEL, is_missing
from tidemill.project.arrivals import batch_name
from tidemill.project.compose import compose_all, option_file, start_history
from tidemill.project.config import load_params, parse
from tidemill.project.layout import CONF, Paths
from tidemill.project.packages import INCOMING
from tidemill.project.project import Project
from tidemill.project.unfinished_problems import clear_unfinished_problems
from tidemill.readers.cell_text import as_string
from tidemill.readers.number_spellings import notes_on_numbers
from tidemill.readers.options import DEFAULTS, ReadOptions
from tidemill.readers.other_tools import notes_on_splits, notes_on_status
from tidemill.readers.piped import is_piped, piped_as_file
from tidemill.readers.read import report_reading
from tidemill.readers.table import Table, nearest
from tidemill.reports.project import Arrival, ChampionPin, Manifest

_FEW_ROWS: Final = 30
"""Rows below which a new problem is told that it needs more."""
_SPLIT_FOLDER: Final = re.compile(
    r"(images? )?(train|training|val|valid|validation|dev|test|testing|holdout)( ?(images?|imgs?|pictures|set|data|split))?"
)
"""A folder of a split, its name folded and without signs."""
_NOT_CLASSES: Final = frozenset(
    {
        "mask",
        "masks",
        "annotation",
        "annotations",
        "labels",
        "segmentation",
        "ground truth",
        "ground_truth",
        "groundtruth",
        "gt",
    }
    | {"thumbnail", "thumbnails", "thumb", "thumbs", "preview", "previews", "heatmaps", "depth"}
    | {"review", "pending", "inbox"}
)
"""Names of folders that hold other images of the same rows, or images that nobody has labeled yet."""
_SET_ASIDE: Final = frozenset(
    {
        "rejected",
        "rejects",
        "discarded",
        "deleted",
        "removed",
        "excluded",
        "ignored",
        "trash",
        "duplicate",
        "duplicates",
        "ambiguous",
        "original",
        "originals",
        "backup",
        "backups",
        "corrupt",
        "corrupted",
        "broken",
        "old",
        "archive",
        "archived",
        "tmp",
        "temp",
    }
)
"""Names of folders of images that somebody has put away; as labels in a column they are classes."""
_SEVERAL: Final = 2
"""Other folders beside which such a one is asked about: of two folders, as accepted and rejected, both are classes."""
_MASK: Final = re.compile(
    r"[ ._-](masks?|segmentation|seg|annotations?|gt|ground_?truth|labels?|depth|thumb|thumbnail|preview)$",
    re.IGNORECASE,
)
_DEEP: Final = 2
_NUMBERED: Final = re.compile(r"[\s_-]*\d+$")
"""Parts of the path of an image in a folder."""
_EMBED: Final = {"text": "minilm", "image": "efficientnet_lite0"}
_CONFIG: Final = """\
# {name}: made by `tidemill new`. All of it is yours to change; `tidemill defaults` lists what may stand here.
defaults:
  - /ingest@ingest: table
  - /embed@embed: {embed}
  - /label@label: default
  - /denoise@denoise: auto
  - /search@search: default
  - /train@train: auto  # the recipe that errs least on this problem; head is one recipe and the quickest
  - /evaluate@evaluate: default
  - /monitor@monitor: default
  - _self_

problem:
  name: {name}
  modality: {modality}
  classes: {classes}
ingest:
  incoming: {incoming}  # put further files there: each is a batch, taken in by `tidemill arrive {name}`
  key: {key}{about_key}
  {modality}: {content}
  gold: {gold}
{reading}  meta: {meta}{others}
{split}"""
_BY_LABELS: Final = """\
  split: {by: labels}  # rows with labels are divided by how many there are, as docs/data.md shows; hash: every row by its hash
denoise:
  use_gold: true  # labels of dev tell how often each function is right; false: the votes alone do
train:
  gold: {use: auto}  # labels by people, by functions or both teach: what errs less on labels held out; true or false decides it
"""
_FEW_LABELS: Final = """\
  split: {{train: 0.0, dev: 0.8, valid: 0.0, test: 0.2, seed: 7}}  # few labels: nearly all are trained on, a person promotes
denoise:
  use_gold: true  # labels of dev tell how often each function is right
train:
  gold: {{use: true}}  # few labels: the model is trained on each. With {enough} or more of each class delete this and the split above
"""
_KEY: Final = "  # the same name in another file is another row; a column alone: it is the same row"
_NO_KEY: Final = (
    "  # rows are named by row_id alone; with [source, COLUMN] by the ids of a column, in `tidemill gold add` too"
)
_FURTHER: Final = ("encoding", "delimiter", "header", "bad_rows", "class_folder", "image_folder", "near_duplicates")
"""Settings of ingest that are written where they are not as they are by default."""
_ID_COLUMNS: Final = ("id", "key", "uuid")
_NUMBER_COLUMNS: Final = ("uid", "guid", "nr", "no", "number")
_ENDS_IN_ID: Final = re.compile(r"[_\W](id|ID|nr|NR|no|NO|uuid|key)$|[a-z](Id|ID|Nr|No)$")
_ENOUGH: Final = 15  # labels of each class, from which on the usual split leaves enough of them to every use
_TAIL: Final = 0.1
"""Share of the classes below which those with few labels are a tail of rare ones, which the others outweigh."""


@dataclass(frozen=True)
class NewProblem:
    """Options of `tidemill new`: the problem's name, where its data is and what its columns mean."""

    name: str
    source: Path | None = None
    text: str | None = None
    label: str | None = None
    images: Path | None = None
    image: str | None = None
    classes: str | Sequence[str] | None = None
    meta: Sequence[str] = ()
    ignore_splits: bool = False
    fetch: bool = False
    reading: ReadOptions = DEFAULTS


@dataclass(frozen=True)
class CreatedProblem:
    """The new problem, and the lines that describe it."""

    rows: int
    classes: tuple[str, ...]
    lines: list[str]


@dataclass(frozen=True)
class _Plan:
    """What was found in the data, before anything is written."""

    paths: Paths
    source: Path
    problem: Problem
    ingest: dict[str, Any]
    others: tuple[str, ...]
    class_sizes: Mapping[str, int]  # labels of each class
    notes: tuple[str, ...] = ()  # what was guessed

    @property
    def few(self) -> bool:
        """Whether there are labels, and few of more than a tail of rare classes."""
        sizes = self.class_sizes.values()
        return min(sizes) > 0 and len(self.rare) >= _TAIL * len(sizes) > 0

    @property
    def rare(self) -> list[str]:
        """Classes of few labels, those of the fewest first."""
        few = [name for name, size in self.class_sizes.items() if 0 < size < _ENOUGH]
        return sorted(few, key=lambda name: self.class_sizes[name])


@dataclass(frozen=True)
class PreparedProblem:
    """What a new problem would be, before anything is written."""

    plan: _Plan
    settings: IngestSettings
    batch: Batch

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.plan.problem.classes

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed, and what is set aside."""
        others = [note for note in self.batch.notes if NO_LABEL not in note]  # the plan says so with the remedy
        found = dict.fromkeys((*self.plan.notes, *others))
        aside = self.batch.set_aside
        return tuple(found) if aside is None else (*found, aside)

    @property
    def caution(self) -> str | None:
        """What few labels mean for the problem; None where there are enough, or none."""
        return _caution(self.plan) if self.plan.rare else None


def create_problem(wanted: NewProblem, project: Project) -> CreatedProblem:
    """Make a problem that runs.

    The data is read by the ordinary reader first, so nothing is written where a row cannot be taken.

    Parameters
    ----------
    wanted
        The problem's name and data.
    project
        The project that gets it.

    Returns
    -------
    CreatedProblem
        Number of rows and names of classes.

    Raises
    ------
    ConfigError
        The name cannot be used, or a required option is missing.
    DataError
        The data cannot be read, or its labels make no problem.
    """
    if wanted.source is not None and is_piped(wanted.source):
        return _of_pipe(wanted, wanted.source, project)
    root = project.root
    prepared = prepare_problem(wanted, project)
    plan, settings, batch = prepared.plan, prepared.settings, prepared.batch
    backbone = _Backbone(project)
    functions = starter_functions(wanted.name, plan.problem.classes, batch.raw, batch.dev, backbone.features)
    with all_or_nothing(plan.paths, plan.source, project):
        source = _bring(plan, settings, project)
        sha256 = Source(str(root / source)).fingerprint(settings)
        entry = Arrival(batch=batch.name, source=source, sha256=sha256)
        _write(plan, functions, entry, project)
    notes = [f"note: {note}" for note in (*prepared.notes, *backbone.notes, *_few_rows(batch.raw.height))]
    lines = [*notes, *_summary_line(plan, batch, functions.yaml).splitlines()]
    return CreatedProblem(batch.raw.height, plan.problem.classes, lines)


def _of_pipe(wanted: NewProblem, source: Path, project: Project) -> CreatedProblem:
    """Keep what comes through a pipe as the problem's first file."""
    report_reading(clear_unfinished_problems(project))
    check_name(wanted.name, project.root)
    if wanted.image is not None or wanted.images is not None:
        raise ConfigError(
            f"--from {source} is a pipe, beside which no images lie: save its rows in a file first, and say --from that"
        )
    with piped_as_file(source, wanted.name, project.state) as file:
        made = create_problem(replace(wanted, source=file), project)
        kept = (INCOMING / wanted.name / file.name).as_posix()
    return replace(made, lines=[f"note: what came through the pipe is kept in {kept}", *made.lines])


def _few_rows(count: int) -> list[str]:
    if count >= _FEW_ROWS:
        return []
    return [f"{count} different rows are too few to train a model and to judge it by: add more with `tidemill arrive`"]


def prepare_problem(wanted: NewProblem, project: Project) -> PreparedProblem:
    """Read the data of a new problem and find out what it would be, without writing anything but images that are to be fetched.

    Parameters
    ----------
    wanted
        The problem's name and data.
    project
        The project that gets it.

    Returns
    -------
    PreparedProblem

    Raises
    ------
    ConfigError
        The name cannot be used, or a required option is missing.
    DataError
        The data cannot be read, or its labels make no problem.
    """
    root = project.root
    report_reading(clear_unfinished_problems(project))
    check_name(wanted.name, root)
    most_bad = _defaults(root).get("max_bad_rows", IngestSettings.model_fields["max_bad_rows"].default)
    plan = _plan(_with_fetched(wanted, root) if wanted.fetch else wanted, most_bad)
    settings = _settings(plan, root)
    source = Source(str(plan.source))
    batch = build_batch(batch_name(plan.source.name), source, plan.problem, settings, before=empty_seen(settings))
    return PreparedProblem(plan, settings, batch)


class _Backbone:
    """The backbone that a new problem of images has; what stands in its way is a note, for other functions do without."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.notes: list[str] = []

    def features(self, rows: pl.DataFrame) -> npt.NDArray[np.float32] | None:
        """Compute features of images; None where the backbone cannot be had."""
        from tidemill.embed.settings import EmbedSettings

        file = option_file("embed", _EMBED["image"], self.project.root / CONF)
        settings = EmbedSettings.model_validate(load_yaml(file.read_text(encoding="utf-8"))[1])
        try:
            from tidemill.embed.embedder import Embedder

            return Embedder(settings, "image", root=self.project.root).features(rows, name="labeled images")
        except (ImportError, TidemillError) as error:
            self.notes.append(f"no function could be made of the images' features: {error}")
            return None


def _with_fetched(wanted: NewProblem, root: Path) -> NewProblem:
    """Copy a table that names images by URLs into the project, and fetch them beside it.

    Raises
    ------
    ConfigError
        There is no such table.
    DataError
        An image cannot be fetched, and rows are not set aside.
    """
    if wanted.source is None or wanted.image is None or wanted.images is not None:
        raise ConfigError("--fetch is for a table that names images by URLs: --from FILE --image COLUMN")
    source = wanted.source.resolve()
    if not source.is_relative_to(root):
        target = root / INCOMING / wanted.name / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(target) as part:
            shutil.copyfile(source, part)
        source = target
    settings = _reading({"image": wanted.image} | stated(wanted.reading))
    fetch_beside(Source(str(source)), settings)
    return replace(wanted, source=source)


def _plan(wanted: NewProblem, most_bad: float) -> _Plan:
    if wanted.source is None and wanted.images is None:
        raise ConfigError("say where the data is: --from FILE, or --images FOLDER")
    if wanted.source is not None and wanted.images is not None and wanted.image is None:
        raise ConfigError(
            "--from and --images: say which column of the file names the images of the folder, --image COLUMN"
        )
    source = (wanted.source or wanted.images or Path()).resolve()
    if not source.exists():
        raise DataError(f"{source} is not there")
    if source.is_dir() != (wanted.source is None):
        remedy = (
            "folder: use --images where it holds images, or name one of its files"
            if source.is_dir()
            else "file: use --from for it"
        )
        raise ConfigError(f"{source} is a {remedy}")
    return (_plan_folder if wanted.source is None else _plan_table)(wanted, source, most_bad)


def _plan_table(wanted: NewProblem, source: Path, most_bad: float) -> _Plan:
    """Of a file of rows: texts, or paths or bytes of images."""
    if wanted.text is not None and wanted.image is not None:
        raise ConfigError("--text and --image: a problem's rows are one or the other")
    modality: Literal["text", "image"] = "text" if wanted.image is None else "image"
    table = Source(str(source)).table(_reading({modality: wanted.image or modality} | stated(wanted.reading)))
    RowErrors(table).refuse_many(most_bad)  # before what the rest of the rows seems to hold
    content = wanted.text or wanted.image
    if content is None:
        raise ConfigError(
            f"say which column holds the text: --text COLUMN (or --image COLUMN: its path); "
            f"{source.name} has {', '.join(table.columns)}{table.guessed}"
        )
    _refuse_columns(table, source.name, {f"--{modality}": content, "--label": wanted.label})
    if content == wanted.label:
        raise ConfigError(f"--{modality} and --label: column {content!r} cannot be both; the label would be in the row")
    labels = [] if wanted.label is None else table.column(wanted.label, "--label")
    classes, notes = find_classes(wanted.classes, labels, f"column {wanted.label!r}")
    if modality == "text" and _are_image_paths(table.column(content, "--text")):
        notes.append(
            f"{source.name}: column {content!r} holds paths of images; with --image {content} the rows are the images"
        )
    key, about_key = _key(table, (content, wanted.label, *wanted.meta))
    notes += about_key
    ingest: dict[str, Any] = {"key": None if key is None else ["source", key], modality: content, "gold": wanted.label}
    ingest |= stated(wanted.reading)
    if modality == "image":
        notes += [*_about_masks(table, content), *_about_unnamed(table, content, wanted.images or source.parent)]
        # a folder of images beside the table is no batch of its own
        ingest["incoming"] = (INCOMING / wanted.name / f"*{source.suffix}").as_posix()
        if key is None and _are_unique_paths(table.column(content, "--image")):
            ingest["key"] = ["source", content]  # people name images by their files
        if wanted.images is not None:
            ingest["image_folder"] = os.path.relpath(wanted.images.resolve(), source.parent)
    ingest["meta"] = metadata_kinds(wanted.meta, table, source, _reading(ingest))
    notes += notes_on_numbers(table, ingest["meta"])
    notes += [] if wanted.label is None else notes_on_status(table)
    notes += notes_on_splits(table, but=(content, wanted.label, *wanted.meta))
    others = _others(table, ingest)
    problem = Problem(name=wanted.name, modality=modality, classes=classes)
    sizes = class_sizes(labels, classes)
    return _Plan(Paths.within(wanted.name), source, problem, ingest, others, sizes, (*table.notes, *notes))


def _refuse_columns(table: Table, source: str, columns: Mapping[str, str | None]) -> None:
    """Refuse columns that are not there, that settings cannot name, or that have formulas without a value."""
    for word, column in columns.items():
        if "${" in (column or ""):
            raise DataError(
                f"{source}: {word} {column!r} holds ${{, by which settings name other settings: rename the column"
            )
        if column is not None and not table.has(column):
            raise DataError(
                f"{source}: {word} {column!r} is no column{nearest(column, table.names(column.partition('.')[0]))}{table.guessed}"
            )
        if column is not None:
            table.refuse_unread(column)


def _others(table: Table, ingest: dict[str, Any]) -> tuple[str, ...]:
    """Columns that may be metadata and are not yet."""
    key, image = ingest["key"], ingest.get("image")
    taken = {key[1] if key else None, image, ingest.get("text"), ingest["gold"], *ingest["meta"]}
    more = ("file_name", "file_folder", "exif_model") if image else ()
    return tuple(name for name in dict.fromkeys([*table.columns, *more]) if name not in taken)


def _are_unique_paths(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) and value.strip() for value in values) and len(set(values)) == len(values)


def _are_image_paths(values: Sequence[Any]) -> bool:
    known = [value for value in values if not is_missing(value)]
    return bool(known) and all(isinstance(value, str) and value.lower().endswith(IMAGE_SUFFIXES) for value in known)


def _plan_folder(wanted: NewProblem, source: Path, most_bad: float) -> _Plan:
    """Of a folder of images, whose subfolders are classes."""
    if wanted.text or wanted.image:
        raise ConfigError("--images takes a folder of images: leave out --text and --image")
    gold = wanted.label or "folder"
    ingest: dict[str, Any] = {"key": ["source", "path"], "image": "path", "gold": gold} | stated(wanted.reading)
    if wanted.ignore_splits:
        ingest["class_folder"] = "last"
    table = Source(str(source)).table(_reading(ingest))
    RowErrors(table).refuse_many(most_bad)
    folders = table.columns[gold]
    if wanted.label and not Source(str(source)).table(_reading(ingest | {"gold": None})).has(wanted.label):
        raise ConfigError(
            "--images takes its labels from the folder's subfolders: leave out --label, or put a metadata.csv with the columns "
            f"file_name and {wanted.label} into it"
        )
    if not wanted.classes and not wanted.label:
        if not wanted.ignore_splits:
            _refuse_splits(table)
        _refuse_odd_folders(table)
    if not wanted.classes and all(map(is_missing, folders)):
        raise ConfigError(
            f"{source.name}: no image lies in a subfolder that names its class: say --from FILE --image COLUMN --label COLUMN for a "
            "table beside them that names images and labels, or name the classes of images without labels, --classes good,bad"
        )
    where = f"column {gold!r} of its metadata" if wanted.label else "names of subfolders"
    classes, notes = find_classes(wanted.classes, folders, where)
    notes += [] if wanted.label or wanted.ignore_splits else _about_nested(table)
    ingest["meta"] = metadata_kinds(wanted.meta, table, source, _reading(ingest))
    problem = Problem(name=wanted.name, modality="image", classes=classes)
    return _Plan(
        Paths.within(wanted.name),
        source,
        problem,
        ingest,
        _others(table, ingest),
        class_sizes(folders, classes),
        (*table.notes, *notes, *_about_masks(table, "path")),
    )


_LONGEST: Final = 1000
"""Characters of a path; images themselves, as base64 has them, are longer."""


def _about_unnamed(table: Table, column: str, folder: Path) -> list[str]:
    """A note where images lie beside those that the table names and are in none of its lines."""
    paths = [
        folder / path.replace("\\", "/")
        for path in table.column(column, "--image")
        if isinstance(path, str) and len(path) < _LONGEST and "://" not in path
    ]
    known = {unicodedata.normalize("NFC", name) for path in paths for name in (path.name, path.stem)}
    notes = []
    for place in sorted({path.parent for path in paths}):
        files = (
            sorted(file for file in place.glob("*") if file.suffix.lower() in IMAGE_SUFFIXES) if place.is_dir() else []
        )
        others = [
            file
            for file in files
            if not {unicodedata.normalize("NFC", name) for name in (file.name, file.stem)} & known
        ]
        if others and len(others) < len(files):
            notes.append(
                f"{table.name}: {len(others)} of {len(files)} images in {place} stand in no line, such as {others[0].name}, and are no rows: add a line for "
                "each, without a label where there is none"
            )
    return notes


def _about_masks(table: Table, column: str) -> list[str]:
    """A note where images are named as others are with a word for a mask behind, or lie in a folder of masks or thumbnails of a class."""
    paths = [Path(path) for path in table.column(column, "--image") if isinstance(path, str)]
    known = {path.with_suffix("") for path in paths}
    named = [path for path in paths if _is_mask_of(path.with_suffix(""), known)]
    inside = [path for path in paths if any(part.lower() in _NOT_CLASSES for part in path.parts[1:-1])]
    told = (
        (
            named,
            (
                "image is named as another is, with a word for a mask",
                "images are named as others are, with a word for a mask",
            ),
        ),
        (inside, ("image lies in a folder of masks or thumbnails", "images lie in folders of masks or thumbnails")),
    )
    return [
        (
            f"{table.name}: {counted(len(found), *words)}, such as {found[0].as_posix()}: each is a row of its own, which may be tested "
            "on what another taught; move them out of the folder"
        )
        for found, words in told
        if found
    ]


def _is_mask_of(stem: Path, known: set[Path]) -> bool:
    name = _MASK.sub("", stem.name)
    return name != stem.name and stem.with_name(name) in known


def _refuse_splits(table: Table) -> None:
    """Ask about folders that are named as splits are, or have the same folders below them."""
    parts = [Path(path).parts for path in table.columns["path"]]
    tops = {part[0] for part in parts if len(part) > 1}
    below = sorted({part[1] for part in parts if len(part) > _DEEP})
    if len(tops) == 1 and len(below) > 1 and all(len(part) > 1 for part in parts):
        (top,) = tops
        raise DataError(
            f"{table.name}: all its images lie in the folder {top}, which holds {', '.join(below[:_DEEP])}{', …' if len(below) > _DEEP else ''}: "
            f"give --images that inner folder ({table.name}/{top}), or say --ignore-splits"
        )
    are_named = bool(tops) and all(map(_is_split, tops)) and bool(below)
    if are_named or _hold_the_same(parts, tops):
        what = "splits" if are_named else "splits or sites"
        raise DataError(
            f"{table.name}: are its folders {', '.join(sorted(tops))} {what}, with the classes below them? Say --ignore-splits to take "
            f"the folders below as classes and all rows as one, or --classes {','.join(sorted(tops))} if they are classes"
        )


def _about_nested(table: Table) -> list[str]:
    """A note where folders lie within those of the classes."""
    nested = sorted(
        {Path(*part[:2]).as_posix() for path in table.columns["path"] if len(part := Path(path).parts) > _DEEP}
    )
    if not nested:
        return []
    folders = counted(len(nested), "folder lies", "folders lie")
    return [
        (
            f"{table.name}: {folders} within others, such as {nested[0]}, and their images are of the class of the outer one "
            "(--ignore-splits makes the inner ones classes)"
        )
    ]


def _is_split(folder: str) -> bool:
    return _SPLIT_FOLDER.fullmatch(plain_words(folder)) is not None


def _hold_the_same(parts: Sequence[tuple[str, ...]], tops: set[str]) -> bool:
    """Whether the same folders, at least two, are below all, as of sites, cameras and folds with classes below."""
    deep = [part for part in parts if len(part) > _DEEP]
    if len(tops) == 1 or len(deep) * 2 < len(parts):
        return False
    below = [{part[1] for part in deep if part[0] == top} for top in tops]
    return len({_NUMBERED.sub("", name) for name in set.intersection(*below)}) > 1


def _refuse_odd_folders(table: Table) -> None:
    """Ask about folders beside those of classes that are named as splits, masks, work to be done or images put away are."""
    folders = sorted({folder for folder in table.columns["folder"] if folder is not None})
    named = shlex.quote(",".join(folders))
    odd = [folder for folder in folders if _is_split(folder) or plain_words(folder) in _NOT_CLASSES]
    if odd and not all(map(_is_split, folders)):
        raise DataError(
            f"{table.name}: {', '.join(odd)} beside {', '.join(folder for folder in folders if folder not in odd) or 'no others'}: "
            "are its images of a split, masks, or images without a label? Move them out of the folder, or say --ignore-splits where folders of the "
            f"classes are below; --classes {named} if they are classes"
        )
    aside = [folder for folder in folders if plain_words(folder) in _SET_ASIDE]
    others = [folder for folder in folders if folder not in aside]
    if aside and len(others) >= _SEVERAL:
        asked = "is {} a class, or does it hold" if len(aside) == 1 else "are {} classes, or do they hold"
        raise DataError(
            f"{table.name}: beside {', '.join(others)}, {asked.format(', '.join(aside))} images that somebody has put away? Move them out of the "
            f"folder; --classes {named} if all are classes"
        )


def stated(reading: ReadOptions) -> dict[str, str | bool | None]:
    """List what the user stated of files, for the problem's configuration.

    Parameters
    ----------
    reading
        Options of the command line.

    Returns
    -------
    dict of str to str or bool
        Those that are not as usual.
    """
    given = {name: getattr(reading, name) for name in ("encoding", "delimiter", "header", "bad_rows")}
    return {name: value for name, value in given.items() if value != getattr(DEFAULTS, name)}


def _key(table: Table, taken: Sequence[str | None]) -> tuple[str | None, list[str]]:
    """A column of unique ids, by which labels that come later name rows; and a note where one of a usual name cannot name them."""
    notes = []
    candidates = [name for name in table.columns if name not in taken and _is_named_as_ids(name)]
    for name in sorted(candidates, key=lambda name: name.lower() not in _ID_COLUMNS):
        if any(isinstance(value, (dict, list)) for value in table.columns[name]):
            notes.append(
                f"{table.name}: column {name!r} holds objects, and so does not name the rows; their content does"
            )
            continue
        names = [None if is_missing(value) else as_string(value) for value in table.columns[name]]
        problem = _why_no_key(names)
        if names and problem is None:
            return name, []
        if problem is not None and any(names) and name.lower() in _ID_COLUMNS:
            row, what = problem
            notes.append(
                f"{table.where(row)}: column {name!r} {what}, and so does not name the rows; their content does"
            )
    return None, notes[:1]


def _why_no_key(names: Sequence[str | None]) -> tuple[int, str] | None:
    """The first row without a name of its own, and what its cell is."""
    if None in names:
        return names.index(None), "is empty"
    first = {item: row for row, item in reversed([*enumerate(names)])}
    row = next((row for row, item in enumerate(names) if first[item] != row), None)
    return None if row is None else (row, f"has {names[row]!r} a second time")


def _is_named_as_ids(name: str) -> bool:
    return name.lower() in (*_ID_COLUMNS, *_NUMBER_COLUMNS) or (name != "row_id" and bool(_ENDS_IN_ID.search(name)))


def _reading(ingest: dict[str, Any]) -> IngestSettings:
    """Settings enough to read a table, before the problem's own are known."""
    split = {"train": 1, "dev": 0, "valid": 0, "test": 0, "seed": 0}
    nothing = {"key": None, "text": None, "image": None, "gold": None, "encoding": None, "near_duplicates": "keep"}
    some = {"incoming": "", "batch_order": (), "meta": {}, "slices": (), "max_pixels": 1, "split": split}
    return IngestSettings.model_validate(nothing | some | ingest)


def _defaults(root: Path) -> dict[str, Any]:
    """Settings of ingest that a new problem starts with."""
    defaults: dict[str, Any] = yaml.safe_load(option_file("ingest", "table", root / CONF).read_text(encoding="utf-8"))
    return defaults


def _settings(plan: _Plan, root: Path) -> IngestSettings:
    defaults = _defaults(root)
    own = {"incoming": (INCOMING / plan.paths.name).as_posix()} | plan.ingest
    few = _FEW_LABELS.format(enough=_ENOUGH).splitlines()[0] if plan.few else _BY_LABELS.splitlines()[0]
    own["split"] = defaults["split"] | yaml.safe_load(few)["split"]
    return parse(IngestSettings, defaults | own, f"{plan.paths.name}.ingest")


def _bring(plan: _Plan, settings: IngestSettings, project: Project) -> str:
    """What is outside of the project, or in its local state, is copied to the problem's incoming folder."""
    source, root = plan.source, project.root
    if source.is_relative_to(root) and not source.is_relative_to(project.state):
        return source.relative_to(root).as_posix()
    target = root / INCOMING / plan.paths.name / source.name
    if target.exists() and target.samefile(source):  # behind a link in the project
        return target.relative_to(root).as_posix()
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        _copy_folder(source, target)
        return target.relative_to(root).as_posix()
    for path in _images_beside(plan, settings):
        (target.parent / path).parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(target.parent / path) as part:
            shutil.copyfile(source.parent / path, part)
    with atomic_write(target) as part:
        shutil.copyfile(source, part)
    return target.relative_to(root).as_posix()


def _copy_folder(source: Path, target: Path) -> None:
    """Copy the files that are read from a folder, those that links lead to among them, all or none.

    Raises
    ------
    DataError
        A file cannot be read, or the copy cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        for file in files_below(fsspec.filesystem("file"), str(source)):
            copy = part / Path(file).relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy)
        part.replace(target)
    except (OSError, shutil.Error) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise DataError(
            f"{error.filename or source} cannot be copied into the project ({error.strerror or error}): mend it, or take it out of the folder"
        ) from error


def _images_beside(plan: _Plan, settings: IngestSettings) -> list[str]:
    """Paths of the images that a table names, relative to its folder.

    Raises
    ------
    DataError
        One lies outside of that folder, and would not be found in the project.
    """
    if plan.problem.modality == "text":
        return []
    source = Source(str(plan.source))
    paths = ImagePaths(source.files, source.path, settings.image_folder)
    if not Path(paths.folder).is_relative_to(plan.source.parent):
        raise DataError(
            f"the images are in {paths.folder}, outside of {plan.source.parent}: put the file and its images below "
            f"{INCOMING / plan.paths.name} yourself, and say --from that file"
        )
    results = []
    for value in source.table(settings).column(settings.content, "--image"):
        inner = value.get("path") if isinstance(value, dict) and value.get("bytes") is None else value
        if isinstance(inner, str):
            with contextlib.suppress(DataError):  # a row that was set aside
                results.append((Path(paths.folder) / paths.find(inner)).relative_to(plan.source.parent).as_posix())
    return list(dict.fromkeys(results))


def _write(plan: _Plan, functions: StarterFunctions, entry: Arrival, project: Project) -> None:
    """The two lists that make the problem known come last."""
    name, root = plan.paths.name, project.root
    texts = {
        root / CONF / "problem" / f"{name}.yaml": _config(plan),
        root / plan.paths.functions / "functions.yaml": functions.yaml,
        root / CONF / "config.yaml": with_problem((root / CONF / "config.yaml").read_text(encoding="utf-8"), name),
        root / "dvc.yaml": with_artifact((root / "dvc.yaml").read_text(encoding="utf-8"), name),
    }
    if functions.examples:
        texts[root / plan.paths.functions / EXAMPLES] = functions.examples
    Manifest(batches=(entry,)).write(root / plan.paths.manifest)
    ChampionPin(version=None).write(root / plan.paths.champion)
    start_history(project.paths(name))
    for path, text in texts.items():
        with atomic_write(path) as part:
            part.write_text(text, encoding="utf-8")
    if project.params.exists():
        compose_all(project, load_params(project.params).get("overrides", []))


def _config(plan: _Plan) -> str:
    others = f"  # further columns, to be named here with string, int, float or bool: {', '.join(plan.others)}"
    values = {key: json.dumps(value, ensure_ascii=False) for key, value in plan.ingest.items()}
    return _CONFIG.format(
        name=plan.paths.name,
        embed=_EMBED[plan.problem.modality],
        modality=plan.problem.modality,
        classes=json.dumps(plan.problem.classes, ensure_ascii=False),
        content=values[plan.problem.modality],
        incoming=plan.ingest.get("incoming", (INCOMING / plan.paths.name).as_posix()),
        key=values["key"],
        about_key=_NO_KEY if plan.ingest["key"] is None else _KEY,
        gold=values["gold"],
        meta=_flow(plan.ingest["meta"]),
        reading="".join(f"  {key}: {value}\n" for key, value in values.items() if key in _FURTHER),
        others=others.replace("\n", " ") if plan.others else "",
        split=_FEW_LABELS.format(enough=_ENOUGH) if plan.few else _BY_LABELS,
    )


def _flow(value: dict[str, str]) -> str:
    return "{" + ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {kind}" for name, kind in value.items()) + "}"


def _summary_line(plan: _Plan, batch: Batch, functions: str) -> str:
    labels = f"  {describe_labels(batch.labels)}\n" if any(batch.labels.values()) else ""
    name, count = plan.paths.name, functions.count("\n  - ")
    arbitrary = " (nothing could be learned from labels: they are arbitrary)" if ARBITRARY in functions else ""
    return (
        f"{name}: {counted(batch.raw.height, 'row')}, {shown(plan.problem.classes)}, {counted(count, 'labeling function')} to start from\n"
        f"{labels}"
        f"  conf/problem/{name}.yaml                what your columns mean\n"
        f"  src/problems/{name}/functions.yaml      labeling functions: the part that needs you{arbitrary}\n"
        f"{f'caution: {_caution(plan)}{chr(10)}' if plan.rare else ''}"
        f"next: git add -A && git commit -m 'Add {name}', then: tidemill run problem={name}"
    )


def _caution(plan: _Plan) -> str:
    name, least = plan.paths.name, plan.class_sizes[plan.rare[0]]
    if not plan.few:
        count = f"{len(plan.rare)} of {len(plan.class_sizes)} classes"
        return f"{count} have fewer than {_ENOUGH} labels, such as {plan.rare[0]!r} with {least}: their scores are mostly luck; label more of them"
    return (
        f"the rarest class has {counted(least, 'label')}, fewer than {_ENOUGH}: nearly all of them teach, few are left to score "
        f"by, so a person promotes (`tidemill approve {name}`). `tidemill predict {name} FILE --out OUT --version candidate` asks the model all the same; label more"
    )
