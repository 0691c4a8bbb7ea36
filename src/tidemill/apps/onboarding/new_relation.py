"""A relation problem that runs, from a folder of documents and a table of known facts."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import yaml

from tidemill.apps.onboarding.class_labels import find_classes
from tidemill.apps.onboarding.new_problem import CreatedProblem, NewProblem, stated
from tidemill.apps.onboarding.problem_files import all_or_nothing, check_name, with_artifact, with_problem
from tidemill.common.class_names import fold, shown
from tidemill.common.files import atomic_write
from tidemill.common.spelling import counted
from tidemill.contracts import ConfigError, DataError, Problem
from tidemill.ingest.batch import Batch, build_batch, empty_seen
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source, about_hidden, is_hidden
from tidemill.ingest.text_files import is_text_file
from tidemill.ingest.values import is_missing, with_usual_names
from tidemill.project.arrivals import batch_name
from tidemill.project.compose import compose_all, option_file, start_history
from tidemill.project.config import load_params, parse
from tidemill.project.layout import CONF, Paths
from tidemill.project.packages import INCOMING
from tidemill.project.project import Project
from tidemill.project.unfinished_problems import clear_unfinished_problems
from tidemill.readers.cell_text import as_string
from tidemill.readers.options import DEFAULTS, ReadOptions
from tidemill.readers.read import SUFFIXES, read_file, report_reading
from tidemill.readers.table import Table, nearest
from tidemill.reports.project import Arrival, ChampionPin, Manifest

UNRELATED: Final = "unrelated"
FACTS: Final = "facts.csv"
_NAMES: Final = {"subject": "subjects.csv", "object": "objects.csv"}
_FACT: Final = ("subject", "object", "relation")
_RELATION: Final = re.compile(r"[\w-]+")
_TOLD: Final = 3
_CUES, _LEAST, _WORDS = 6, 5, 4
"""Phrases between two names that become functions at most, pairs that have one at least, and its words at most."""
_CONFIG: Final = """\
# {name}: made by `tidemill new`. All of it is yours to change; docs/relations.md says what may stand here.
defaults:
  - /ingest@ingest: documents
  - /embed@embed: minilm
  - /label@label: default
  - /denoise@denoise: auto
  - /search@search: default
  - /train@train: auto  # the recipe that errs least on this problem; head is one recipe and the quickest
  - /evaluate@evaluate: default
  - /monitor@monitor: default
  - /facts@facts: default
  - _self_

problem:
  name: {name}
  modality: text
  classes: {classes}  # the first is of pairs without a relation
ingest:
  incoming: data/incoming/{name}  # put further documents there: a folder of .txt files or a table is a batch, `tidemill arrive {name}` takes it in
  key: [source, {key}]
  text: {text}
  gold: {gold}  # a column of facts that a document states, [["subject", "object"], ...]; null: there is none
{reading}  candidates:
    mentions:  # names that are known; {{pattern: "\\\\b[A-Z]\\\\w+"}}, {{spans: COLUMN}} or {{tagger: "spacy:MODEL"}} find others
      subject: {{names: src/problems/{name}/subjects.csv}}
      object: {{names: src/problems/{name}/objects.csv}}
    pairs: [[subject, object]]
facts:  # what the facts of this problem have to agree on: functional, symmetric, exclusive, rules
  functional: []
