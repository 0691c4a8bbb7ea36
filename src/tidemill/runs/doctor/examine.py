"""What is wrong with a project's repository, registry and local state, how to mend it, and the mending of what is safe."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from tidemill.common.spelling import counted
from tidemill.errors import ConfigError, PublishError, TidemillError
from tidemill.ingest.settings import IngestSettings
from tidemill.label.functions.loading import files_of
from tidemill.label.functions.yaml_lines import read_yaml
from tidemill.project.batches import arrivals
from tidemill.project.compose import refuse_stale_code, refuse_stale_params
from tidemill.project.config import load_params
from tidemill.project.gold_history import GoldHistory
from tidemill.project.layout import Paths, problem_names
from tidemill.project.project import Project
from tidemill.project.stage_code.stage_fingerprints import package_seen_from
from tidemill.project.unfinished_problems import clear_unfinished_problems, unfinished_problems
from tidemill.reports.project import ChampionPin
from tidemill.reports.review import AuditPlan, Certificate
from tidemill.runs.checked_out import REMEDY, missing_outputs, outputs_of_others
from tidemill.runs.checkout import branch_to_publish_on, require_repository
from tidemill.runs.doctor.cached_results import damaged_results, lost_champions
from tidemill.runs.doctor.leftovers import leftovers, sweep_leftovers
from tidemill.runs.doctor.lost_gold import lost_answers
from tidemill.runs.doctor.lost_tags import deleted_tags, put_back, put_back_deleted
from tidemill.runs.doctor.misnamed_refs import misnamed_refs
from tidemill.runs.doctor.stale_locks import lock_files
from tidemill.runs.doctor.torn_branches import mend_branches, torn_branches
from tidemill.runs.dvc_config import cache_folder, default_remote
from tidemill.runs.git import git
from tidemill.runs.model_registry import lost_versions, own_problems, registry_of, without_model
from tidemill.runs.repair_dvc_files import conflict, repair_dvc_files, torn_files
from tidemill.runs.tags import read_tags

_TOLD: Final = 3
_ROUNDS: Final = 3
"""A lock in the way of a tag, a branch in the way of both."""
_END_OF_PARQUET: Final = b"PAR1"
_LITTLE_ROOM: Final = 200_000_000
"""Bytes; a run of a small problem writes some tens of millions."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Attributes
    ----------
    what
        What is wrong.
    remedy
        What a person can do; empty where ``tidemill doctor --fix`` does it.
    fix
        Repairs it and returns a line for each repair; None where that could lose something.
    """

    what: str
    remedy: str
    fix: Callable[[], list[str]] | None = None

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy or '`tidemill doctor --fix` mends it'}"


def examine(project: Project) -> list[Finding]:
    """Look at all that commands of a project rely on; nothing is changed.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    list of Finding
        Empty where all is well.
    """
    root = project.shared
    result = list(_disk(project))
    try:
        git("rev-parse", "--git-dir", folder=root)
    except PublishError as error:
        return [*result, Finding("git", str(error)), *_dvc_files(root)]
    branches = list(_branches(root))
    parts = [
        _locks(root),
        _index(root),
        _left_out(root),
        branches,
        _misnamed(root),
        _registry(project),
        _dvc_files(root),
        _records(project),
        _outputs(project),
        _tables(project),
        _cache(project),
        _leftovers(project),
    ]
    if not branches:
        parts.insert(3, _checkout(root))
    return [*result, *(item for part in parts for item in part)]


def _disk(project: Project) -> Iterator[Finding]:
    root = project.shared
    try:
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        yield Finding(f"{root} cannot be written ({error.strerror})", "commands that only look work; a run does not")
    free = shutil.disk_usage(root).free
    if free < _LITTLE_ROOM:
        yield Finding(f"{free // 1_000_000} MB are free on the disk of {root}", "make room before the next run")
    try:
        tempfile.gettempdir()
    except FileNotFoundError:  # it tries to write in each that the system names
        yield Finding("no folder for temporary files can be written", "make room, or set TMPDIR to a folder that can")


def _locks(root: Path) -> Iterator[Finding]:
    for path, is_stale in lock_files(root).items():
        if is_stale:
            yield Finding(f"a killed git command left {path}", "", partial(_remove, path))
        else:
            yield Finding(f"{path} is there", "a git command may be at work; if not, try again in a minute")


def _index(root: Path) -> Iterator[Finding]:
    """Every commit and merge of a run reads it; what was staged is a person's, so it is not made anew here."""
    try:
        git("ls-files", folder=root)
    except PublishError as error:
        yield Finding("git", str(error))


