"""A fingerprint of the code that each stage runs: what ``code.yaml`` holds and ``dvc.yaml`` names as a parameter.

A fingerprint covers the statements of Tidemill's own modules that the stage's script reaches, and the package's other
files that they name. Libraries do not count, as they do not for any stage of DVC: ``requirements.lock`` says which
versions results were made with, and ``dvc repro --force`` makes them anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

import tidemill
from tidemill.common.files import atomic_write
from tidemill.errors import ConfigError
from tidemill.project.stage_code.module_syntax import FORMAT, ModuleSyntax, Statement, read_module
from tidemill.project.stage_code.reach import Reached, reach

CODE: Final = Path("code.yaml")
OPENS: Final = {
    "tidemill.label.functions.loading:run_file": ("tidemill.label", "tidemill.label.image_statistics"),
}
"""A problem's own files may import these modules, so what runs them reaches all that they export."""
_HEADER: Final = (
    "# Fingerprints of the code that each stage runs, by `tidemill compose`: DVC runs a stage again when its own changes.\n"
    "# Do not edit; after a merge conflict here, run `tidemill compose` again.\n"
)
_ALWAYS_RUN: Final = {"preflight"}
_LISTED: Final = 5


@dataclass(frozen=True)
class StageCode:
    """Fingerprints of stages and of the files that they reach.

    Attributes
    ----------
    stages
        Stage and fingerprint.
    files
        File, such as ``tidemill/contracts.py``, and the digest of what stages reach of it.
    reached
        Stage and its files; empty where it was read from ``code.yaml``, which does not hold it.
    """

    stages: dict[str, str]
    files: dict[str, str]
    reached: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


def running_package() -> Path:
    """Locate the package that is running, in a checkout or installed.

    Returns
    -------
    Path
        Folder of the package.
    """
    return Path(str(tidemill.__file__)).parent


def package_seen_from(folder: Path) -> Path:
    """Locate the package that a stage imports which runs in a folder.

    It is the folder's own ``src/tidemill`` where a checkout of Tidemill has one, for runs put that on their path, and
    the installed package elsewhere.

    Parameters
    ----------
    folder
        Folder in which stages run.

    Returns
    -------
    Path
        Folder of the package.
    """
    own = folder.resolve() / "src" / "tidemill"
    return own if (own / "__init__.py").exists() else running_package()


def fingerprint_stages(package: Path, *, cache: Path | None = None) -> StageCode:
    """Compute the fingerprint of every stage of a package.

    Parameters
    ----------
    package
        Folder of the package, wherever it is installed. Its name is the package's; its stages are the modules of its
        folder ``stages``.
    cache
        JSON file that keeps what was read of each module, by the hash of its content; None keeps nothing.

    Returns
    -------
    StageCode
        Fingerprints of the stages and of the files that they reach.
    """
    modules = PackageModules(package, _read_cache(cache))
    scripts = sorted({file.stem for file in (package / "stages").glob("[!_]*.py")} - _ALWAYS_RUN)
    reached = {stage: reach(f"{package.name}.stages.{stage}", modules, opens=OPENS) for stage in scripts}
    if cache is not None and modules.summaries_made:
        _write_cache(cache, modules)
    return StageCode(
        stages={stage: modules.digest_of(item) for stage, item in reached.items()},
        files={file: modules.digest_of(part) for file, part in modules.by_file(_union(reached.values())).items()},
        reached={stage: tuple(sorted(modules.by_file(item))) for stage, item in reached.items()},
    )


def _union(all_reached: Iterable[Reached]) -> Reached:
    union = Reached()
    for item in all_reached:
        union.files |= item.files
        for name, indices in item.statements.items():
            union.statements.setdefault(name, set()).update(indices)
    return union


