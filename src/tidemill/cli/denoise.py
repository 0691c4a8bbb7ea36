"""`tidemill denoise`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, Delimiter, Encoding
from tidemill.cli.output import answering


def denoise(
    votes: Annotated[
        Path,
        Argument(
            metavar="VOTES",
            help="any table (wide, or task, worker, label), .npy, .npz or WRENCH's .json, or - for standard input",
        ),
    ],
    *,
    classes: Annotated[
        list[str],
        Option(metavar="NAMES", help="how many, or their names: ham,spam, @FILE, or the option once for each"),
    ],
    out: Annotated[
        Path,
        Option(
            metavar="FILE", help="labels.parquet, .csv or .jsonl, or - for standard output: row_id, a column per class"
        ),
    ],
    features: Annotated[
        str | None, Option(metavar="FILE", help="Parquet (row_id, feature), .npy, or 'text' for WRENCH's texts")
    ] = None,
    predict_features: Annotated[Path | None, Option(metavar="FILE", help="features of the rows of --predict")] = None,
    gold: Annotated[
        Path | None, Option(metavar="FILE", help="CSV, Parquet (row_id, gold) or .npy: evidence, not truth")
    ] = None,
    class_balance: Annotated[
        str | None, Option(metavar="SHARES", help="class balance believed in, such as 0.9,0.1: evidence, not truth")
    ] = None,
    accuracies: Annotated[
        str | None,
        Option(
            metavar="NAME=SHARE,...", help="accuracies believed in, such as short=0.9,links=0.6: evidence, not truth"
        ),
    ] = None,
    default_class: Annotated[
        str | None,
        Option(metavar="CLASS", help="class of rows without votes; else estimated, where the votes determine it"),
    ] = None,
    default_rate: Annotated[
        float | None,
        Option(
            metavar="SHARE",
            min=0,
            max=1,
            help="share of rows without votes that are of the default class; else estimated",
        ),
    ] = None,
    model: Annotated[str, Option(help="the label model; an unknown one lists them all")] = "auto",
    predict: Annotated[
        Path | None,
        Option(metavar="FILE", help="other votes of the same functions, to label in place of the first"),
    ] = None,
    report: Annotated[
        Path | None, Option(metavar="FILE", help="JSON: what was estimated, of each function too")
    ] = None,
    save: Annotated[Path | None, Option(metavar="FILE", help="JSON: the label model, enough to label new rows")] = None,
    plots: Annotated[Path | None, Option(metavar="FOLDER", help="plots that explain the label model")] = None,
    explanations: Annotated[
        Path | None, Option(metavar="FILE", help="table of how far each vote moved its row, in log odds")
    ] = None,
    columns: Annotated[
        str | None,
        Option(
            metavar="NAMES", help="columns, or workers of a vote a line, that are votes (default: all whose values are)"
        ),
    ] = None,
    not_columns: Annotated[str | None, Option(metavar="NAMES", help="columns or workers that are no votes")] = None,
    abstain: Annotated[
        int,
        Option(
            metavar="NUMBER", help="how an abstain is written; with 0 classes are numbered from 1, or two are -1 and 1"
        ),
    ] = -1,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    seed: Annotated[int, Option(min=0, help="of resampling")] = 20,
    as_json: AsJson = False,
) -> None:
    """Turn votes into probabilistic labels.

    Needs no project.

    Examples
    --------
    tidemill denoise votes.parquet --classes ham,spam --out labels.parquet
    tidemill denoise alarms.csv --classes routine,urgent --default-class routine --out labels.parquet
    tidemill denoise votes.csv --classes 2 --model dawid_skene --gold gold.csv --out labels.parquet --json
    tidemill denoise - --classes ham,spam --out -
    """
    from tidemill.common.extras import require
    from tidemill.denoise.command import Request, label_votes, summary
    from tidemill.denoise.vote_files import VoteOptions
    from tidemill.readers.options import ReadOptions

    if plots is not None:
        require("matplotlib")
    if features == "text":
        require("sklearn")
    with answering(as_json=as_json, table=out) as answer:
        request = Request(
            votes=votes,
            classes=classes,
            out=out,
            features=features,
            predict_features=predict_features,
            gold=gold,
            balance=class_balance,
            accuracies=accuracies,
            default_class=default_class,
            default_rate=default_rate,
            model=model,
            predict=predict,
            report=report,
            save=save,
            plots=plots,
            why=explanations,
            seed=seed,
            reading=VoteOptions(
                None if columns is None else columns.split(","),
                () if not_columns is None else not_columns.split(","),
                abstain,
                ReadOptions(encoding, delimiter),
            ),
        )
        content = label_votes(request)
        answer(content, summary(content, out).splitlines())
