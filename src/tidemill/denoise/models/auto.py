"""Label model that chooses: by votes alone, with features, and with some gold.

1. Are these many voters who each name every class? Then they are a crowd, and its classic model is theirs.
2. Does a generative model with one accuracy a function explain how often pairs of votes occur? Then nothing beats it.
3. Otherwise functions depend on one another in ways that votes do not show, and the majority vote is smoothed.
4. With features, a classifier and the functions' confusions are learned together on top of that choice.
5. Gold, when there is some, can overrule: the model with the least squared error (Brier, 1950) on it wins. Gold that has not
   been seen decides whether the labels are calibrated.

How well each agrees with left-out functions is reported but decides nothing: repeating functions agree best of all, and
what repeats most would win (see docs/denoise.md, tried and dropped).
"""

from __future__ import annotations

from typing import Any, Final, Self

import numpy as np

from tidemill.contracts import NO_GOLD, Features, Probabilities, Votes
from tidemill.denoise.models.base import BaseLabelModel, Gold, from_dict
from tidemill.denoise.models.crowd import Crowd, is_crowd
from tidemill.denoise.models.generative import Generative
from tidemill.denoise.models.joint import UNSKILLED, Joint, too_dependent
from tidemill.denoise.models.majority import MajorityVote
from tidemill.denoise.models.model_selection import balance_interval, held_out_agreement
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.models.priors import ModelWithPriors
from tidemill.denoise.models.smoothed import SmoothedVote
from tidemill.denoise.statistics.default_class import default_prior
from tidemill.denoise.statistics.distinct_rows import DistinctRows, distinct_rows
from tidemill.denoise.statistics.gold_scores import gold_counts, gold_scores
from tidemill.denoise.statistics.label_calibration import LEAST_OF_CLASS, Calibration, choose_calibration
from tidemill.denoise.statistics.row_order import row_order
from tidemill.denoise.statistics.votes import Array, uncovered, vote_shares

ENOUGH_GOLD: Final = 30
"""Gold rows from which on gold can overrule."""
SURE: Final = 2.0
"""Standard errors by which a model must beat the choice of the votes on gold."""
ROWS_OF_FEATURE_FIT: Final = 2_000
"""Rows on which it is measured how well features predict the majority vote."""
KINDS_FOR_GENERATIVE: Final = 400
"""Kinds of vote above which a generative model cannot be checked against pairs, and is not tried."""


def _best(candidates: dict[str, BaseLabelModel]) -> str:
    if "crowd" in candidates:
        return "crowd"
    generative = candidates.get("generative")
    return "generative" if isinstance(generative, Generative) and generative.explains_ else "smoothed"


def _why_smoothed(generative: BaseLabelModel | None) -> str:
    if isinstance(generative, Generative) and np.isnan(generative.misfit_):
        return "too few pairs of functions vote together to tell whether one accuracy a function explains their votes"
    return "no generative model with one accuracy a function explains the pairs"


