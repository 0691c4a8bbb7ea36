"""Who promoted a version, when and why: the text of its annotated tag, which ends with ``Promoted-by: gate`` or ``person``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from tidemill.project.project import Project
from tidemill.runs.doctor.lost_tags import deleted_tags
from tidemill.runs.git import git
from tidemill.runs.model_registry import Registry, problem_of, promotions_before, read_registry
from tidemill.runs.tags import TRAILER, UNSIGNED
from tidemill.runs.tags_being_set import noted_tag

By = Literal["gate", "person"]
GATE: Final = "gate"
PERSON: Final = "person"
_FIELD, _RECORD = "\x1f", "\x1e"


@dataclass(frozen=True)
class Promotion:
    """One tag of a version or an assignment.

    Attributes
    ----------
    tag
        Its name.
    when
        Time in ISO 8601; empty where the tag is not annotated.
    who
        Name of the person in whose checkout it was made.
    by
        What decided.
    reason
        Why, as the gate or the person says it.
    """

    tag: str
    when: str
    who: str
    by: By
    reason: str


def promotion_tags(project: Project, problem: str, commit: str, message: str) -> tuple[str, list[str]]:
    """Prepare the tags of a promotion. Names of versions that were deleted are not given again, and a line on standard error tells of them.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    commit
        Commit whose ``dvc.lock`` holds the model.
    message
        Text of both tags.

    Returns
    -------
    version : str
        The version, such as ``spam@v1.4.0``.
    lines : list of str
        Lines of a ref transaction that create the version and its assignment; ``tags_are_set`` is told when it is done.
    """
    lost = [tag for tag in deleted_tags(project) if problem_of(tag.tag) == problem]
    for tag in lost:
        print(f"warning: {tag.tag}: {tag.what}; {tag.remedy}", file=sys.stderr)
    registry = read_registry(project, problem)
    known = replace(registry, taken={*registry.taken, *(tag.tag for tag in lost)})
    names = known.next_tags(promotions=promotions_before(problem, commit, project.shared))
    lines = [f"create refs/tags/{name} {noted_tag(name, commit, message, project.shared)}" for name in names]
    return names[0], lines


def signed(message: str, by: By) -> str:
    """Add to a tag's text what decided.

    Parameters
    ----------
    message
        Subject, and reasons after an empty line.
    by
        What decided.

    Returns
    -------
    str

    Examples
    --------
    >>> print(signed("spam: promote", "gate"))
    spam: promote
    <BLANKLINE>
    Promoted-by: gate
    """
    return f"{message.rstrip()}\n\n{TRAILER}{by}"


def read_promotions(project: Project, registry: Registry) -> dict[str, Promotion]:
    """Read who made the tags of a problem, when and why.

    Parameters
    ----------
    project
        The project.
    registry
        Versions and assignments of the problem; those that are damaged are left out.

    Returns
    -------
    dict of str to Promotion
        By tag.
    """
    names = [*registry.versions, *registry.assignments]
    if not names:
        return {}
    fields = _FIELD.join(("%(refname:strip=2)", "%(taggerdate:iso-strict)", "%(taggername)", "%(contents)"))
    patterns = [f"refs/tags/{name}" for name in names]
    text = git("for-each-ref", f"--format={fields}{_RECORD}", *patterns, folder=project.shared)
    parts = [record.lstrip("\n").split(_FIELD) for record in text.split(_RECORD)]
    return {part[0]: _promotion(part) for part in parts if len(part) == 4}  # noqa: PLR2004 - as many as fields


def _promotion(part: Sequence[str]) -> Promotion:
    tag, when, who, text = part
    body = text.strip().partition("\n\n")[2] or text
    lines = [line for line in body.splitlines() if line.strip()]
    is_gate = f"{TRAILER}{GATE}" in lines or text.partition("\n")[0].endswith(UNSIGNED)
    by: By = GATE if is_gate else PERSON
    return Promotion(tag, when, who, by, "\n".join(line for line in lines if not line.startswith(TRAILER)))
