"""params.yaml and the layout of files → what one stage needs to know."""

from __future__ import annotations

import argparse
import difflib
import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from tidemill.contracts import ConfigError, Problem, Settings, TidemillError

S = TypeVar("S", bound=Settings)
PARAMS = Path("params.yaml")


@dataclass(frozen=True)
class Paths:
    """Where one problem's tables, model and reports are, relative to the project."""

    name: str

    @property
    def data(self) -> Path:
        """Folder of the problem's tables."""
        return Path("data") / self.name

    @property
    def preflight(self) -> Path:
        """Says that params.yaml is what conf/ composes to."""
        return self.data / "preflight.json"

    @property
    def slices(self) -> Path:
        """Folder of the columns that only ``evaluate`` reads, to score per slice."""
        return self.data / "slices"

    @property
    def seen(self) -> Path:
        """Folder of keys and signatures of every row read, by which later batches' repeats are found."""
        return self.data / "seen"

    @property
    def manifest(self) -> Path:
        """The batches that have arrived, in order."""
        return self.data / "batches.json"

    @property
    def raw(self) -> Path:
        """Folder of raw batches."""
        return self.data / "raw"

    @property
    def gold(self) -> Path:
        """Folder of gold labels outside the development split; ``evaluate`` alone reads it."""
        return self.data / "gold"

    @property
    def dev(self) -> Path:
        """Folder of gold labels of the development split."""
        return self.data / "dev"

    @property
    def features(self) -> Path:
        """Folder of features, a file per batch."""
        return self.data / "features"

    @property
    def votes(self) -> Path:
        """Votes of every labeling function on every row."""
        return self.data / "votes.parquet"

    @property
    def labels(self) -> Path:
        """Probabilistic labels."""
        return self.data / "labels.parquet"

    @property
    def label_model(self) -> Path:
        """What the label model learned."""
        return self.data / "label_model.json"

    @property
    def predictions(self) -> Path:
        """The candidate's probabilities on every row."""
        return self.data / "predictions.parquet"

    @property
    def functions(self) -> Path:
        """Folder of the problem's labeling functions."""
        return Path("src/problems") / self.name

    @property
    def model(self) -> Path:
        """Folder of the candidate model."""
        return Path("models") / self.name / "candidate"

    @property
    def champion(self) -> Path:
        """The version of the champion that ``monitor`` and ``evaluate`` compare with."""
        return Path("models") / self.name / "champion.json"

    @property
    def search(self) -> Path:
        """Folder of the report of the search that the stage made."""
        return self.reports / "search"

    @property
    def searched(self) -> Path:
        """Folder of the report of the last `tidemill search`."""
        return self.reports / "searched"

    @property
    def reports(self) -> Path:
        """Folder of small reports and plots."""
        return Path("reports") / self.name


def stage_arguments(stage: str, description: str | None) -> str:
    """Command line of a stage script → the problem's name."""
    parser = argparse.ArgumentParser(prog=f"python -m tidemill.stages.{stage}", description=description)
    parser.add_argument("problem", help="name of a problem in params.yaml, such as spam")
    return str(parser.parse_args().problem)


def load_params(path: Path = PARAMS) -> dict[str, Any]:
    """params.yaml → its content.

    Raises
    ------
    ConfigError
        The file is missing or is not a mapping.
    """
    if not path.exists():
        raise ConfigError(f"{path} is missing: run `tidemill compose` in the project's top folder")
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    if not isinstance(content, dict):
        raise ConfigError(f"{path} is not a mapping: run `tidemill compose`")
    return content


def load(name: str, stage: str, settings: type[S], *, params: dict[str, Any] | None = None) -> tuple[Problem, S, Paths]:
    """Problem's name, stage and its settings type → the problem, the stage's settings and the problem's paths.

    Raises
    ------
    ConfigError
        The problem, a key or a value is not what the settings promise; the nearest valid name is given.
    """
    content = load_params() if params is None else params
    if name not in content.get("problems", []):
        raise ConfigError(f"unknown problem {name!r}{nearest(name, content.get('problems', []))}")
    section = content[name]
    problem = parse(Problem, section["problem"], f"{name}.problem")
    return problem, parse(settings, section[stage], f"{name}.{stage}"), Paths(name)


def parse(settings: type[S], section: dict[str, Any], where: str) -> S:
    """One section of params.yaml → its typed settings."""
    try:
        return settings.model_validate(section)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        hint = nearest(key, list(settings.model_fields)) if first["type"] == "extra_forbidden" else ""
        message = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise ConfigError(f"{where}.{key}: {message}{hint}") from error


def nearest(name: str, valid: list[str]) -> str:
    """A wrong name and the valid ones → what to add to the error message.

    >>> nearest("spma", ["solar", "spam"])
    '; did you mean spam?'
    """
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; valid are {', '.join(sorted(valid))}"


def says_errors(main: Callable[[], None]) -> Callable[[], None]:
    """Command → the same, which tells what a person can mend in one line and exits with 1."""

    @functools.wraps(main)
    def wrapped() -> None:
        try:
            main()
        except TidemillError as error:
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(1) from error

    return wrapped
