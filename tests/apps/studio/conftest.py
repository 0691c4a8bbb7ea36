"""The small labeled project of the workbench's tests, copied for each test, and a client of its studio."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.apps.workbench.conftest import project  # noqa: F401 - a fixture
from tidemill.apps.studio.app import application
from tidemill.apps.studio.guard import CSRF, Access
from tidemill.apps.studio.workspace import Workspace
from tidemill.project.project import Project


@pytest.fixture
def copied(project: Path, tmp_path: Path) -> Path:  # noqa: F811
    """A project that a test may change."""
    folder = tmp_path / "copied"
    shutil.copytree(project, folder)
    return folder


@pytest.fixture
def workspace(copied: Path) -> Workspace:
    return Workspace(Project.open(copied), "mail")


def client_of(folder: Path) -> TestClient:
    """A browser that has loaded the page."""
    access = Access("127.0.0.1")
    return TestClient(
        application(Project.open(folder), access), base_url="http://127.0.0.1", headers={CSRF: access.csrf}
    )


@pytest.fixture
def client(copied: Path) -> TestClient:
    return client_of(copied)
