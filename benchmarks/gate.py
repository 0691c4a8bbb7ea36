"""How often the gate is right, asks, or promotes by luck, on 81 to 200 valid rows whose truth is known.

    python benchmarks/gate.py --check
    python benchmarks/gate.py --quick

Paired predictions are simulated: the champion is right on 82% of rows of each class, and the candidate differs from it on a share of
rows, so often in its favour that the true gain of balanced accuracy is 0, .02, .03 or .05. With the settings that come with Tidemill a
candidate that is better is decided rightly where it is promoted or a person is asked; one that is as good, where it is not promoted.
With 1,000 and 3,000 rows it is shown how many questions are left. With a margin of .02 a candidate that is worse by .02 is promoted wrongly.
The worst cell of many is unlucky too, so it misses its target where the 95% interval of its share does.
"""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import yaml

import tidemill.conf
from targets import finish, options, target
from tidemill.common.statistics import wilson
from tidemill.evaluate.baselines import majority_class_predictions
from tidemill.evaluate.gate import ASK, KEEP, PROMOTE, GateInput, gate_verdict
from tidemill.evaluate.metrics import metric_spec
from tidemill.evaluate.settings import EvaluateSettings

ROWS: Final = (81, 120, 200)
MANY_ROWS: Final = (1000, 3000)
GAINS: Final = (0.0, 0.02, 0.03, 0.05)
DIFFERING: Final = (0.06, 0.12, 0.2)
POSITIVE: Final = (0.5, 0.25)
MARGIN: Final = 0.02
ACCURACY: Final = 0.82
SPEC: Final = metric_spec(("ham", "spam"), None, 15)


def defaults() -> EvaluateSettings:
    """Settings that come with Tidemill."""
    path = Path(str(tidemill.conf.__file__)).parent / "evaluate" / "default.yaml"
    return EvaluateSettings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def draw(rows: int, gain: float, differing: float, positive: float, rng: np.random.Generator) -> GateInput:
    """A true gain and a share of differing rows -> gold and two models' predictions."""
    gold = (np.arange(rows) < round(positive * rows)).astype(int)
    kind = rng.choice(4, size=rows, p=_shares(gain, differing))
    candidate, champion = (np.where(np.isin(kind, right), gold, 1 - gold) for right in ((0, 1), (0, 2)))
    floor = majority_class_predictions(gold, 2, rows)
    columns = pl.DataFrame({"batch": ["one"] * rows})
    return GateInput(gold, columns, floor, _sure(candidate), _sure(champion), "v1.0.0", ("one",))


def _shares(gain: float, differing: float) -> list[float]:
    """Rows on which both are right, the candidate alone, the champion alone, neither."""
    alone = (differing + gain) / 2, (differing - gain) / 2
    both = ACCURACY - alone[1]
    return [both, *alone, 1.0 - both - differing]


def _sure(predicted: Any) -> Any:
    return np.where(np.eye(2, dtype=bool)[predicted], 0.9, 0.1)


def cell(
    rows: int, gain: float, differing: float, positive: float, draws: int, *, margin: float = 0.0
) -> dict[str, Any]:
    """One kind of simulated candidate -> how often each outcome comes."""
    rng = np.random.default_rng([rows, round(1000 * (gain + 1)), round(100 * differing), round(100 * positive)])
    settings, outcomes = defaults(), Counter[str]()
    settings = settings.model_copy(update={"gate": settings.gate.model_copy(update={"margin": margin})})
    for number in range(draws):
        verdict = gate_verdict(
            draw(rows, gain, differing, positive, rng), SPEC, settings.model_copy(update={"seed": number})
        )
        outcomes[verdict.verdict] += 1
    about = {"margin": margin, "rows": rows, "gain": gain, "differing": differing, "positive": positive, "draws": draws}
    return about | {name: outcomes[name] for name in (PROMOTE, ASK, KEEP)}


def all_cells(draws: int) -> list[dict[str, Any]]:
    """Draws of each cell -> all cells, of many rows a fifth as many draws, those of candidates that are worse by the margin last."""
    cells = [cell(*kind, draws) for kind in itertools.product(ROWS, GAINS, DIFFERING, POSITIVE)]
    many = itertools.product(MANY_ROWS, (0.0, 0.02), DIFFERING, POSITIVE)
    cells += [cell(*kind, max(draws // 5, 1)) for kind in many]
    worse = itertools.product(ROWS, (-MARGIN,), DIFFERING, POSITIVE)
    return cells + [cell(*kind, draws, margin=MARGIN) for kind in worse]


def summary(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Cells -> the targets."""
    few = [one for one in cells if one["rows"] in ROWS]
    better, same, worse = ([one for one in few if np.sign(one["gain"]) == sign] for sign in (1, 0, -1))
    right, wrong = (_share(part, names) for part, names in ((better, (PROMOTE, ASK)), (same, (PROMOTE,))))
    margin = _share(worse, (PROMOTE,))
    worst_right = min(_share([one], (PROMOTE, ASK)) for one in better)
    worst_wrong = max(_share([one], (PROMOTE,)) for one in same)
    return {
        "right or asked": target(right[0], "at least .90 of draws with a gain", right[1], met=right[0] >= 0.9),
        "right, worst cell": target(
            worst_right[0], "not surely below .90 in any cell", worst_right[1], met=worst_right[1][1] >= 0.9
        ),
        "wrong promotion": target(wrong[0], "at most .05 of draws without a gain", wrong[1], met=wrong[0] <= 0.05),
        "wrong, worst cell": target(
            worst_wrong[0], "not surely above .05 in any cell", worst_wrong[1], met=worst_wrong[1][0] <= 0.05
        ),
        "wrong by the margin": target(margin[0], "at most .05 of draws worse by it", margin[1], met=margin[0] <= 0.05),
    }


def _share(cells: list[dict[str, Any]], names: tuple[str, ...]) -> tuple[float, tuple[float, float]]:
    draws, count = sum(one["draws"] for one in cells), sum(one[name] for one in cells for name in names)
    return count / draws, wilson(count, draws, 0.95)


def lines(cells: list[dict[str, Any]]) -> list[str]:
    """Cells -> a table: shares promoted, asked and kept by rows and gain."""
    results = ["rows   gain   promoted asked  kept"]
    for rows, gain in sorted({(one["rows"], one["gain"]) for one in cells if one["gain"] >= 0}):
        part = [one for one in cells if (one["rows"], one["gain"]) == (rows, gain)]
        shares = "   ".join(f"{_share(part, (name,))[0]:5.3f}" for name in (PROMOTE, ASK, KEEP))
        results.append(f"{rows:4d}   {gain:.2f}   {shares}")
    return results


def main() -> None:
    """Simulate, print, check."""
    parser = options(__doc__)
    parser.add_argument("--draws", type=int, default=300, help="of each cell")
    parser.add_argument("--quick", action="store_true", help="40 draws of each cell")
    asked = parser.parse_args()
    draws = 40 if asked.quick else asked.draws
    cells = all_cells(draws)
    print("\n".join(lines(cells)))
    finish({"cells": cells, "targets": summary(cells)}, asked)


if __name__ == "__main__":
    main()
