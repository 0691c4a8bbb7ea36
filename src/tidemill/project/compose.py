"""params.yaml from conf/: Hydra composes it, atomically, with the overrides recorded."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

import tidemill.conf
from tidemill.common.files import atomic_write
from tidemill.common.spelling import closest, did_you_mean
from tidemill.errors import ConfigError
from tidemill.project.config import load_params
from tidemill.project.layout import EMPTY_HISTORY, Paths
from tidemill.project.project import Project
from tidemill.project.renamed_settings import RENAMED_OPTIONS, refuse_renamed, refuse_renamed_overrides
from tidemill.project.stage_code.stage_fingerprints import (
    StageCode,
    fingerprint_stages,
    package_seen_from,
    read_code,
    refuse_stale,
    write_code,
)
from tidemill.stage_names import STAGES

DEFAULTS = Path(tidemill.conf.__file__).parent
"""Config groups that come with the package; ``hydra.searchpath`` of a project's conf/config.yaml names them."""

EXPERIMENT: Final = "experiment"
"""Config group of settings of several stages that go together; what is in it goes before a problem's own settings."""
_ONE_AT_A_TIME = threading.Lock()
"""Hydra keeps what it is initialised with in the process, and the problems of a run compose in threads of one."""
_SHOWN: Final = 80
"""Characters of a value that a message shows."""
_HEADER = "# Composed from conf/ by `tidemill compose`. Edit conf/, not this file.\n"


def compose(overrides: Sequence[str] = (), *, conf: Path) -> dict[str, Any]:
    """Compose the configuration.

    Parameters
    ----------
    overrides
        In Hydra's grammar, such as ``spam.train.seed=1``.
    conf
        Folder of the configuration.

    Returns
    -------
    dict
        Plain data, the overrides in it.

    Raises
    ------
    ConfigError
        A key or an option does not exist, and the nearest valid one is given; or it has been renamed, and the new one is.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    if not (conf / "config.yaml").exists():
        raise ConfigError(f"{conf / 'config.yaml'} is missing: run in the project's top folder")
    refuse_renamed_overrides(overrides)
    try:
        with _ONE_AT_A_TIME, initialize_config_dir(str(conf.resolve()), version_base=None):
            composed = hydra_compose("config", overrides=[*overrides, *_own_defaults(conf)])
            content: Any = OmegaConf.to_container(composed, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_explain(error, overrides, conf)) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = conf if mark is None else f"{mark.name}:{mark.line + 1}"
        raise ConfigError(f"{where}: this is not YAML: {error.problem}") from error
    content["overrides"] = list(overrides)
    content.setdefault("relations", [])  # a project that was made before there were any
    for name in content["problems"]:
        _refuse_empty(name, content[name], conf)
        _refuse_unknown(name, content[name], conf)
        for stage in STAGES:
            refuse_renamed(stage, content[name].get(stage, {}), f"{name}.{stage}")
    return dict(content)


def _refuse_empty(name: str, section: Any, conf: Path) -> None:
    """A file that was emptied by accident composes to nothing, and every stage would run again with it."""
    missing = [part for part in ("problem", "ingest", "label") if not (section or {}).get(part)]
    if missing:
        file = conf / "problem" / f"{name}.yaml"
        raise ConfigError(
            f"{file} has no section {', '.join(missing)}: write it as other problems have it, or `git checkout HEAD {file}`"
        )


def _refuse_unknown(name: str, section: Iterable[str], conf: Path) -> None:
    """A section with a name that no stage has is read by none, and what it says would not hold."""
    valid = ("problem", *STAGES)
    if unknown := next((part for part in section if part not in valid), None):
        file = conf / "problem" / f"{name}.yaml"
        raise ConfigError(f"{name}: there is no section {unknown!r} ({file}){did_you_mean(unknown, valid)}")


def _own_defaults(conf: Path) -> list[str]:
    """Override that a checkout of Tidemill needs, whose stages run with its own package: that package's defaults too."""
    own = conf.resolve().parent / "src" / "tidemill" / DEFAULTS.name
    quoted = str(own).replace("'", "\\'")
    return [f"hydra.searchpath=['file://{quoted}']"] if own.exists() and own != DEFAULTS.resolve() else []


def _explain(error: Exception, overrides: Sequence[str], conf: Path) -> str:
    if not overrides:
        return f"{conf} does not compose: {error}{_hint(conf)}"
    valid = _override_keys(conf)
    for override in overrides:
        key = override.lstrip("+~").partition("=")[0]
        if key not in valid:
            return f"override {override!r}: there is no {key!r}{did_you_mean(key, sorted(valid))}"
        if "@" in key:
            options = option_names(key.partition("@")[0], conf)
            value = override.partition("=")[2]
            if new := RENAMED_OPTIONS.get(key.partition("@")[0].strip("/"), {}).get(value):
                return f"override {override!r}: {value} is called {new} since 0.2.0"
            if value not in options:
                return f"override {override!r}: there is no option {value!r}{did_you_mean(value, options)}"
    return f"the overrides {' '.join(overrides)} do not compose: {error}"