"""


@dataclass(frozen=True)
class NewRelation:
    """Options of `tidemill new --documents`: where documents and known facts are, and what their columns mean."""

    name: str
    documents: Path
    knowledge: Path
    text: str | None = None
    label: str | None = None
    reading: ReadOptions = DEFAULTS


@dataclass(frozen=True)
class _Knowledge:
    """Known facts, the classes that they make, and the names in them."""

    facts: list[tuple[str, str, str]]
    classes: tuple[str, ...]
    notes: list[str]

    def names(self, column: int) -> list[str]:
        return sorted({fact[column] for fact in self.facts})


def new_relation(wanted: NewProblem, documents: Path | None, knowledge: Path | None) -> NewRelation | None:
    """Find out whether the options of `tidemill new` ask for a relation problem.

    Parameters
    ----------
    wanted
        The other options.
    documents, knowledge
        Folder of documents and table of known facts.

    Returns
    -------
    NewRelation or None
        None: neither is given.

    Raises
    ------
    ConfigError
        One of them is given without the other, or with an option for problems of rows.
    """
    if documents is None and knowledge is None:
        return None
    if documents is None or knowledge is None:
        raise ConfigError(
            "--documents FOLDER and --knowledge FILE go together: documents, and facts that are known of them"
        )
    given = {"--from": wanted.source, "--image": wanted.image, "--images": wanted.images, "--classes": wanted.classes}
    odd = [name for name, value in given.items() if value is not None]
    if odd or wanted.meta or wanted.fetch or wanted.ignore_splits:
        raise ConfigError(
            f"{odd[0] if odd else 'an option of rows'} does not go with --documents; --text and --label do"
        )
    return NewRelation(wanted.name, documents, knowledge, wanted.text, wanted.label, wanted.reading)


def create_relation(wanted: NewRelation, project: Project) -> CreatedProblem:
    """Make a relation problem that runs.

    The documents are read by the ordinary reader and their candidates found first; nothing is left behind where that fails.

    Parameters
    ----------
    wanted
        The problem's name, documents and known facts.
    project
        The project that gets it.

    Returns
    -------
    CreatedProblem
        Number of candidates and names of classes.

    Raises
    ------
    ConfigError
        The name cannot be used, or a required option is missing.
    DataError
        Documents or facts cannot be read, or no two known names stand in one sentence.
    """
    report_reading(clear_unfinished_problems(project))
    check_name(wanted.name, project.root)
    knowledge = _knowledge(wanted)
    files, left_out = _document_files(wanted.documents)
    first = _first_table(files, wanted)
    text, key = _text_column(first, wanted), _key_column(first)
    paths = Paths.within(wanted.name)
    with all_or_nothing(paths, wanted.documents, project):
        sources = _bring(files, wanted.documents, project.root, wanted.name)
        _write_functions(project.root / paths.functions, knowledge, ())
        config = _CONFIG.format(
            name=wanted.name,
            classes=json.dumps(knowledge.classes),
            key=key,
            text=text,
            gold=json.dumps(wanted.label),
            reading="".join(f"  {name}: {json.dumps(value)}\n" for name, value in stated(wanted.reading).items()),
        )
        settings = _settings(config, project)
        batches = _batches(
            sources, settings, Problem(name=wanted.name, modality="text", classes=knowledge.classes), project
        )
        raw = pl.concat([batch.raw for batch in batches])
        _write_functions(project.root / paths.functions, knowledge, _cues(raw, knowledge))
        entries = [
            Arrival(batch=batch.name, source=source, sha256=Source(str(project.root / source)).fingerprint(settings))
            for batch, source in zip(batches, sources, strict=True)
        ]
        _write(wanted.name, config, entries, project)
    told = [*knowledge.notes, *left_out, *(note for batch in batches for note in batch.notes)]
    notes = dict.fromkeys(f"note: {note}" for note in told)
    return CreatedProblem(raw.height, knowledge.classes, [*notes, *_summary(wanted.name, raw, knowledge)])


def _knowledge(wanted: NewRelation) -> _Knowledge:
    if not (wanted.knowledge.is_file() or wanted.knowledge.is_fifo()):
        raise DataError(
            f"{wanted.knowledge} is not there: --knowledge is a table of facts with the columns subject and object"
        )
    table = with_usual_names(read_file(wanted.knowledge, wanted.reading), _FACT)
    subjects, objects = (table.column(name, "--knowledge, subject and object") for name in _FACT[:2])
    relations = table.column(_FACT[2], "--knowledge") if table.has(_FACT[2]) else [wanted.name] * len(subjects)
    facts, left_out = dict[tuple[str, str, str], None](), list[int]()
    spelled = dict[str, str]()
    for row, cells in enumerate(zip(subjects, objects, relations, strict=True)):
        if any(map(is_missing, cells)):
            left_out.append(table.numbers[row])
            continue
        subject, object_, relation = (" ".join(unicodedata.normalize("NFC", as_string(cell)).split()) for cell in cells)
        facts[subject, object_, spelled.setdefault(fold(relation), _relation(relation, table, row))] = None
    if not facts:
        raise DataError(f"{table.name} holds no facts: a subject and an object on each line")
    classes, _ = find_classes([UNRELATED, *sorted(spelled.values())], (), f"{table.name}, column {_FACT[2]!r}")
    notes = list(table.notes)
    if left_out:
        rest = " …" if len(left_out) > _TOLD else ""
        lines = f"{table.unit} {', '.join(map(str, left_out[:_TOLD]))}{rest}"
        said = counted(
            len(left_out), "row without a subject or an object is", "rows without a subject or an object are"
        )
        notes.append(f"{table.name}: {said} left out ({lines})")
    return _Knowledge(list(facts), classes, notes)


def _relation(name: str, table: Table, row: int) -> str:
    if fold(name) == UNRELATED or _RELATION.fullmatch(name) is None:
        raise DataError(
            f"{table.where(row)}: column {_FACT[2]!r} is {name!r:.60}: a relation is a class and stands in rules, so it is one word of "
            f"letters, digits, _ and -, such as founded_by, and not {UNRELATED!r}; rename it there"
        )
    return name


def _document_files(folder: Path) -> tuple[list[Path], list[str]]:
    """Tables, or else texts, and a note about what else there is."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder: --documents takes a folder of tables or of .txt files")
    tables = [path for path in sorted(folder.iterdir()) if path.name.lower().endswith(SUFFIXES)]
    inside = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not is_hidden(path.relative_to(folder).as_posix())
    ]
    files = [path for path in tables if path in inside] or [path for path in inside if is_text_file(path.name)]
    if not files:
        raise DataError(
            f"{folder} holds no documents: .txt files, or tables with a column of texts ({', '.join(SUFFIXES)})"
        )
    others = [path.relative_to(folder).as_posix() for path in inside if path not in set(files)]
    rest = " …" if len(others) > _TOLD else ""
    kind, example = (".txt file", "") if is_text_file(files[0].name) else ("table", f" ({files[0].name} is one)")
    said = counted(len(others), f"file is no {kind}", f"files are no {kind}s")
    left_out = f"{folder.name}: {said}{example} and left out ({', '.join(others[:_TOLD])}{rest})"
    below = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    hidden = about_hidden(folder.name, below, lambda path: is_text_file(path) or path.lower().endswith(SUFFIXES))
    return files, [*([left_out] if others else []), *hidden]