def _left_out(root: Path) -> Iterator[Finding]:
    """Committed files that a sparse checkout leaves out; git lists each with an S."""
    if paths := re.findall(r"^S (.*)$", git("ls-files", "-t", folder=root, check=False), re.MULTILINE):
        yield Finding(
            f"{_first(paths)}: committed, and left out of this sparse checkout",
            "`git sparse-checkout disable` brings all files back",
        )


def _first(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _TOLD} more" if len(paths) > _TOLD else ""
    return f"{', '.join(paths[:_TOLD])}{more}"


def _remove(path: Path) -> list[str]:
    path.unlink(missing_ok=True)
    return [f"{path}: removed"]


def _branches(root: Path) -> Iterator[Finding]:
    for name, commit in torn_branches(root).items():
        what = f"the file of branch {name} in .git is torn"
        if commit is None:
            yield Finding(what, f"find its commit with `git fsck` and `git update-ref refs/heads/{name} COMMIT`")
        else:
            yield Finding(what, "", lambda: mend_branches(root))


def _misnamed(root: Path) -> Iterator[Finding]:
    """Never removed here: such a file may be the only name of commits of another machine."""
    for path, commit in misnamed_refs(root).items():
        what = f"{path}: git passes over it, for no branch or tag has such a name (programs that synchronize folders name copies so)"
        shown = f"`git log HEAD..{commit[:12]}` lists what only it may have: " if commit else ""
        yield Finding(what, f"{shown}remove it if nothing of it is wanted, and keep repositories out of such folders")


def _checkout(root: Path) -> Iterator[Finding]:
    try:
        require_repository(root)
        branch_to_publish_on(root)
    except TidemillError as error:
        yield Finding("runs", str(error))


def _registry(project: Project) -> Iterator[Finding]:
    root = project.shared
    tags = read_tags(root)
    problems = own_problems(project, tags)
    for problem in problems:
        registry = registry_of(problem, tags)
        for damage in registry.damages:
            yield Finding(f"{damage.tag}: {damage.what}", damage.remedy, lambda: put_back(root))
        for damage in without_model(project, registry):
            yield Finding(f"{damage.tag}: {damage.what}", damage.remedy)
    for name in sorted({*problems, *problem_names(root)}):
        for damage in lost_versions(project, registry_of(name, tags)):
            yield Finding(f"{damage.tag}: {damage.what}", damage.remedy)
    for tag in deleted_tags(project):
        fix = None if tag.digest is None else partial(put_back_deleted, tag, root)
        yield Finding(f"{tag.tag}: {tag.what}", tag.remedy, fix)


def _dvc_files(root: Path) -> Iterator[Finding]:
    for name in torn_files(root):
        yield Finding(f"a killed command left a torn {name}", "", lambda: _mended(root))


def _records(project: Project) -> Iterator[Finding]:
    """Of settings, lists of batches, pins, certificates and gold that a person or a merge has left in pieces; git has what was committed."""
    yield from _composed(project)
    for problem in problem_names(project.shared):
        paths = project.paths(problem)
        for read in (
            partial(arrivals, paths.manifest),
            partial(ChampionPin.read_if_there, paths.champion),
            partial(Certificate.read_if_there, paths.certificate),
            partial(AuditPlan.read_if_there, paths.audit_plan),
            partial(_read_gold, project, problem),
            partial(_read_functions, paths),
        ):
            try:
                read()
            except TidemillError as error:
                yield Finding(problem, str(error))
        yield from _lost_gold(paths.gold_history, project.root)


