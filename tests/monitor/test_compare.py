import numpy as np
import pytest

from tests.monitor.factories import NAMES, arrive, settings, without_floors
from tidemill.contracts import ConfigError
from tidemill.monitor import function_tests
from tidemill.monitor.compare import compare
from tidemill.monitor.detectors import BatchDetector, EmbeddingDrift, PredictionDrift, batch_detector
from tidemill.monitor.rows import Names, Rows

TRIALS = 200

BATCH_DETECTORS = ("embeddings", "functions", "predictions")


def rate_of_alarms(reference_rows, batch_rows, chosen, question):
    rng = np.random.default_rng(11)
    alarms = 0
    for trial in range(TRIALS):
        reference, batch = arrive(reference_rows, rng), arrive(batch_rows, rng)
        alarms += question(compare(reference, batch, NAMES, chosen.model_copy(update={"seed": trial})))
    return alarms / TRIALS


@pytest.mark.parametrize("detector", BATCH_DETECTORS)
def test_each_detector_alone_calls_batches_of_the_same_kind_drifted_about_as_often_as_alpha(detector):
    chosen = without_floors(detectors=(detector,))
    rate = rate_of_alarms(120, 80, chosen, lambda finding: bool(finding.moved))
    assert rate <= 0.10  # .05, and three standard errors of .0155
    if detector != "functions":  # Fisher's test of small counts is known to be conservative
        assert rate >= 0.01


@pytest.mark.slow
def test_all_detectors_together_keep_alpha_too():
    assert rate_of_alarms(120, 80, without_floors(), lambda finding: bool(finding.moved)) <= 0.10


def test_false_harm_is_about_as_rare_as_alpha():
    """Of a horizon of one check and one batch that decides, the level of a batch is `alpha` itself."""
    chosen = without_floors(detectors=(), sequential={"horizon": 1, "min_reference": 300, "strata": [], "weights": {}})
    rate = rate_of_alarms(200, 150, chosen, lambda finding: finding.harm)
    assert 0.01 <= rate <= 0.10


@pytest.mark.slow
def test_with_the_floors_of_everyday_false_alarms_are_rarer_still():
    assert rate_of_alarms(150, 120, settings(), lambda finding: bool(finding.moved)) <= 0.05


def test_a_shift_that_costs_nothing_is_drift_without_harm():
    rng = np.random.default_rng(1)
    finding = compare(arrive(400, rng), arrive(300, rng, moved=1.5), NAMES, settings())
    assert finding.moved == ("embeddings",)
    assert finding.harm is False
    assert finding.relabel is False


def test_a_champion_that_fails_on_the_batch_is_harm_even_where_nothing_else_moved():
    rng = np.random.default_rng(2)
    finding = compare(arrive(400, rng), arrive(300, rng, champion=0.6), NAMES, settings())
    assert finding.harm is True
    assert "embeddings" not in finding.moved
    told = " ".join(finding.reasons)
    assert "harm: the champion agrees less with the functions' majority, 0.9" in told


def test_functions_that_fall_silent_are_named_with_their_coverage_and_new_ones_are_asked_for():
    rng = np.random.default_rng(3)
    finding = compare(arrive(400, rng), arrive(300, rng, coverage=0.05), NAMES, settings())
    assert "functions" in finding.moved
    assert finding.relabel is True
    told = " ".join(finding.reasons)
    assert "coverage of 8 of 8 functions moved" in told
    assert "and 3 more" in told
    assert "write functions for what is new" in told
    coverage = finding.functions.functions["lf_0"].coverage
    assert coverage.reference == pytest.approx(0.5, abs=0.08)
    assert coverage.batch == pytest.approx(0.05, abs=0.04)


def test_one_function_of_eight_that_is_broken_is_found():
    rng = np.random.default_rng(4)
    batch = arrive(300, rng)
    votes = batch.votes.copy()
    votes[:, 5] = -1
    finding = compare(arrive(400, rng), Rows(batch.features, batch.probabilities, votes), NAMES, settings())
    moved = [name for name, tests in finding.functions.functions.items() if tests.coverage.moved]
    assert moved == ["lf_5"]


