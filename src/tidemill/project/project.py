"""Project: one project on disk, passed to whatever works on it; nothing reads the working directory behind its back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tidemill.errors import ConfigError
from tidemill.project.layout import CONF, PARAMS, STATE, Paths, find_root, shared_root_of

if TYPE_CHECKING:  # polars and pydantic take long to import, and commands that only look need neither
    from tidemill.contracts import Problem, Settings

S = TypeVar("S", bound="Settings")


@dataclass(frozen=True)
class Project:
    """One project: a checkout, and what its runs share with it.

    Several may be open in one process. Versions of models are read by ``tidemill.runs.model_registry``, which takes a project.

    Attributes
    ----------
    root
        Absolute path of the checkout whose settings and tables are meant: the user's, or the worktree of a run.
    shared
        Absolute path of the user's checkout, where incoming files, fetched packages, Data Docs and local
        state are. It is ``root`` itself outside of the worktree of a run.

    Examples
    --------
    >>> project = Project.open(Path("reviews"))  # doctest: +SKIP
    >>> project.problems, project.paths("films").votes  # doctest: +SKIP
    """

    root: Path
    shared: Path

    @classmethod
    def open(cls, root: Path) -> Project:
        """Open a folder as a project's top folder.

        Nothing is read, so that a project may be opened while it is made.

        Parameters
        ----------
        root
            The folder; a relative one is relative to the present working directory.

        Returns
        -------
        Project
            With absolute paths.
        """
        top = root.resolve()
        return cls(top, shared_root_of(top))

    @classmethod
    def find(cls, start: Path) -> Project:
        """Open the project that a folder is in.

        Parameters
        ----------
        start
            Top folder of the project, or any folder below it.

        Returns
        -------
        Project
            With absolute paths.

        Raises
        ------
        ConfigError
            Neither the folder nor one above it has a ``dvc.yaml``.
        """
        top = find_root(start)
        if top is None:
            raise ConfigError(f"{start} is in no Tidemill project (no dvc.yaml there or above): change into one")
        return cls.open(top)

    @property
    def conf(self) -> Path:
        """Folder of the settings that Hydra composes."""
        return self.root / CONF

    @property
    def params(self) -> Path:
        """The composed settings, ``params.yaml``."""
        return self.root / PARAMS

    @property
    def state(self) -> Path:
        """Folder of local state that git and DVC ignore, ``.tidemill`` of the user's checkout."""
        return self.shared / STATE

    @property
    def main(self) -> Project:
        """The user's checkout, as a project."""
        return Project(self.shared, self.shared)

    @property
    def problems(self) -> list[str]:
        """Names of the problems of ``params.yaml``.

        Raises
        ------
        ConfigError
            ``params.yaml`` is missing.
        """
        from tidemill.project.config import load_params

        return [str(name) for name in load_params(self.params).get("problems", [])]

    def paths(self, problem: str) -> Paths:
        """Locate a problem's tables, models and reports.

        Parameters
        ----------
        problem
            Name of the problem, which need not exist.

        Returns
        -------
        Paths
            Below this project's folders.
        """
        return Paths(problem, self.root, self.shared)

    def problem(self, name: str) -> Problem:
        """Read a problem from ``params.yaml``, without the settings of its stages.

        Parameters
        ----------
        name
            Name of the problem.

        Returns
        -------
        Problem

        Raises
        ------
        ConfigError
            There is no such problem, or it is not described as promised.
        """
        from tidemill.contracts import Problem
        from tidemill.project.config import load_params, parse, problem_section

        return parse(Problem, problem_section(name, load_params(self.params))["problem"], f"{name}.problem")

    def load(self, problem: str, stage: str, settings: type[S]) -> tuple[Problem, S, Paths]:
        """Read a problem and the settings of one of its stages from ``params.yaml``.

        Parameters
        ----------
        problem
            Name of the problem.
        stage
            Name of the stage.
        settings
            Class of the stage's settings.

        Returns
        -------
        problem : Problem
        settings : S
            An instance of the class.
        paths : Paths
            Of the problem.

        Raises
        ------
        ConfigError
            The problem, a key or a value is not what the settings promise; the nearest valid name is given.
        """
        from tidemill.project.config import load, load_params

        about, section = load(problem, stage, settings, params=load_params(self.params))
        return about, section, self.paths(problem)

    def compose(self, overrides: Sequence[str] = ()) -> dict[str, Any]:
        """Compose ``conf/`` with Hydra overrides.

        Parameters
        ----------
        overrides
            In Hydra's grammar, such as ``spam.train.seed=1``.

        Returns
        -------
        dict
            Plain data, as params.yaml has it.

        Raises
        ------
        ConfigError
            A key or an option does not exist; the nearest valid one is given.
        """
        from tidemill.project.compose import compose

        return compose(overrides, conf=self.conf)