class PackageModules:
    """The modules of a package's folder, each read on first use."""

    def __init__(self, folder: Path, kept: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        self.kept = kept or {}
        self.summaries: dict[str, ModuleSyntax] = {}
        self.summaries_made = False
        files = [file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
        self._modules = {self._dotted(file): file for file in files if file.suffix == ".py"}
        self._others = {file.name: file for file in files if file.suffix != ".py"}
        self._syntax: dict[str, ModuleSyntax] = {}

    def _dotted(self, file: Path) -> str:
        parts = file.relative_to(self.folder.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def get(self, name: str) -> ModuleSyntax | None:
        """Look up a module's syntax; a module is read when it is first looked up.

        Parameters
        ----------
        name
            Dotted name of the module.

        Returns
        -------
        ModuleSyntax or None
            None where the package has no such module.
        """
        if name not in self._syntax and name in self._modules:
            self._syntax[name] = self._read(name, self._modules[name])
        return self._syntax.get(name)

    def _read(self, name: str, file: Path) -> ModuleSyntax:
        source = file.read_bytes()
        key = hashlib.blake2b(f"{FORMAT} {name} ".encode() + source, digest_size=16).hexdigest()
        if key in self.kept:
            syntax = _restored(self.kept[key])
        else:
            self.summaries_made = True
            syntax = read_module(source, name, is_package=file.name == "__init__.py")
        self.summaries[key] = syntax
        return syntax

    def file_named(self, text: str) -> str | None:
        """Look up the package's file, other than Python, that a string names.

        Parameters
        ----------
        text
            String in the code; what follows the last ``/`` counts.

        Returns
        -------
        str or None
            Name of the file; None where the string names none.
        """
        name = text.rpartition("/")[2]
        return name if name in self._others else None

    def by_file(self, reached: Reached) -> dict[str, Reached]:
        """Split what was reached by its files.

        Parameters
        ----------
        reached
            Statements by module, and files that they name.

        Returns
        -------
        dict of str to Reached
            By file, relative to the package's parent folder.
        """
        parts = {
            self._shown(self._modules[name]): Reached({name: indices})
            for name, indices in reached.statements.items()
            if indices
        }
        return parts | {self._shown(self._others[name]): Reached(files={name}) for name in reached.files}

    def _shown(self, file: Path) -> str:
        return file.relative_to(self.folder.parent).as_posix()

    def digest_of(self, reached: Reached) -> str:
        """Hash what was reached; the order of functions and classes in a file does not count.

        Parameters
        ----------
        reached
            Statements by module, and files that they name.

        Returns
        -------
        str
            16 hexadecimal digits.
        """
        digest = hashlib.blake2b(digest_size=8)
        for name in sorted(reached.statements):
            syntax = self.get(name)
            statements = (
                [] if syntax is None else [syntax.statements[index] for index in sorted(reached.statements[name])]
            )
            for statement in sorted(statements, key=_place):
                digest.update(f"{name} {' '.join(statement.names)} {statement.digest}\n".encode())
        for name in sorted(reached.files):
            digest.update(f"{name} ".encode() + hashlib.blake2b(self._others[name].read_bytes()).digest())
        return digest.hexdigest()


def _place(statement: Statement) -> tuple[int, str]:
    return (0, statement.names[0]) if statement.kind == "definition" else (1, "")


def _read_cache(cache: Path | None) -> dict[str, Any]:
    try:
        content = json.loads(cache.read_text(encoding="utf-8")) if cache is not None and cache.exists() else {}
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _write_cache(cache: Path, modules: PackageModules) -> None:
    content = {key: dataclasses.asdict(syntax) for key, syntax in modules.summaries.items()}
    with atomic_write(cache, durable=False) as path:
        path.write_text(json.dumps(content), encoding="utf-8")


def _restored(content: Mapping[str, Any]) -> ModuleSyntax:
    statements = tuple(
        Statement(
            kind=statement["kind"],
            names=tuple(statement["names"]),
            lines=(statement["lines"][0], statement["lines"][1]),
            digest=statement["digest"],
            uses=tuple(statement["uses"]),
            imports=tuple((local, target) for local, target in statement["imports"]),
            strings=tuple(statement["strings"]),
            applied=tuple(statement["applied"]),
            registers=statement["registers"],
        )
        for statement in content["statements"]
    )
    return ModuleSyntax(
        statements, content["imports"], tuple(content["runs"]), tuple(content["stars"]), content["is_package"]
    )


def read_code(folder: Path) -> StageCode:
    """Read a project's ``code.yaml``.

    Parameters
    ----------
    folder
        Top folder of the project.

    Returns
    -------
    StageCode
        Empty where the file is missing or, as in a merge conflict, cannot be read.
    """
    path = folder / CODE
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        files = {str(name): str(digest) for name, digest in content.pop("files").items()}
        return StageCode({str(name): str(digest) for name, digest in content.items()}, files)
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError):
        return StageCode({}, {})


def write_code(code: StageCode, folder: Path) -> bool:
    """Write a project's ``code.yaml``.

    Parameters
    ----------
    code
        Fingerprints of stages and files.
    folder
        Top folder of the project.

    Returns
    -------
    bool
        Whether its content changed.
    """
    path = folder / CODE
    text = _HEADER + yaml.safe_dump({**code.stages, "files": code.files}, sort_keys=True)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return True


def changed_files(before: StageCode, now: StageCode) -> dict[str, tuple[str, ...]]:
    """List the stages whose fingerprint has changed.

    Parameters
    ----------
    before
        Fingerprints of ``code.yaml``.
    now
        Fingerprints of the code as it is.

    Returns
    -------
    dict of str to tuple of str
        By stage, the changed files that it runs or ran.
    """
    gone = set(before.files) - set(now.files)
    changed = {name for name, digest in now.files.items() if before.files.get(name) != digest}
    return {
        stage: tuple(sorted((changed & set(now.reached.get(stage, ()))) | gone))
        for stage, digest in now.stages.items()
        if before.stages.get(stage) != digest
    }


def refuse_stale(before: StageCode, now: StageCode, *, remedy: str) -> None:
    """Refuse fingerprints that are not those of the code as it is.

    Parameters
    ----------
    before
        Fingerprints of ``code.yaml``.
    now
        Fingerprints of the code as it is.
    remedy
        Command that the message recommends.

    Raises
    ------
    ConfigError
        Names the stages, the files and the remedy.
    """
    changed = changed_files(before, now)
    if changed:
        files = sorted({file for names in changed.values() for file in names})
        stages = "stage " if len(changed) == 1 else "stages "
        raise ConfigError(
            f"{CODE} is {'stale' if before.stages else 'missing or cannot be read'}: the code of {stages}{', '.join(changed)} is not the one "
            f"that it was composed from; changed: {listed(files)}. Run `{remedy}`"
        )


def listed(names: Sequence[str]) -> str:
    """Join names for a message.

    Parameters
    ----------
    names
        Names of files.

    Returns
    -------
    str
        The first few, and how many more there are.
    """
    rest = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {rest} more" if rest > 0 else "")
