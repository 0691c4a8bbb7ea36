"""Pictures of two sources, four classes, functions that are mostly prototypes: the end model does not lose to twenty lines of scikit-learn.

549 photographs of solar cells, sorted by kind and defect, are the first source; the second are others that were taken darker, blurred and
turned. Two hundred of the first have labels, then fifty of the second too.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.denoise.statistics.votes import vote_shares
from tidemill.embed.image import ImageBackbone
from tidemill.embed.settings import ImageSettings
from tidemill.train.ensemble.gold_mix import fit_gold_mix
from tidemill.train.recipes.recipe import TrainingSet
from tidemill.train.settings import TrainSettings

pytestmark = pytest.mark.slow
CLASSES, FIRST, SECOND, LABELS, NEW_LABELS, DRAWS = 4, 549, 300, 200, 50, 3
EMBED = ImageSettings(size=64, mean=0.5, std=0.5, images_per_step=8, stages=(2, 3, 4))


@dataclass(frozen=True)
class Cells:
    """Features, classes and votes of all pictures, those of the first source first."""

    features: Any
    truth: Any
    votes: Any

    @property
    def teaching(self) -> Any:
        """Rows that may teach: of each source all but those that are scored."""
        return np.concatenate([np.arange(FIRST - 200), np.arange(FIRST, FIRST + SECOND - 200)])

    def scored(self, source: int) -> Any:
        """Two hundred rows of a source."""
        return np.arange(FIRST - 200, FIRST) if source == 0 else np.arange(FIRST + SECOND - 200, FIRST + SECOND)


def darker(content: bytes) -> bytes:
    """The picture as a second camera takes it."""
    with Image.open(io.BytesIO(content)) as image:
        turned = ImageEnhance.Brightness(image.convert("L").rotate(90)).enhance(0.6)
    file = io.BytesIO()
    turned.filter(ImageFilter.GaussianBlur(1.5)).save(file, "PNG")
    return file.getvalue()


def prototype_votes(features: Any, truth: Any) -> Any:
    """Two functions a class: each votes for its class where a row is nearer to its three examples than to those of the others."""
    scaled = (features - features[:FIRST].mean(axis=0)) / (features[:FIRST].std(axis=0) + 1e-6)
    votes = np.full((len(features), 2 * CLASSES), ABSTAIN, dtype=np.int16)
    for number in range(2):
        examples = [np.flatnonzero(truth[:FIRST] == place)[3 * number : 3 * number + 3] for place in range(CLASSES)]
        centers = np.stack([scaled[rows].mean(axis=0) for rows in examples])
        nearest = ((scaled[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)
        for place in range(CLASSES):
            votes[nearest == place, 2 * place + number] = place
    return votes


@pytest.fixture(scope="module")
def cells(packages: Path) -> Cells:
    lines = [line.split() for line in (packages / "elpv" / "labels.csv").read_text(encoding="utf-8").splitlines()]
    truth = np.array([2 * (kind == "poly") + (float(defect) > 0.5) for _, defect, kind in lines])
    order = np.random.default_rng(0).permutation(len(lines))[: FIRST + SECOND]
    pictures = [(packages / "elpv" / lines[row][0]).read_bytes() for row in order]
    pictures[FIRST:] = [darker(picture) for picture in pictures[FIRST:]]
    backbone = ImageBackbone("tf_efficientnet_lite0", packages / "efficientnet-lite0", EMBED)
    features = backbone.embed(pictures, name="cells")
    return Cells(features, truth[order], prototype_votes(features, truth[order]))


def training_set(cells: Cells, labeled: Any) -> TrainingSet:
    gold = np.where(np.isin(np.arange(len(cells.truth)), labeled), cells.truth, NO_GOLD)[cells.teaching]
    votes = cells.votes[cells.teaching]
    covered = (votes != ABSTAIN).any(axis=1)
    return TrainingSet(cells.features[cells.teaching], vote_shares(votes, CLASSES), covered, gold)


def balanced_accuracy(predicted: Any, cells: Cells, source: int) -> float:
    truth = cells.truth[cells.scored(source)]
    return float(np.mean([(predicted == truth)[truth == place].mean() for place in range(CLASSES)]))


def scores(cells: Cells, labeled: Any, settings: TrainSettings) -> dict[str, list[float]]:
    """Balanced accuracy on both sources, of the end model and of logistic regression on the same labels."""
    model = fit_gold_mix(training_set(cells, labeled), settings).model
    plain = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, class_weight="balanced"))
    plain.fit(cells.features[labeled], cells.truth[labeled])
    seen = [cells.features[cells.scored(source)] for source in (0, 1)]
    return {
        "ours": [
            balanced_accuracy(model.predict_proba(rows).argmax(axis=1), cells, source)
            for source, rows in enumerate(seen)
        ],
        "plain": [balanced_accuracy(plain.predict(rows), cells, source) for source, rows in enumerate(seen)],
    }


def test_it_does_not_lose_to_twenty_lines_and_labels_of_the_new_source_gain_what_they_are_worth(
    cells: Cells, settings: TrainSettings
) -> None:
    own = settings.with_changes({"gold.use": "auto"})
    before, after = [], []
    for seed in range(DRAWS):
        rng = np.random.default_rng([seed, 1])
        first = rng.permutation(cells.teaching[cells.teaching < FIRST])[:LABELS]
        new = rng.permutation(cells.teaching[cells.teaching >= FIRST])[:NEW_LABELS]
        before.append(scores(cells, first, own))
        after.append(scores(cells, np.concatenate([first, new]), own))
    mean = {
        name: {
            when: np.mean([one[name] for one in each], axis=0) for when, each in (("before", before), ("after", after))
        }
        for name in ("ours", "plain")
    }
    assert (mean["ours"]["before"] >= mean["plain"]["before"] - 0.01).all()
    assert (mean["ours"]["after"] >= mean["plain"]["after"] - 0.01).all()
    worth = mean["plain"]["after"][1] - mean["plain"]["before"][1]
    assert worth > 0
    assert mean["ours"]["after"][1] - mean["ours"]["before"][1] >= min(worth, 0.05) - 0.02
