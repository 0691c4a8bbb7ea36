"""`tidemill gold sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_for_rows
from tidemill.common.spelling import counted


def sample(
    problem: ProblemName,
    *,
    out: Annotated[
        Path, Option("--out", metavar="FILE", resolve_path=True, help="file to fill in: .csv, .jsonl or .parquet")
    ],
    most: Annotated[int, Option("--most", metavar="N", min=1, help="number of rows")] = 50,
    batch: Annotated[str | None, Option(metavar="BATCH", help="rows of this batch alone (default: of all)")] = None,
    audit: Annotated[
        float, Option(metavar="SHARE", min=0, max=1, help="share of rows drawn at random, marked in the column picked")
    ] = 0.2,
    seed: Annotated[int, Option(metavar="N", min=0, help="of the draw")] = 7,
    harm: Annotated[
        bool, Option("--harm", help="the rows that the monitor asks for, to decide whether a drift is harm")
    ] = False,
    cluster: Annotated[
        bool, Option("--cluster", help="the rows of a kind that the monitor says is new, for `tidemill class add`")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Pick rows that are worth labeling.

    They are written to a file with an empty column label: a row of each group of alike ones, more of those about which the label model and the end model are unsure or differ, of train and dev; and a
    random share of all rows, so that what is measured on labels is not of hard rows alone. With --harm they are the rows that the monitor asks for; label those drawn at random from the top, for a row that is left out ends the test. Fill the column in, wholly or in part, and `tidemill gold add` takes the file.

    Examples
    --------
    tidemill gold sample spam --most 50 --out to_label.csv
    tidemill gold sample spam --batch email-2 --out to_label.csv
    tidemill gold sample spam --harm --out to_label.csv
    tidemill gold sample spam --cluster --out new_kind.csv
    """
    from tidemill.apps.gold.harm_sample import sample_for_harm, sample_of_cluster
    from tidemill.apps.gold.sample import SampleRequest, sample_rows

    with answering(as_json=as_json) as answer:
        request = SampleRequest(most=most, batch=batch, audit=audit, seed=seed)
        project = open_for_rows(problem)
        if cluster:
            done = sample_of_cluster(project, problem, out)
            lines = [
                f"{problem}: {counted(done.table.height, 'row is', 'rows are')} in {out}: {done.by}",
                f"next: take out rows that are of no new class, then: tidemill class add {problem} NAME --rows {out}",
            ]
            answer({"problem": problem, "file": str(out), "rows": done.table.height, "by": done.by}, lines)
            return
        done = sample_for_harm(project, problem, out) if harm else sample_rows(project, problem, request, out)
        random = int(done.table["picked"].str.starts_with("random").sum())
        content = {"problem": problem, "file": str(out), "rows": done.table.height, "random": random, "by": done.by}
        chosen = f", the others by {done.by}" if random < done.table.height else f": {done.by}" * ("chance" in done.by)
        lines = [
            f"{problem}: {counted(done.table.height, 'row is', 'rows are')} in {out}, {random} of them drawn at random{chosen}",
            f"next: fill the column label in, then: tidemill gold add {problem} {out}",
        ]
        answer(content, lines)