def _first_table(files: Sequence[Path], wanted: NewRelation) -> Table | None:
    if is_text_file(files[0].name):
        if wanted.label is not None:
            raise ConfigError(
                f"--label {wanted.label} names a column of facts, and .txt files have none: give documents as a table with the "
                f"columns id, text and {wanted.label}, or leave --label out"
            )
        return None
    table = read_file(files[0], wanted.reading)
    if wanted.label is not None and not table.has(wanted.label):
        raise ConfigError(
            f"--label {wanted.label}: {table.name} has no such column{nearest(wanted.label, list(table.columns))}"
        )
    return table


def _text_column(table: Table | None, wanted: NewRelation) -> str:
    name = wanted.text or "text"
    if table is not None and not table.has(name):
        raise ConfigError(
            f"say which column holds the documents: --text COLUMN; {table.name} has no {name!r}{nearest(name, list(table.columns))}"
        )
    return name


def _key_column(table: Table | None) -> str:
    if table is None:
        return "id"
    for name in ("id", "key", "uuid", "ID", "Id"):
        if name in table.columns:
            return name
    raise ConfigError(
        f"{table.name}: documents need names of their own, in a column id; it has {', '.join(table.columns)}"
    )


def _bring(files: Sequence[Path], documents: Path, root: Path, name: str) -> list[str]:
    """Copy tables, or the folder of text files, which is one batch, to where data arrives."""
    folder = root / INCOMING / name
    is_texts = is_text_file(files[0].name)
    if is_texts:
        folder /= documents.name if documents.resolve() != folder.resolve() else "documents"
    for file in files:
        place = folder / (file.relative_to(documents) if is_texts else file.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.resolve() != place.resolve():
            with atomic_write(place) as part:
                shutil.copyfile(file, part)
    brought = [folder] if is_texts else [folder / file.name for file in files]
    return [path.relative_to(root).as_posix() for path in brought]


def _settings(config: str, project: Project) -> IngestSettings:
    own: dict[str, Any] = yaml.safe_load(config)
    table, documents = (
        yaml.safe_load(option_file("ingest", name, project.conf).read_text(encoding="utf-8"))
        for name in ("table", "documents")
    )
    nested = {
        name: table.get(name, {}) | documents[name] | own["ingest"].get(name, {}) for name in ("candidates", "split")
    }
    del documents["defaults"]
    return parse(IngestSettings, table | documents | own["ingest"] | nested, f"{own['problem']['name']}.ingest")


def _batches(sources: Sequence[str], settings: IngestSettings, problem: Problem, project: Project) -> list[Batch]:
    before, batches = empty_seen(settings), list[Batch]()
    for source in sources:
        place = Source(str(project.root / source))
        batch = build_batch(batch_name(source), place, problem, settings, before=before, root=project.root)
        batches.append(batch)
        before = pl.concat([before, batch.seen])
    return batches


def _cues(raw: pl.DataFrame, knowledge: _Knowledge) -> list[tuple[str, str]]:
    """Phrases between two names that stand between those of known facts more often than between others of the same names."""
    known = {(subject.lower(), object_.lower()): relation for subject, object_, relation in knowledge.facts}
    subjects = {subject for subject, _ in known}
    seen, total = Counter[tuple[str, str]](), Counter[str]()
    for subject, object_, between in (
        raw.filter(pl.col("split") == "train").select("subject", "object", "between").iter_rows()
    ):
        phrase = " ".join(between.lower().strip(" ,;:").split())
        if phrase and subject.lower() in subjects and len(phrase.split()) <= _WORDS:
            total[phrase] += 1
            relation = known.get((subject.lower(), object_.lower()))
            if relation is not None:
                seen[(phrase, relation)] += 1
    share = sum(seen.values()) / max(total.total(), 1)
    good = [
        (count, *item) for item, count in seen.items() if count >= _LEAST and count > (1 + share) / 2 * total[item[0]]
    ]
    return [(phrase, relation) for _, phrase, relation in sorted(good, reverse=True)[:_CUES]]


def _write_functions(folder: Path, knowledge: _Knowledge, cues: Iterable[tuple[str, str]]) -> None:
    several = len(knowledge.classes) > 2  # noqa: PLR2004 - unrelated and one relation
    entries: list[dict[str, Any]] = []
    for relation in knowledge.classes[1:]:
        of = {"relation": relation} if several else {}
        entry = {"kind": "knowledge", "file": FACTS, **of}
        entries.append({"name": f"known_{relation}", **entry, "vote": relation})
        entries.append({"name": f"not_{relation}", **entry, "says": "contradicted", "vote": f"not {relation}"})
    entries.append({"name": "far_apart", "kind": "threshold", "column": "distance", "above": 15, "vote": UNRELATED})
    for number, (phrase, relation) in enumerate(cues, start=1):
        entries.append(
            {"name": f"between_{number}", "kind": "keywords", "column": "between", "words": [phrase], "vote": relation}
        )
    lines = [f"  - {json.dumps(entry, ensure_ascii=False)}" for entry in entries]
    about = "# Columns: before, between, after, around, path, distance, subject_first, subject, object, sentence (docs/relations.md)\n"
    texts = {FACTS: _csv(_FACT, knowledge.facts)}
    texts |= {
        file: _csv(("name", "entity"), ((name, name) for name in knowledge.names(place)))
        for place, file in enumerate(_NAMES.values())
    }
    texts["functions.yaml"] = about + "functions:\n" + "\n".join(lines) + "\n"
    for name, text in texts.items():
        with atomic_write(folder / name) as part:
            part.write_text(text, encoding="utf-8")


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([header, *rows])
    return file.getvalue()


def _write(name: str, config: str, entries: Sequence[Arrival], project: Project) -> None:
    """The lists that make the problem known come last."""
    root, paths = project.root, Paths.within(name)
    Manifest(batches=tuple(entries)).write(root / paths.manifest)
    ChampionPin(version=None).write(root / paths.champion)
    start_history(project.paths(name))
    config_file, dvc = root / CONF / "config.yaml", root / "dvc.yaml"
    texts = {
        root / CONF / "problem" / f"{name}.yaml": config,
        config_file: with_problem(config_file.read_text(encoding="utf-8"), name, has_facts=True),
        dvc: with_artifact(dvc.read_text(encoding="utf-8"), name),
    }
    for path, text in texts.items():
        with atomic_write(path) as part:
            part.write_text(text, encoding="utf-8")
    if project.params.exists():
        compose_all(project, load_params(project.params).get("overrides", []))


def _summary(name: str, raw: pl.DataFrame, knowledge: _Knowledge) -> list[str]:
    found = f"{raw.height} candidates in {raw['document'].n_unique()} documents"
    return [
        f"{name}: {found}, {shown(knowledge.classes)}, {len(knowledge.facts)} known facts",
        f"  conf/problem/{name}.yaml                where mentions come from, what facts have to agree on",
        f"  src/problems/{name}/functions.yaml      labeling functions: the part that needs you",
        f"next: git add -A && git commit -m 'Add {name}', then: tidemill run problem={name}; its facts are data/{name}/facts.parquet",
    ]