class Auto(ModelWithPriors):
    """Label model that selects among label models by the evidence for each.

    Parameters
    ----------
    seed
        Of the resampling behind the interval of the class balance.
    draws
        Resamples; 0 leaves interval and stability out.
    default
        Class of rows without votes; None: estimated, where the votes determine it.
    default_rate
        Share of rows without votes that are of the default class; None: estimated from coverage.
    balance, accuracies_hint, budget
        See ``ModelWithPriors``; most distinct rows to learn from.

    Attributes
    ----------
    chosen_ : LabelModel
        The label model that answers.
    calibration_ : Calibration or None
        What gold rows change of its answers; None: nothing.
    evidence_ : dict
        Evidence for and against each label model.
    """

    name = "auto"
    parameters = ("n_classes", "seed", "draws", "default", "default_rate", "budget", "balance", "accuracies_hint")
    learned = ModelWithPriors.learned
    uses_features = True

    chosen_: BaseLabelModel
    calibration_: Calibration | None
    evidence_: dict[str, Any]

    def __init__(
        self,
        n_classes: int,
        *,
        seed: int,
        draws: int = 10,
        default: int | None = None,
        default_rate: float | None = None,
        **priors: Any,
    ) -> None:
        super().__init__(n_classes, **priors)
        self.seed = seed
        self.draws = draws
        self.default = default
        self.default_rate = default_rate

    def _fit(self, votes: Votes, features: Features | None, gold: Gold) -> None:
        chosen = self._choose(distinct_rows(votes, budget=self.budget, order=self.order_, gold=gold))
        if features is not None:
            joint = self._with_features(votes[:, self.order_], features, gold, chosen)
            if joint is not chosen:
                self._drop_calibration()
            chosen = joint
        self._adopt(chosen)

    def learn(self, rows: DistinctRows) -> None:
        """Choose among label models of votes by distinct rows.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        """
        self._adopt(self._choose(rows))

    def _choose(self, rows: DistinctRows) -> BaseLabelModel:
        pairs = PairLifts(self.n_classes, **self.prior_parameters())
        pairs.order_, pairs.known_groups = self.order_, self.known_groups
        pairs.learn(rows)
        candidates = self._candidates(rows, pairs)
        best = _best(candidates)
        misfit = getattr(candidates.get("generative"), "misfit_", np.nan)
        self.evidence_ = {"misfit": None if np.isnan(misfit) else round(float(misfit), 6)}
        self.evidence_["effective_functions"] = round(pairs.effective(), 4)
        self.evidence_["groups"] = sorted(sorted(int(self.order_[j]) for j in group) for group in pairs.groups())
        self._compare(rows, candidates, best)
        self._resample(rows, pairs)
        chosen = candidates[self.evidence_["chosen"]]
        default = default_prior(rows, self.n_classes, default=self.default, rate=self.default_rate)
        if default is not None:
            chosen.prior_ = default
        self._calibrate(rows, chosen)
        return chosen

    def _calibrate(self, rows: DistinctRows, chosen: BaseLabelModel) -> None:
        """Keep a calibration of the chosen model's answers, where gold that it has not seen speaks for it."""
        self.calibration_ = None
        labeled = np.flatnonzero(rows.gold != NO_GOLD)
        if len(labeled):
            given = chosen._predict_or_prior(rows.votes[labeled])  # noqa: SLF001 - own base
            self.calibration_, self.evidence_["calibration"] = choose_calibration(
                given, rows.gold[labeled], uncovered(rows.votes[labeled]), rows.weights[labeled]
            )

    def _drop_calibration(self) -> None:
        """Drop a calibration of the votes' answer where features answer, and say so."""
        self.calibration_ = None
        summary = self.evidence_.get("calibration")
        if summary is not None and summary["used"]:
            reason = "it was fitted on the predictions of votes alone, and features predict"
            self.evidence_["calibration"] = {"rows": summary["rows"], "used": False, "reason": reason}

    def _with_features(self, votes: Votes, features: Features, gold: Gold, model: BaseLabelModel) -> BaseLabelModel:
        """The chosen model, and a classifier and the meaning of votes learned on top of it."""
        joint = Joint(self.n_classes)
        model.order_, name = np.arange(self.functions_), self.evidence_["chosen"]
        default = None if self.default is None else model.prior_
        joint.learn_rows(votes, features, gold=gold, base=model, default=default)
        rows = row_order(votes, features)[:ROWS_OF_FEATURE_FIT]
        majority = joint.feature_fit(votes[rows], features[rows], vote_shares(votes[rows], self.n_classes))
        self.evidence_ |= {"votes_only": name, "feature_fit": {"majority": majority, name: joint.skill_}}
        scores = self.evidence_["gold"]
        if joint.held_out_ is not None and joint.held_out_["rows"] >= ENOUGH_GOLD:
            scores["joint"] = joint.held_out_
            if scores["joint"]["squared_error"] > scores[name]["squared_error"]:
                return model
        self.evidence_ |= {"chosen": "joint", "reason": self._why_joint(joint)}
        return joint

    @staticmethod
    def _why_joint(joint: Joint) -> str:
        if too_dependent(joint.base_):
            return "features are not used: votes are too dependent to train a classifier on"
        if joint.skill_ <= UNSKILLED:
            return "features predict nothing of the labels, and are not used"
        return f"features predict {joint.skill_:.0%} of the labels of rows not seen, beyond the commonest class"

    def _candidates(self, rows: DistinctRows, pairs: PairLifts) -> dict[str, BaseLabelModel]:
        smoothed = SmoothedVote(
            self.n_classes, default=self.default, default_rate=self.default_rate, **self.prior_parameters()
        )
        smoothed.learn_from(rows, pairs)
        majority = MajorityVote(self.n_classes).fit(rows.votes)
        candidates: dict[str, BaseLabelModel] = {"majority": majority, "smoothed": smoothed}
        if is_crowd(rows, self.n_classes, effective=pairs.effective()):
            crowd = Crowd(self.n_classes, **self.prior_parameters())
            crowd.order_, crowd.functions_ = self.order_, self.functions_
            crowd.learn(rows)
            candidates["crowd"] = crowd
        elif int((pairs.uses_ > 0).sum()) <= KINDS_FOR_GENERATIVE:
            generative = Generative(self.n_classes, **self.prior_parameters())
            generative.learn_from(rows, pairs)
            candidates["generative"] = generative
        return candidates

    def _compare(self, rows: DistinctRows, candidates: dict[str, BaseLabelModel], best: str) -> None:
        agreement = {
            name: held_out_agreement(model._predict_or_prior, rows, self.n_classes)  # noqa: SLF001 - own base
            for name, model in candidates.items()
            if name in {"majority", best}
        }
        gold = {
            name: gold_scores(
                model._predict_or_prior(rows.votes),  # noqa: SLF001 - own base
                rows.gold,
                weights=rows.weights,
            )
            for name, model in candidates.items()
        }
        why = {
            "generative": "one accuracy a function explains how often pairs of votes occur",
            "smoothed": _why_smoothed(candidates.get("generative")),
            "crowd": "many voters who each name every class",
        }
        chosen, reason = best, why[best]
        better = self._surely_better(rows, candidates, best)
        if better is not None:
            chosen, reason = better, "significantly less squared error on gold"
        self.evidence_ |= {"chosen": chosen, "reason": reason, "held_out_agreement": agreement, "gold": gold}

    def _surely_better(self, rows: DistinctRows, candidates: dict[str, BaseLabelModel], best: str) -> str | None:
        """Name of the model with the least squared error on gold, if it is surely less than that of ``best``.

        Models have learned from the gold that judges them, and few rows flatter one by chance: the gain has to be twice its
        standard error, rows paired. Gold of one class tells nothing: a model that never gives another has no error on it.
        """
        labeled = np.repeat(np.arange(len(rows.gold)), (rows.weights * (rows.gold != NO_GOLD)).astype(np.int64))
        several = (gold_counts(rows, self.n_classes) >= LEAST_OF_CLASS).sum() >= 2  # noqa: PLR2004 - classes to tell apart
        if len(labeled) < ENOUGH_GOLD or not several:
            return None
        truth = np.eye(self.n_classes)[rows.gold[labeled]]
        errors = {
            name: ((model._predict_or_prior(rows.votes[labeled]) - truth) ** 2).sum(axis=1)  # noqa: SLF001 - own base
            for name, model in candidates.items()
        }
        least = min(errors, key=lambda name: float(errors[name].mean()))
        gain = errors[best] - errors[least]
        return least if gain.mean() > SURE * gain.std() / np.sqrt(len(gain)) else None

    def _resample(self, rows: DistinctRows, pairs: PairLifts) -> None:
        if not self.draws:
            return
        interval, stability = balance_interval(rows, pairs, draws=self.draws, seed=self.seed)
        self.evidence_ |= {"balance_interval": interval.round(6).tolist(), "stability": round(stability, 6)}

    def _adopt(self, model: BaseLabelModel) -> None:
        model.order_, model.functions_ = self.order_, self.functions_
        self.chosen_, self.balance_ = model, model.balance_
        self.prior_ = self._calibrated(model.prior_[None], np.array([True]))[0]
        if "balance_interval" in self.evidence_:
            low, high = np.asarray(self.evidence_["balance_interval"])
            self.evidence_["balance_interval"] = [
                np.minimum(low, self.balance_).round(6).tolist(),
                np.maximum(high, self.balance_).round(6).tolist(),
            ]

    def _calibrated(self, probabilities: Probabilities, without_votes: Any) -> Probabilities:
        if self.calibration_ is None:
            return probabilities
        return self.calibration_.apply(probabilities, without_votes)

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:
        return self._predict_or_prior(votes, features)

    def _predict_or_prior(self, votes: Votes, features: Features | None = None) -> Probabilities:
        given = self.chosen_._predict_or_prior(votes, features)  # noqa: SLF001 - a label model of the same base
        return self._calibrated(given, uncovered(votes))

    def _accuracies(self) -> Array | None:
        return self.chosen_._accuracies()  # noqa: SLF001 - a label model of the same base

    def report(self) -> dict[str, Any]:
        """Report what the chosen model reports, the choice and the evidence for it.

        Returns
        -------
        dict
            JSON content.
        """
        return self.chosen_.report() | {"model": self.name, "choice": self.evidence_}

    def to_dict(self) -> dict[str, Any]:
        """Convert the model to JSON content, which contains the chosen model.

        Returns
        -------
        dict
            JSON content, as ``from_dict`` takes it.
        """
        calibration = None if self.calibration_ is None else self.calibration_.to_dict()
        held = {"chosen": self.chosen_.to_dict(), "calibration": calibration, "evidence": self.evidence_}
        return super().to_dict() | held

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Restore a model from what ``to_dict`` gave.

        Parameters
        ----------
        content
            Parsed JSON.

        Returns
        -------
        Self
            Fitted, with the label model that it chose.
        """
        model = super().from_dict(content)
        model.chosen_, model.evidence_ = from_dict(content["chosen"]), content["evidence"]
        calibration = content.get("calibration")
        model.calibration_ = None if calibration is None else Calibration.from_dict(calibration)
        return model
