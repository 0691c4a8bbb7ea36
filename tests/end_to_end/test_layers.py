import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_imports_go_one_way(root: Path):
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    linter = str(Path(sys.executable).with_name("lint-imports"))
    answer = subprocess.run([linter], cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.slow
def test_light_stages_start_without_the_heavy_libraries(root: Path):
    code = (
        "import sys, tidemill.stages.label, tidemill.stages.denoise, tidemill.stages.monitor, tidemill.stages.ingest\n"
        "heavy = {'torch', 'timm', 'transformers', 'pytorch_lightning', 'prefect', 'dvc', 'hydra', 'great_expectations',"
        " 'matplotlib', 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_users_rooms_import_the_label_package_only(root: Path):
    for file in (root / "src" / "problems").rglob("*.py"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith(("import tidemill", "from tidemill")):
                assert line.startswith("from tidemill.label"), f"{file}: {line}"