def _hint(conf: Path) -> str:
    """Say what a project of an older version lacks, whose defaults were in its own ``conf/``."""
    is_found = f"pkg://{tidemill.conf.__name__}" in (conf / "config.yaml").read_text(encoding="utf-8")
    line = f"hydra: {{searchpath: [pkg://{tidemill.conf.__name__}]}}"
    return "" if is_found else f". Tidemill's defaults are not found: add `{line}` to {conf / 'config.yaml'}"


def option_names(group: str, conf: Path) -> list[str]:
    """List the options of a config group, such as ``dawid_skene`` and ``majority`` of ``denoise``.

    Parameters
    ----------
    group
        Folder of the group below ``conf/``.
    conf
        The project's folder of the configuration.

    Returns
    -------
    list of str
        Options of the package and of the project, in alphabetical order.
    """
    return sorted({path.stem for folder in (DEFAULTS, conf) for path in (folder / group).glob("*.yaml")})


def option_file(group: str, name: str, conf: Path) -> Path:
    """Locate the file of an option: the project's own, or else the package's.

    Parameters
    ----------
    group
        Folder of the group below ``conf/``.
    name
        Name of the option.
    conf
        The project's folder of the configuration.

    Returns
    -------
    Path
        The file, whether or not the package has it.
    """
    own = conf / group / f"{name}.yaml"
    return own if own.exists() else DEFAULTS / group / f"{name}.yaml"


def _override_keys(conf: Path) -> set[str]:
    """Every key that an override may name: groups of each problem and dotted keys."""
    content = compose(conf=conf)
    keys = set(_dotted(content))
    for name in content["problems"]:
        keys |= {f"{stage}@{name}.{stage}" for stage in STAGES} | {f"{EXPERIMENT}@{name}"}
    return keys


def _dotted(content: dict[str, Any], prefix: str = "") -> Iterable[str]:
    for key, value in content.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{key}.")


def expand(words: Sequence[str], *, conf: Path) -> tuple[list[str], list[str]]:
    """Expand the words of a command line.

    ``problem=spam`` chooses; ``denoise=majority``, ``experiment=quick`` and ``train.optimizer.max_epochs=3`` mean each chosen
    problem's; ``spam.train.optimizer.max_epochs=3`` is taken as it is.

    Parameters
    ----------
    words
        Words such as ``problem=spam`` and overrides in Hydra's grammar.
    conf
        Folder of the configuration.

    Returns
    -------
    problems : list of str
        Those chosen.
    overrides : list of str
        In Hydra's grammar.

    Raises
    ------
    ConfigError
        A word names no problem, option or key, and the nearest valid one is given; or what has been renamed.
    """
    known = list(compose(conf=conf)["problems"])
    problems, rest = known, []
    for word in words:
        if "=" not in word:
            raise ConfigError(f"{word!r} is no override: write KEY=VALUE, such as train.optimizer.max_epochs=3")
        key, _, value = word.partition("=")
        if key == "problem":
            problems = _choose(value, known)
        else:
            rest.append((key, value))
    overrides = [item for key, value in rest for item in _expand_one(key, value, problems, known)]
    if overrides:
        compose(overrides, conf=conf)
    return problems, overrides


def require_problem(names: Sequence[str]) -> None:
    """Refuse an empty list of problems.

    Parameters
    ----------
    names
        Names of the project's problems.

    Raises
    ------
    ConfigError
        The list is empty; the message says how to make a problem.
    """
    if not names:
        raise ConfigError(
            "this project has no problem yet: make one with `tidemill new NAME --from FILE --text COLUMN`"
        )


def _choose(value: str, known: list[str]) -> list[str]:
    chosen = known if value == "all" else value.split(",")
    for name in chosen:
        if name not in known:
            raise ConfigError(f"there is no problem {name!r}{did_you_mean(name, known)}")
    return chosen


def _expand_one(key: str, value: str, problems: list[str], known: list[str]) -> list[str]:
    first = key.partition(".")[0]
    if key.startswith(f"{EXPERIMENT}@"):
        return [f"+{key}={value}"]
    if first in known or "@" in key:
        return [f"{key}={value}"]
    if first not in STAGES and first not in {"problem", EXPERIMENT}:
        meant = closest(first, [*STAGES, "problem", EXPERIMENT, *known])
        hint = f"; did you mean {key.replace(first, meant, 1)}?" if meant else f"; stages are {', '.join(STAGES)}"
        raise ConfigError(f"override '{key}={value}': there is no {first!r}{hint}")
    if key == EXPERIMENT:
        return [f"+{EXPERIMENT}@{name}={value}" for name in problems]
    if key in STAGES:
        return [f"{key}@{name}.{key}={value}" for name in problems]
    return [f"{name}.{key}={value}" for name in problems]


