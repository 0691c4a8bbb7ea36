"""The embed stage: features/ and domain.json from raw/: features of every row, and how far the rows are from the backbone's source.

A batch that was embedded is left alone.
"""

from __future__ import annotations

import sys

import polars as pl

from tidemill.common.failures import says_errors
from tidemill.contracts import FEATURES
from tidemill.embed.domain_gap import domain_gap, sample_rows
from tidemill.embed.embedder import Embedder, features_table, is_current
from tidemill.embed.settings import EmbedSettings
from tidemill.ingest.settings import IngestSettings
from tidemill.project.project import Project
from tidemill.project.stage_arguments import stage_arguments
from tidemill.project.tables import batch_names, read, write


@says_errors
def main() -> None:
    """Run the stage in the project of the working directory."""
    run(*stage_arguments("embed", __doc__))


def run(project: Project, name: str) -> None:
    """Embed the batches whose features are not there, or were made by another backbone; remove those of no batch."""
    problem, settings, paths = project.load(name, "embed", EmbedSettings)
    raw = project.load(name, "ingest", IngestSettings)[1].raw
    embedder, batches = Embedder(settings, problem.modality, root=project.shared), batch_names(paths.manifest)
    some = []
    for batch in batches:
        rows = read(paths.raw / f"{batch}.parquet", raw)
        some.append(sample_rows(rows, settings.domain_rows))
        file, mark = paths.features / f"{batch}.parquet", embedder.mark(rows)
        if is_current(file, mark):
            print(f"embed {batch}: {rows.height} rows are there", file=sys.stderr)
            continue
        features = embedder.features(rows, name=f"embed {batch}")
        write(features_table(rows["row_id"], features), file, FEATURES, metadata=mark)
    for file in paths.features.iterdir():
        if file.stem not in batches and file.name != ".gitignore":
            file.unlink()
    domain_gap(embedder, pl.concat(some)).write(paths.reports / "domain.json")


if __name__ == "__main__":
    main()
