"""raw/ -> features/, domain.json: what the frozen backbone sees in every row, and how far the rows are from its source.

A batch that was embedded is left alone.
"""

from __future__ import annotations

import sys

import polars as pl

from tidemill.common.failures import says_errors
from tidemill.contracts import FEATURES
from tidemill.embed.domain import domain, least
from tidemill.embed.run import Embedder, features_table, is_current
from tidemill.embed.settings import EmbedSettings
from tidemill.ingest.settings import IngestSettings
from tidemill.project.config import load, stage_arguments
from tidemill.project.layout import shared_root
from tidemill.project.tables import batch_names, read, write, write_json


@says_errors
def main() -> None:
    """Embed the batches whose features are not there, or were made by another backbone; remove those of no batch."""
    problem, settings, paths = load(stage_arguments("embed", __doc__), "embed", EmbedSettings)
    raw = load(problem.name, "ingest", IngestSettings)[1].raw
    embedder, batches = Embedder(settings, problem.modality, root=shared_root()), batch_names(paths.manifest)
    some = []
    for batch in batches:
        rows = read(paths.raw / f"{batch}.parquet", raw)
        some.append(least(rows, settings.domain_rows))
        file, mark = paths.features / f"{batch}.parquet", embedder.mark(rows)
        if is_current(file, mark):
            print(f"embed {batch}: {rows.height} rows are there", file=sys.stderr)
            continue
        features = embedder.features(rows, name=f"embed {batch}")
        write(features_table(rows["row_id"], features), file, FEATURES, metadata=mark)
    for file in paths.features.iterdir():
        if file.stem not in batches and file.name != ".gitignore":
            file.unlink()
    write_json(domain(embedder, pl.concat(some)), paths.reports / "domain.json")


if __name__ == "__main__":
    main()
