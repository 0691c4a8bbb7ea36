"""Reports of evaluate: scores, the gate's verdict, learning curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from tidemill.reports.base import Count, Estimate, Interval, Part, Report, Share


class Gain(Estimate):
    """How much better the candidate is; positive is better, whatever the metric."""

    probability: Share = Field(description="share of paired bootstrap resamples in which it is strictly better")
    p_value: Share | None = Field(default=None, description="of the randomisation test that it is not better")


class GuardGain(Estimate):
    """How much better the candidate is on a guard slice."""

    probability_of_breach: Share = Field(description="share of resamples that fall by more than the tolerance")


class GuardResult(Part):
    """What the gate found on one guard slice."""

    slice: str = Field(description="column and value that cut it")
    metric: str = Field(description="score by which it is judged")
    tolerance: float = Field(description="fall that is allowed, in units of the metric")
    rows: Count = Field(description="valid rows of the slice that have gold")
    passed: bool | None = Field(description="null: too few rows to judge")
    reason: str = Field(description="the same as a sentence")
    candidate: Estimate | None = Field(default=None, description="score of the candidate")
    champion: Estimate | None = Field(default=None, description="score of the champion")
    gain: GuardGain | None = Field(default=None, description="candidate less champion")


class CleanProcessCheck(Part):
    """Whether the candidate loads and answers in a process of its own, as a service would load it."""

    passed: bool = Field(description="whether it answers as the train stage did")
    rows: Count = Field(description="rows that it answered")
    reason: str = Field(description="the same as a sentence")


class Verdict(Report):
    """What the gate decided of the candidate, on gold rows of the split valid."""

    FORMAT: ClassVar[int] = 2

    FILE: ClassVar[str] = "reports/<problem>/verdict.json"

    verdict: Literal["promote", "keep", "ask"] = Field(
        description="whether the candidate becomes the champion; ask: a person decides"
    )
    blessing: Literal["BLESSED", "NOT_BLESSED"] = Field(description="the same in TFX's words; ask is not blessed yet")
    reasons: tuple[str, ...] = Field(description="why, a sentence each")
    metric: str = Field(description="score by which it is judged")
    rows: Count = Field(description="valid rows with gold")
    fresh_rows: Count = Field(default=0, description="of these, rows of batches that the champion was not trained on")
    fresh_batches: tuple[str, ...] = Field(default=(), description="names of those batches")
    clean_process: CleanProcessCheck | None = Field(default=None, description="what a process of its own answered")
    champion: str | None = Field(description="version that it was held against; null: there is none")
    guards: tuple[GuardResult, ...] = Field(
        default=(), description="one for each guard slice, and the other part of valid"
    )
    scores: dict[str, Estimate] | None = Field(default=None, description="by candidate, champion and floor")
    gain_over_floor: Gain | None = Field(default=None, description="over the most common class")
    gain_over_champion: Gain | None = Field(default=None, description="over the champion, on the rows that decide")

    @classmethod
    def upgraded(cls, content: Mapping[str, Any], result: object) -> Mapping[str, Any] | None:
        """Give a file of format 1 the blessing that follows from its verdict.

        Parameters
        ----------
        content
            What the file holds, without its format.
        result
            The format that it names; None where it names none.

        Returns
        -------
        Mapping or None
            None for other formats.
        """
        if result != 1 or isinstance(result, bool):
            return None
        return {**content, "blessing": "BLESSED" if content.get("verdict") == "promote" else "NOT_BLESSED"}


class Comparison(Part):
    """How much better the candidate is than one baseline, on rows of test."""

    gain: float | None = Field(description="difference of the gate's metric, positive is better")
    interval: Interval = Field(description="its ends, by paired resamples")
    probability: Share | None = Field(description="share of resamples in which it is strictly better")


class SliceCoverage(Part):
    """Selective prediction on some rows: which share is answered, and how much of it is right."""

    coverage: Estimate = Field(description="share of rows that are answered")
    precision: Estimate = Field(description="share of the answers that are right")


class Coverage(Part):
    """Selective prediction at a precision, its threshold set on valid and measured on test."""

    target_precision: Share = Field(description="precision asked for, `evaluate.target_precision`")
    threshold: Share | None = Field(description="least confidence of an answer; null: none gives that precision")
    coverage: Estimate | None = Field(default=None, description="share of test rows that are answered")
    precision: Estimate | None = Field(default=None, description="share of the answers that are right")
    slices: dict[str, SliceCoverage] | None = Field(default=None, description="the same by slice of test")


class SliceTemperature(Part):
    """Expected calibration error on some rows, before and after the temperature."""

    before: Estimate = Field(description="as predicted")
    after: Estimate = Field(description="with logits divided by the temperature")


class Temperature(Part):
    """Temperature scaling of the candidate, and its expected calibration error on test."""

    value: float = Field(description="by what logits are divided")
    fitted_on: Literal["weak", "dev"] = Field(description="weak labels of valid, or gold of dev")
    rows: Count = Field(description="rows that it is fitted on")
    interval: Interval | None = Field(default=None, description="ends of its interval, by resampled rows")
    before: Estimate | None = Field(default=None, description="calibration error of test, as predicted")
    after: Estimate | None = Field(default=None, description="calibration error of test, with the temperature")
    slices: dict[str, SliceTemperature] = Field(description="the same by slice of test")


class OutOfDistribution(Part):
    """Rows of test, all of the known kind, that are rejected as none of the above."""

    rows: Count | None = Field(default=None, description="test rows with gold")
    rejected: Estimate | None = Field(default=None, description="share that is rejected")
    accuracy_of_rejected: Estimate | None = Field(default=None, description="of the likeliest class, on those rejected")
    accuracy_of_answered: Estimate | None = Field(default=None, description="of the likeliest class, on the others")
    slices: dict[str, Estimate] | None = Field(default=None, description="share rejected by slice")


class Metrics(Report):
    """Scores of the candidate and of the baselines on gold rows of test; the file of `dvc metrics`."""

    FILE: ClassVar[str] = "reports/<problem>/metrics.json"

    split: str = Field(description="split that is reported")
    rows: Count = Field(description="its rows with gold")
    gold_as_of: str | None = Field(default=None, description="UTC time of the newest label that came after its batch")
    metric: str = Field(description="the gate's metric")
    confidence: Share = Field(description="confidence level of all intervals")
    scores: dict[str, dict[str, float | None]] = Field(description="baseline or model, metric: score")
    intervals: dict[str, dict[str, Interval]] = Field(description="baseline or model, metric: ends of the interval")
    end_model_gains: dict[str, Comparison] = Field(description="the candidate against each of the others")
    slices: dict[str, dict[str, int | float]] = Field(description="slice, metric: score of the candidate; and its rows")
    slice_intervals: dict[str, dict[str, Interval]] = Field(description="slice, metric: ends of the interval")
    coverage: Coverage = Field(description="selective prediction of the candidate")
    temperature: Temperature | None = Field(default=None, description="where `evaluate.calibrate_on` asks for one")
    none_of_the_above: OutOfDistribution | None = Field(
        default=None, description="where `train.ood_rejection_rate` is set"
    )


class Point(Part):
    """One model of a learning curve."""

    rows: Count = Field(description="training rows of each class")
    seed: int = Field(description="which draw of the rows")
    score: float = Field(description="on test")


class PowerLaw(Part):
    """``score = limit - gap * rows ** -rate``."""

    limit: float = Field(description="score of endless rows")
    gap: float = Field(description="how far one row is below it")
    rate: float = Field(description="exponent")


class CurvePrediction(Part):
    """What the law says of a number of rows, or why it says nothing."""

    rows: Count = Field(description="training rows of each class")
    score: float | None = Field(default=None, description="predicted")
    low: float | None = Field(default=None, description="lower end")
    high: float | None = Field(default=None, description="upper end")
    reason: str | None = Field(default=None, description="why nothing is predicted")


class CurveCheck(Part):
    """What a law of few rows predicted of the most, beside what was measured there."""

    fitted_rows: Count = Field(description="most rows of each class that the law was fitted on")
    rows: Count = Field(description="rows of each class that it predicted")
    score: float = Field(description="predicted")
    low: float = Field(description="lower end")
    high: float = Field(description="upper end")
    measured: float = Field(description="mean of the models there")
    held: bool = Field(description="whether the interval holds it")


class Curve(Part):
    """A learning curve, or the reason why there is none."""

    points: tuple[Point, ...] = Field(default=(), description="the models measured")
    law: PowerLaw | None = Field(default=None, description="fitted to the points")
    predictions: tuple[CurvePrediction, ...] = Field(default=(), description="for the numbers of rows asked for")
    checked: CurveCheck | None = Field(default=None, description="where there are sizes enough")
    reason: str | None = Field(default=None, description="why there is no curve")


class Curves(Report):
    """What more labels would bring, written by `tidemill learning-curves`."""

    FILE: ClassVar[str] = "reports/<problem>/curves.json"
    REMEDY: ClassVar[str] = "`tidemill learning-curves` makes it again"

    metric: str = Field(description="score of the curves")
    gold_per_class: Curve = Field(description="of gold labels")
    weak_per_class: Curve = Field(description="of weakly labeled rows")
