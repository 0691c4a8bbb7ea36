"""a model → where it comes from: commit, batches, label model, backbone."""

from __future__ import annotations

import json
from typing import Any

from tidemill import __version__
from tidemill.apps.models.model import Model
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.runs.registry import kept, read_registry


def lineage(project: Project, model: Model, problem: str) -> dict[str, Any]:
    """Project, model and its problem → what ``GET /version`` tells; what cannot be known is None."""
    config = model.head.config
    commit = read_registry(project, problem).versions.get(model.version)
    report = json.loads(kept(project, Paths.within(problem).reports / "denoise.json", commit) or "{}")
    backbone = config["backbone"]
    return {
        "version": model.version,
        "commit": commit,
        "problem": problem,
        "modality": config["modality"],
        "classes": list(config["classes"]),
        "batches": dict(config["batches"]),
        "class_priors": config.get("class_priors"),
        "label_model": {
            "model": report.get("model"),
            "chosen": (report.get("choice") or {}).get("chosen"),
            "class_balance": report.get("class_balance"),
        },
        "backbone": {
            "name": backbone["settings"]["backbone"],
            "weights": backbone["settings"]["weights"],
            "sha256": backbone["sha256"],
        },
        "cautions": config.get("cautions", []),
        "tidemill": __version__,
    }
