"""A problem of forty texts in two batches, two of them labeled, made into tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.ingest.factories import SPAM, settings
from tests.monitor.factories import settings as monitor_settings
from tidemill.project.arrivals import arrive
from tidemill.project.batches import add_batches
from tidemill.project.layout import Paths
from tidemill.project.project import Project

PATHS = Paths.within("spam")
CHOSEN = settings(incoming="data/incoming/spam", key=["source", "id"], near_duplicates="keep")


@pytest.fixture
def project(inside: Path) -> Project:
    """In both batches the keys are 0 to 19; rows 0 of the first batch is ham, row 1 is spam."""
    PATHS.data.mkdir(parents=True)
    PATHS.manifest.write_text('{"batches": []}')
    monitor = monitor_settings().model_dump(mode="json")
    content = {"problem": SPAM.model_dump(mode="json"), "ingest": CHOSEN.model_dump(mode="json"), "monitor": monitor}
    Path("params.yaml").write_text(yaml.safe_dump({"problems": ["spam"], "spam": content}))
    folder = Path("data/incoming/spam")
    folder.mkdir(parents=True)
    for name in ("may", "june"):
        rows = [{"id": str(n), "text": f"text {n} of {name}", "label": None} for n in range(20)]
        if name == "may":
            rows[0]["label"], rows[1]["label"] = "ham", "spam"
            rows.append({"id": "again", "text": "text 5 of may", "label": None})
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = Project.open(inside)
    arrive(found, "spam")
    add_batches(SPAM, CHOSEN, PATHS)
    return found
