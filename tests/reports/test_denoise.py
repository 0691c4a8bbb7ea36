import json
from pathlib import Path

import numpy as np
import pytest

from tests.denoise.factories import report_of, settings, votes_table
from tidemill.contracts import DataError
from tidemill.denoise.models.registry import MODELS
from tidemill.denoise.run import denoise, load_label_model
from tidemill.reports.denoise import DenoiseReport, LabelModelFile

OLD = Path(__file__).parent / "version_0_1_0" / "denoise.json"


def test_a_report_of_version_0_1_0_is_read_under_todays_names():
    report = DenoiseReport.read(OLD)
    content = json.loads(OLD.read_text())
    assert report.accuracies == content["functions"]
    assert report.uncovered_rows == content["silent_rows"]
    assert report.dependences.voting == content["dependences"]["speaking"]
    assert report.majority_vote.agreement_where_covered == content["majority_vote"]["agreement_where_heard"]
    assert report.label_value.reason == content["worth"]["why"]
    assert report.choice.chosen == content["choice"]["chosen"]


def test_what_is_no_report_of_any_version_is_refused():
    with pytest.raises(DataError, match=r"denoise\.json, field format: None"):
        DenoiseReport.parse('{"model": "majority"}', where="denoise.json")


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_label_model_comes_back_from_its_file_with_the_same_probabilities(name, tmp_path):
    table = votes_table()
    features = np.random.default_rng(0).normal(size=(table.height, 3)).astype(np.float32)
    chosen = settings(name).model_copy(update={"use_features": True})
    done = denoise(table, ("ham", "spam"), chosen, features=features)
    done.model.write(tmp_path / "label_model.json")
    file = LabelModelFile.read(tmp_path / "label_model.json")
    again = load_label_model(file).predict_proba(done.votes, features=features)
    columns = done.labels.drop("row_id").to_numpy()
    assert file.functions == ("f0", "f1", "f2", "f3")
    assert (again == columns).all()


def test_a_label_model_that_was_cut_off_is_told(tmp_path):
    path = tmp_path / "label_model.json"
    denoise(votes_table(), ("ham", "spam"), settings("majority")).model.write(path)
    content = json.loads(path.read_text())
    del content["learned"]
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"label_model\.json, field learned is missing: `tidemill run`"):
        LabelModelFile.read(path)


def test_a_share_above_one_is_no_share():
    with pytest.raises(ValueError, match="less than or equal to 1"):
        report_of(coverage=1.5)