def test_where_no_function_speaks_harm_is_unknown_and_not_denied():
    rng = np.random.default_rng(5)
    finding = compare(arrive(400, rng), arrive(300, rng, coverage=0.0), NAMES, settings())
    assert finding.harm is None
    assert finding.relabel is True
    assert "cannot be judged" in " ".join(finding.reasons)


def test_a_batch_of_a_few_rows_is_not_judged():
    rng = np.random.default_rng(6)
    finding = compare(arrive(400, rng), arrive(5, rng, moved=9.0), NAMES, settings())
    assert finding.judged is False
    assert finding.harm is None


def test_the_same_batches_give_the_same_finding():
    def look():
        rng = np.random.default_rng(7)
        return compare(arrive(200, rng), arrive(100, rng, moved=0.5), NAMES, settings())

    assert look() == look()


@pytest.mark.parametrize("detector", BATCH_DETECTORS)
def test_each_detector_leaves_its_input_alone_and_tells_drift_and_reasons(detector):
    rng = np.random.default_rng(8)
    reference, batch = arrive(200, rng), arrive(100, rng, moved=1.0)
    before = [part.copy() for part in (batch.features, batch.probabilities, batch.votes)]
    finding = batch_detector(detector, settings(), NAMES, alpha=0.05).finding(reference, batch)
    assert isinstance(finding.drift, bool)
    assert bool(finding.reasons) == finding.drift
    for part, kept in zip((batch.features, batch.probabilities, batch.votes), before, strict=True):
        assert (part == kept).all()


def test_an_unknown_detector_is_named_with_the_known_ones():
    rng = np.random.default_rng(9)
    for wrong in ("tarot", "sequential"):  # the last judges no batch by itself
        with pytest.raises(ConfigError, match=f"'{wrong}' is unknown; valid are embeddings, functions, predictions"):
            compare(arrive(50, rng), arrive(50, rng), NAMES, settings(detectors=(wrong,)))


@pytest.mark.parametrize(("reference", "batch", "judged"), [(30, 30, True), (29, 30, False), (30, 29, False)])
def test_a_batch_is_judged_from_the_least_rows_on_on_both_sides(reference, batch, judged):
    rng = np.random.default_rng(10)
    finding = compare(arrive(reference, rng), arrive(batch, rng), NAMES, settings(min_rows=30))
    assert finding.judged == judged
    assert finding.rows == batch
    if not judged:
        told = f"not judged: {batch} rows against {reference} of the reference, 30 are asked"
        assert finding.reasons == (told,)
        assert (finding.relabel, finding.moved) == (False, ())


def test_a_batch_that_drifted_is_not_said_to_look_like_the_reference():
    rng = np.random.default_rng(11)
    same = compare(arrive(400, rng), arrive(300, rng), NAMES, settings())
    moved = compare(arrive(400, rng), arrive(300, rng, moved=1.5), NAMES, settings())
    assert same.reasons[0] == "by itself it looks like the reference"
    assert not any("looks like" in reason for reason in moved.reasons)


def remembering(finding, asked):
    def finding_with(self: BatchDetector, reference, batch):
        asked.append(self.alpha)
        return finding(self, reference, batch)

    return finding_with


@pytest.mark.parametrize("detectors", [("embeddings",), ("embeddings", "predictions")])
def test_alpha_is_shared_out_among_the_detectors(detectors, monkeypatch):
    asked = []
    for kind in (EmbeddingDrift, PredictionDrift):
        monkeypatch.setattr(kind, "finding", remembering(kind.finding, asked))
    rng = np.random.default_rng(12)
    compare(arrive(50, rng), arrive(50, rng), NAMES, settings(alpha=0.06, detectors=detectors))
    assert asked == [0.06 / len(detectors)] * len(detectors)


