"""Where a model comes from: commit, batches, label model, backbone."""

from __future__ import annotations

from typing import Any

from tidemill import __version__
from tidemill.apps.models.model import Model
from tidemill.contracts import DataError
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.denoise import DenoiseReport
from tidemill.runs.model_registry import file_at_version, read_registry


def lineage(project: Project, model: Model, problem: str) -> dict[str, Any]:
    """Collect what ``GET /version`` answers; what cannot be determined is None.

    Parameters
    ----------
    project
        The project.
    model
        The model that answers requests.
    problem
        Name of the problem.

    Returns
    -------
    dict
        JSON content: version, commit, classes, batches, label model, backbone and warnings.
    """
    config = model.head.about
    commit = read_registry(project, problem).versions.get(model.version)
    report = _label_model(project, problem, commit)
    backbone = config.required_backbone
    return {
        "version": model.version,
        "commit": commit,
        "problem": problem,
        "modality": config.modality,
        "classes": list(config.classes),
        "batches": dict(config.batches),
        "class_priors": config.class_priors,
        "label_model": {
            "model": None if report is None else report.model,
            "chosen": None if report is None or report.choice is None else report.choice.chosen,
            "class_balance": None if report is None else report.class_balance,
        },
        "backbone": {
            "name": backbone.name,
            "weights": backbone.settings["weights"],
            "sha256": backbone.sha256,
        },
        "warnings": list(config.warnings),
        "tidemill": __version__,
    }


def _label_model(project: Project, problem: str, commit: str | None) -> DenoiseReport | None:
    """What denoise reported when the version was made; None where it wrote nothing, or in a form of old that says less."""
    text = file_at_version(project, Paths.within(problem).reports / "denoise.json", commit)
    try:
        return None if text is None else DenoiseReport.parse(text, where=f"denoise.json of {commit}")
    except DataError:
        return None