def write_params(project: Project, overrides: Sequence[str] = ()) -> bool:
    """Write params.yaml.

    Parameters
    ----------
    project
        The project.
    overrides
        In Hydra's grammar, such as ``spam.train.seed=1``.

    Returns
    -------
    bool
        Whether its content changed.

    Raises
    ------
    ConfigError
        As ``compose``.
    """
    content = compose(overrides, conf=project.conf)
    path = project.params
    if path.exists() and load_params(path) == content:
        return False
    import yaml

    with atomic_write(path) as temporary:
        text = yaml.safe_dump(content, sort_keys=True, allow_unicode=True)
        temporary.write_text(_HEADER + text, encoding="utf-8")
    return True


def compose_code(project: Project, package: Path) -> StageCode:
    """Compute the fingerprints of the code that a project's stages run.

    Parameters
    ----------
    project
        The project, whose local state caches what was read of unchanged files.
    package
        Folder of the ``tidemill`` that its stages import.

    Returns
    -------
    StageCode
        Fingerprint of each stage, and of the files that they reach.
    """
    return fingerprint_stages(package, cache=project.state / "code.json")


def compose_all(project: Project, overrides: Sequence[str] = ()) -> None:
    """Write ``params.yaml`` and ``code.yaml`` of a project, the latter of the code that its stages will run.

    Parameters
    ----------
    project
        The project.
    overrides
        In Hydra's grammar, such as ``spam.train.seed=1``.

    Raises
    ------
    ConfigError
        As ``compose``.
    """
    write_params(project, overrides)
    write_code(compose_code(project, package_seen_from(project.root)), project.root)
    start_histories(project)


def start_history(paths: Paths) -> None:
    """Make an empty history of gold, and a file that says that nothing is certified, where a problem has none: DVC wants them to be there.

    Parameters
    ----------
    paths
        Of the problem.
    """
    if not paths.gold_history.exists():
        with atomic_write(paths.gold_history) as part:
            part.write_text(EMPTY_HISTORY, encoding="utf-8")
    if not paths.certificate.exists():
        from tidemill.reports.review import (
            Certificate,
        )  # pydantic is slow to import, and the file is there nearly always

        Certificate.none(paths.name).write(paths.certificate)


def start_histories(project: Project) -> None:
    """Give problems of an older version an empty history of gold and no certificate.

    Parameters
    ----------
    project
        The project, with its ``params.yaml``.
    """
    for paths in map(project.paths, project.problems):
        if paths.manifest.exists():
            start_history(paths)


def refuse_stale_code(project: Project, package: Path) -> None:
    """Refuse a ``code.yaml`` that was composed from other code.

    Parameters
    ----------
    project
        The project.
    package
        Folder of the ``tidemill`` that its stages import.

    Raises
    ------
    ConfigError
        It is missing or stale; names the stages, the files and the remedy.
    """
    overrides = load_params(project.params).get("overrides", [])
    refuse_stale(read_code(project.root), compose_code(project, package), remedy=_remedy(overrides))


def _remedy(overrides: Sequence[str]) -> str:
    return " ".join(["tidemill compose", *overrides])


def refuse_stale_params(project: Project, sections: Iterable[str] = ("",)) -> None:
    """Refuse a ``params.yaml`` that is not what ``conf/`` composes to.

    Parameters
    ----------
    project
        The project.
    sections
        How the keys begin that are compared, such as ``spam.ingest.``; all where it is not given.

    Raises
    ------
    ConfigError
        It is missing or stale; names the first key that differs and the remedy.
    """
    written = load_params(project.params)
    overrides = written.get("overrides", [])
    found = _differences(compose(overrides, conf=project.conf), written)
    differing = [item for item in found if f"{item[0]}.".startswith(tuple(sections))]
    if differing:
        key, composed, stands = differing[0]
        raise ConfigError(
            f"params.yaml is stale: {key} is {_shown(stands)} there and {_shown(composed)} in conf/"
            f"{f' ({len(differing)} keys differ)' if len(differing) > 1 else ''}. "
            f"Run `{_remedy(overrides)}`"
        )


def refuse_stale_reading(project: Project, problem: str) -> None:
    """Refuse a ``params.yaml`` that says otherwise than ``conf/`` how rows and labels of a problem are read.

    What is taken in by the settings of yesterday would be in the history for good.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Raises
    ------
    ConfigError
        As ``refuse_stale_params``.
    """
    if (project.conf / "config.yaml").exists():
        refuse_stale_params(project, [f"{problem}.{section}." for section in ("problem", "ingest", "monitor")])


def _shown(value: Any) -> str:
    """A whole section is missing where the file was cut off."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _differences(composed: Any, written: Any, prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Dotted key, value here and value there, wherever they differ."""
    if not (isinstance(composed, dict) and isinstance(written, dict)):
        return [] if composed == written else [(prefix.rstrip("."), composed, written)]
    keys = sorted(composed.keys() | written.keys())
    return [
        difference
        for key in keys
        for difference in _differences(composed.get(key), written.get(key), f"{prefix}{key}.")
    ]