@pytest.mark.parametrize("detector", ["embeddings", "predictions"])
def test_a_detector_says_drift_up_to_its_p_and_from_its_floor_on(detector):
    rng = np.random.default_rng(13)
    reference, batch = arrive(200, rng), arrive(150, rng, moved=0.4, champion=0.8)
    effect, floor = {"embeddings": ("auc", "min_auc"), "predictions": ("js_distance", "min_distance")}[detector]
    base = settings(**{detector: {floor: 0.0}})
    seen = batch_detector(detector, base, NAMES, alpha=1.0).finding(reference, batch)
    p, size = (getattr(seen.report, name) for name in ("p", effect))
    assert seen.drift is True

    def drift(alpha, least):
        chosen = settings(**{detector: {floor: least}})
        return batch_detector(detector, chosen, NAMES, alpha=alpha).finding(reference, batch).drift

    assert drift(p + 1e-5, size - 1e-5) is True
    assert drift(p - 1e-5, size - 1e-5) is False
    assert drift(p + 1e-5, size + 1e-5) is False


def test_the_functions_detector_counts_what_moved_by_hand():
    votes = np.full((100, 2), -1, dtype=np.int16)
    reference, batch = votes.copy(), votes.copy()
    reference[:50, 0], batch[:20, 0] = 0, 0  # coverage .5, then .2
    reference[:40, 1], batch[:20, 1] = 0, 1  # it conflicts on none of 40 rows, then on all of 20
    chosen = settings(functions={"min_coverage_change": 0.3, "min_conflict_change": 1.0})
    one, other = (Rows(np.zeros((100, 1)), np.full((100, 2), 0.5), part) for part in (reference, batch))
    names = Names(("ham", "spam"), ("a", "b"))
    found = function_tests.detect(one, other, names, chosen, alpha=0.05).report
    assert found.functions["a"].coverage.change == pytest.approx(-0.3)
    assert found.functions["a"].coverage.moved is True
    assert found.functions["b"].coverage.moved is False  # .2 is below its floor
    assert found.functions["b"].conflict.model_dump() == {
        "reference": 0.0, "batch": 1.0, "change": 1.0, "p": 0.0, "p_adjusted": 0.0, "moved": True,
    }  # fmt: skip
    assert found.any_function.change == pytest.approx(-0.3)
    higher = settings(functions={"min_coverage_change": 0.31, "min_conflict_change": 1.01})
    again = function_tests.detect(one, other, names, higher, alpha=0.05)
    assert again.drift is False
    assert again.reasons == ()


def test_of_more_than_five_functions_the_largest_changes_are_named():
    rng = np.random.default_rng(14)
    finding = compare(arrive(400, rng), arrive(300, rng, coverage=0.05), NAMES, settings())
    (told,) = (reason for reason in finding.reasons if reason.startswith("coverage of"))
    changes = {name: tests.coverage.change for name, tests in finding.functions.functions.items()}
    largest = sorted(changes, key=lambda name: (-abs(changes[name]), name))[:5]
    assert [word for word in told.replace(",", "").split() if word.startswith("lf_")] == largest
    assert told.endswith("and 3 more")


def test_coverage_and_conflict_belong_to_the_function_they_were_counted_of():
    def rows(votes):
        votes = np.array(votes, dtype=np.int16)
        return Rows(np.zeros((len(votes), 1), np.float32), np.full((len(votes), 2), 0.5), votes)

    known = Names(("ham", "spam"), ("a", "b", "c"))
    before = rows([[0, 0, -1]] * 50 + [[-1, 1, 1]] * 50)
    after = rows([[0, 1, -1]] * 50 + [[-1, 1, -1]] * 50)  # a and b contradict each other, c has fallen silent
    finding = function_tests.detect(before, after, known, settings(), alpha=0.05)
    report, reasons = finding.report, finding.reasons
    found = {name: (both.coverage.change, both.conflict.change) for name, both in report.functions.items()}
    assert found == {
        "a": (0.0, 1.0),
        "b": (0.0, 0.5),
        "c": (-0.5, 0.0),
    }  # without votes there is no conflict to compare
    assert not report.any_function.moved
    assert not any("any function" in reason for reason in reasons)


def test_rows_that_no_function_covers_any_more_are_told():
    def rows(covered):
        votes = np.full((100, 1), -1, dtype=np.int16)
        votes[:covered] = 0
        return Rows(np.zeros((100, 1), np.float32), np.full((100, 2), 0.5), votes)

    finding = function_tests.detect(rows(90), rows(20), Names(("ham", "spam"), ("a",)), settings(), alpha=0.05)
    assert finding.report.any_function.moved
    assert finding.reasons[0] == "coverage by any function 0.90 -> 0.20"
