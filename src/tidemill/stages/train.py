"""Train stage: the end model, its predictions of all rows, and the monitor's reference."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tidemill.apps.models.finetune import finetune_model
from tidemill.common.failures import says_errors
from tidemill.common.files import atomic_write
from tidemill.contracts import FEATURES, labels_contract, predictions_contract, votes_contract
from tidemill.embed.embedder import backbone_record
from tidemill.embed.settings import EmbedSettings
from tidemill.project.contents import teaching_gold, texts_of
from tidemill.project.project import Project
from tidemill.project.stage_arguments import stage_arguments
from tidemill.project.tables import batch_names, read, read_batches, write
from tidemill.reports.embed import Domain
from tidemill.reports.train import EnsembleReport
from tidemill.train.end_model.model import FILE as ENSEMBLE
from tidemill.train.end_model.model import FOLDER as MEMBERS
from tidemill.train.end_model.outliers import FILE as NONE_FILE
from tidemill.train.end_model.reference import FILE, reference_contract
from tidemill.train.ensemble.choose_ensemble import comparison_table
from tidemill.train.ensemble.plot import draw_comparison
from tidemill.train.run import Tables, train
from tidemill.train.settings import TrainSettings


@says_errors
def main() -> None:
    """Run the stage in the project of the working directory."""
    run(*stage_arguments("train", __doc__))


def run(project: Project, name: str) -> None:
    """Train the candidate on rows of train and dev, predict all rows, keep the monitor's reference."""
    problem, settings, paths = project.load(name, "train", TrainSettings)
    classes, batches = problem.classes, batch_names(paths.manifest)
    features = read_batches(paths.features, FEATURES, batches)
    labels = read(paths.labels, labels_contract(classes))
    votes = read(paths.votes, votes_contract(len(classes)))
    backbone = backbone_record(paths.features / f"{batches[-1]}.parquet")
    gold = teaching_gold(paths, len(classes), batches) if settings.gold.use else None
    texts = texts_of(paths, batches) if settings.may_read_texts and problem.modality == "text" else None
    about_labels = (paths.reports / "label_card.md").read_text(encoding="utf-8")
    tables = Tables(features, labels, votes, gold, texts, Domain.read(paths.reports / "domain.json"), about_labels)
    if settings.mode != "head":
        _, embedding, _ = project.load(name, "embed", EmbedSettings)
        after = finetune_model(tables, problem, embedding, settings, paths, batches)
        tables, backbone = after.tables, after.backbone
    done = train(tables, problem=problem, settings=settings, backbone=backbone)
    about = done.model.config
    if about.gold_mix is not None:
        print(f"gold: {about.gold_mix.chosen}: {about.gold_mix.reason}")
    if about.choice is not None:
        print(f"recipe {about.choice.chosen}: {about.choice.reason}")
    if about.domain is not None:
        print(f"domain: {about.domain.summary}")
    if about.domain is not None and about.domain.advice:
        print(f"domain: {about.domain.advice}", file=sys.stderr)
    for warning in about.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if settings.ensemble.members:
        print("\n".join([f"ensemble: {done.ensemble.reason}", *done.ensemble.sentences]))
    _clear(paths.model)
    for file_name, content in done.files.items():
        with atomic_write(paths.model / file_name) as file:
            file.write_bytes(content)
    write(done.reference, paths.model / FILE, reference_contract(classes))
    asked = predictions_contract(classes, outliers=bool(settings.ood_rejection_rate))
    write(done.predictions, paths.predictions, asked)
    _report(done.ensemble, paths.reports / "train")


def _clear(folder: Path) -> None:
    """Files that only some models have may be left from a run before this one."""
    shutil.rmtree(folder / MEMBERS, ignore_errors=True)
    for name in (ENSEMBLE, NONE_FILE):
        (folder / name).unlink(missing_ok=True)


def _report(report: EnsembleReport, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    report.write(folder / "ensemble.json")
    if report.lines is not None:
        with atomic_write(folder / "ensemble.csv") as file:
            comparison_table(report).write_csv(file)
        with atomic_write(folder / "ensemble.png") as file:
            draw_comparison(report, file)


if __name__ == "__main__":
    main()