def _lost_gold(path: Path, root: Path) -> Iterator[Finding]:
    if lost := lost_answers(path, root):
        name = path.relative_to(root).as_posix()
        said = f"{counted(lost, 'line is', 'lines are')} missing that commits have, and lines of it are added, never edited"
        yield Finding(f"{name}: {said}", f"`git log -p -- {name}` shows them: put them back at its end and commit")


def _read_gold(project: Project, problem: str) -> None:
    history = GoldHistory.read(project.paths(problem).gold_history)
    if history.answers:
        rows = pl.DataFrame(schema={"row_id": pl.String, "gold": pl.Int16})
        history.applied(rows, project.load(problem, "ingest", IngestSettings)[0].classes)


def _read_functions(paths: Paths) -> None:
    """Of files in YAML alone: nothing of a project is run here."""
    for path in files_of(paths.functions) if paths.functions.is_dir() else []:
        if path.suffix != ".py":
            read_yaml(path)


def _outputs(project: Project) -> Iterator[Finding]:
    if (told := conflict(project.root)) is not None:
        yield Finding("dvc.lock", told)
        return
    for problem in problem_names(project.shared):
        for paths, what in (
            (outputs_of_others(project, problem), "not what dvc.lock names"),
            (missing_outputs(project, problem), "named by dvc.lock, and not here"),
        ):
            if paths:
                yield Finding(f"{_first(paths)}: {what}", REMEDY)


def _composed(project: Project) -> Iterator[Finding]:
    """Of files that ``tidemill compose`` writes: one that was cut off may be whole YAML, and is told by what it would be."""
    try:
        if (project.conf / "config.yaml").exists():
            refuse_stale_params(project)
            refuse_stale_code(project, package_seen_from(project.root))
        elif project.params.exists():
            load_params(project.params)
    except ConfigError as error:
        yield Finding("settings", str(error))


def _tables(project: Project) -> Iterator[Finding]:
    """Of tables in the checkout that a full disk or a copy that was cut off has left without their end."""
    for problem in problem_names(project.shared):
        for path in sorted(project.paths(problem).data.rglob("*.parquet")):
            with path.open("rb") as file:
                file.seek(-min(path.stat().st_size, len(_END_OF_PARQUET)), os.SEEK_END)
                is_whole = file.read() == _END_OF_PARQUET
            if not is_whole:
                yield Finding(
                    f"{path} is torn", "remove it, and `dvc checkout`, or the next `dvc repro`, brings it back"
                )


def _mended(root: Path) -> list[str]:
    texts: list[str] = []
    repair_dvc_files(root, texts.append)
    return texts


def _cache(project: Project) -> Iterator[Finding]:
    """Of results whose objects are damaged, and of champions whose objects are gone: a remote may have those."""
    root, torn = project.shared, damaged_results(project)
    for path, result in torn.items():
        what = (
            f"{path} in DVC's cache is damaged (its content has not the MD5 that its name says; it is part of {result})"
        )
        yield Finding(what, "", partial(_remove_object, path, result))
    if default_remote(root) is None:
        for champion in lost_champions(project):
            problem = champion.partition("@")[0]
            yield Finding(
                f"files of the champion {champion} are not in DVC's cache ({cache_folder(root)})",
                f"`dvc fetch --rev {champion}` where a remote has them, or `tidemill rollback {problem}` to an older version",
            )


def _remove_object(path: Path, result: str) -> list[str]:
    _remove(path)
    return [f"{path}: removed; the next run fetches {result} from DVC's remote, or makes it again"]


def _leftovers(project: Project) -> Iterator[Finding]:
    for line in leftovers(project):
        yield Finding(line, "", lambda: sweep_leftovers(project))
    if names := unfinished_problems(project):
        text = f"`tidemill new` was killed, or goes on, as it made {', '.join(names)}"
        yield Finding(text, "", lambda: clear_unfinished_problems(project))


def mend_all(project: Project) -> list[str]:
    """Repair what loses nothing, again where a repair shows more damage.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    list of str
        A line for each repair.
    """
    texts: list[str] = []
    for _ in range(_ROUNDS):
        done = [line for item in examine(project) if item.fix is not None for line in item.fix()]
        if not done:
            break
        texts += done
    return texts
