"""Which labeling functions read the features that the champion reads."""

from __future__ import annotations

from collections.abc import Collection

from tidemill.contracts import Problem
from tidemill.label.conditions.labeled_examples import FEATURE
from tidemill.label.engine.vectorised import columns_of
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.label.functions.loading import files_of, load_file
from tidemill.project.layout import Paths


def functions_of_features(paths: Paths, problem: Problem, voting: Collection[str]) -> tuple[str, ...]:
    """List functions of YAML files that read features, such as those that compare a row with examples.

    Python files are not run: a function of theirs sees no features unless it declares a condition itself.

    Parameters
    ----------
    paths
        Of the problem.
    problem
        Its classes.
    voting
        Names of the functions whose votes there are.

    Returns
    -------
    tuple of str
        Names, in the order of files; empty where there is no folder of functions.
    """
    if not paths.functions.is_dir():
        return ()
    files = [path for path in files_of(paths.functions) if path.suffix != ".py"]
    declared = [one for path in files for one in load_file(path, classes=problem.classes, closed=paths.closed)]
    return tuple(
        one.name
        for one in declared
        if one.name in voting and isinstance(one, DeclaredLabelingFunction) and FEATURE in columns_of(one)
    )
