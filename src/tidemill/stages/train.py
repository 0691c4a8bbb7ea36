"""features/, labels.parquet, votes.parquet -> models/<problem>/candidate, predictions.parquet: the end model."""

from __future__ import annotations

import sys

from tidemill.adapters.config import load, says_errors, stage_arguments
from tidemill.adapters.tables import aside, batch_names, read, read_batches, write
from tidemill.adapters.tuning import tuned
from tidemill.contracts import FEATURES, gold_contract, labels_contract, predictions_contract, votes_contract
from tidemill.embed.run import made_by
from tidemill.train.none import FILE as NONE_FILE
from tidemill.train.reference import FILE, reference_contract
from tidemill.train.run import Tables, train
from tidemill.train.settings import TrainSettings


@says_errors
def main() -> None:
    """Train the candidate on rows of train and dev, predict all rows, keep the monitor's reference."""
    problem, settings, paths = load(stage_arguments("train", __doc__), "train", TrainSettings)
    classes, batches = problem.classes, batch_names(paths.manifest)
    features = read_batches(paths.features, FEATURES, batches)
    labels = read(paths.labels, labels_contract(classes))
    votes = read(paths.votes, votes_contract(len(classes)))
    backbone = made_by(paths.features / f"{batches[-1]}.parquet")
    gold = read_batches(paths.dev, gold_contract(len(classes)), batches) if settings.use_gold else None
    tables = Tables(features, labels, votes, gold)
    if settings.mode != "head":
        after = tuned(tables, problem, settings, paths, batches)
        tables, backbone = after.tables, after.backbone
    done = train(tables, problem=problem, settings=settings, backbone=backbone)
    if "choice" in done.head.config:
        choice = done.head.config["choice"]
        print(f"recipe {choice['chosen']}: {choice['reason']}")
    for caution in done.head.config["cautions"]:
        print(f"caution: {caution}", file=sys.stderr)
    (paths.model / NONE_FILE).unlink(missing_ok=True)  # of a model before this one
    for name, content in done.files.items():
        with aside(paths.model / name) as file:
            file.write_bytes(content)
    write(done.reference, paths.model / FILE, reference_contract(classes))
    asked = predictions_contract(classes, outliers=bool(settings.none_of_the_above))
    write(done.predictions, paths.predictions, asked)


if __name__ == "__main__":
    main()
